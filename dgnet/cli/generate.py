"""`dgnet swap` and the figures of `dgnet generate`: people in each other's clothes, and from one code to another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from dgnet.cli.figure_options import (
    WHO,
    add_data,
    add_grid,
    add_interpolation,
    add_onto,
    add_out,
    add_run,
    add_style,
    figure_parser,
    interpolated,
    style,
    told,
    wanted,
)
from dgnet.cli.parser import HelpFormatter, add_device, count, parser_of, seed


def swap(arguments: Sequence[str]) -> None:
    """`dgnet swap RUN IMAGES...`."""
    parser = parser_of(
        "swap",
        "Draw every image's clothes (rows) on every image's body, pose and background (columns). `dgnet generate grid` "
        "is the same with names in the margins.",
    )
    add_run(parser)
    add_onto(parser, "who wears the clothes, if not the same people")
    add_grid(parser, "swaps")
    parser.add_argument("--zoom", type=int, default=2, help="enlarge the picture so many times")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.figures.frame import Style
    from dgnet.experiment.figures.grid import draw_grid
    from dgnet.experiment.figures.inputs import Wanted

    style = Style(found.out, found.zoom, names=False, device=found.device)
    wanted = Wanted(found.IMAGES)
    told(draw_grid(found.RUN, wanted, found.onto, style, each=found.each, pasted=found.paste, name="swaps"))


def grid(arguments: Sequence[str]) -> None:
    """`dgnet generate grid RUN IMAGES...`."""
    parser = figure_parser(
        "grid",
        """Everyone in everyone's clothes: N x N images from N pictures. Rows give the clothes, columns the body, pose
and background.

  dgnet generate grid bundled
  dgnet generate grid RUN my_photos/ --onto them.jpg --out grid.pdf --dpi 300
  dgnet generate grid RUN --data market1501=DIR --count 10 --seed 3""",
    )
    add_onto(parser, "who wears the clothes, if not the same people")
    add_grid(parser, "grid")
    add_style(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.figures.grid import draw_grid

    told(draw_grid(found.RUN, wanted(found), found.onto, style(found), each=found.each, pasted=found.paste))


def rainbow(arguments: Sequence[str]) -> None:
    """`dgnet generate rainbow RUN IMAGES...`."""
    parser = figure_parser(
        "rainbow",
        """One person in everyone's clothes (--onto), or everyone in one person's clothes (--clothes).

  dgnet generate rainbow bundled                              the first in the clothes of the others
  dgnet generate rainbow RUN my_photos/ --onto me.jpg         me in everyone's clothes
  dgnet generate rainbow RUN my_photos/ --clothes coat.jpg    everyone in these clothes""",
    )
    parser.add_argument("--onto", type=Path, help="the picture of who wears the clothes of all IMAGES")
    parser.add_argument("--clothes", type=Path, help="the picture whose clothes all IMAGES wear")
    add_out(parser, "rainbow.png")
    add_style(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.figures.rainbow import draw_rainbow

    told(draw_rainbow(found.RUN, wanted(found), found.onto, found.clothes, style(found)))


def appearance(arguments: Sequence[str]) -> None:
    """`dgnet generate appearance RUN IMAGES...`."""
    parser = figure_parser(
        "appearance",
        """From one person's appearance code to the next one's, on one body: a row for each picture and the one after
it. Both ends are shown framed; the number above an image is t, 0 at the start and 1 at the end.

  dgnet generate appearance bundled --count 4
  dgnet generate appearance RUN a.jpg b.jpg --onto c.jpg --steps 12 --route both""",
    )
    add_onto(parser, "who wears the clothes (default: the one at the row's start)")
    add_interpolation(parser, "appearance")
    interpolated(parser, arguments, "appearance")


def structure(arguments: Sequence[str]) -> None:
    """`dgnet generate structure RUN IMAGES...`."""
    parser = figure_parser(
        "structure",
        """From one person's structure code (body, pose, background) to the next one's, in one person's clothes: a row
for each picture and the one after it. Structure codes are maps, so what lies between two poses is a blend of both.

  dgnet generate structure bundled --count 4
  dgnet generate structure RUN a.jpg b.jpg --clothes c.jpg""",
    )
    parser.add_argument(
        "--clothes", type=Path, nargs="+", help="whose clothes (default: of the one at the row's start)"
    )
    add_interpolation(parser, "structure")
    interpolated(parser, arguments, "structure")


def film(arguments: Sequence[str]) -> None:
    """`dgnet generate film RUN IMAGES...`."""
    parser = figure_parser(
        "film",
        """A film that goes from each picture's code to the next one's, and back to the first: people side by side who
change their clothes (--of appearance), or bodies that change below the same clothes (--of structure).

  dgnet generate film bundled                                  film.gif
  dgnet generate film RUN my_photos/ --onto me.jpg --out me.webp
  dgnet generate film RUN my_photos/ --of structure --out film.mp4    MP4 needs: pip install "dgnet[film]" """,
    )
    parser.add_argument("--of", type=Literal["appearance", "structure"], default="appearance", help="what changes")
    parser.add_argument("--onto", type=Path, nargs="+", help="who wears the clothes, side by side (--of appearance)")
    parser.add_argument("--clothes", type=Path, nargs="+", help="whose clothes, side by side (--of structure)")
    parser.add_argument("--steps", type=count, default=12, help="frames from one picture to the next")
    parser.add_argument("--fps", type=count, default=12, help="frames per second")
    parser.add_argument("--route", type=Literal["linear", "spherical"], default="linear", help="between two codes")
    parser.add_argument("--out", type=Path, help=".gif, .webp or .mp4 (default: film.gif, or film-2.gif, ...)")
    parser.add_argument("--zoom", type=int, default=2, help="enlarge every image so many times")
    add_device(parser)
    found = parser.parse_args(list(arguments))
    other = "clothes" if found.of == "appearance" else "onto"
    if found[other]:
        parser.error(f"--{other}: does not go with --of {found.of}")

    from dgnet.experiment.figures.film import draw_film
    from dgnet.experiment.figures.frame import Style

    path = draw_film(
        found.RUN,
        wanted(found),
        found.onto or found.clothes,
        found.of,
        Style(found.out, found.zoom, device=found.device),
        num_steps=found.steps,
        fps=found.fps,
        spherical=found.route == "spherical",
    )
    print(f"Film: {path.resolve()}")


def cases(arguments: Sequence[str]) -> None:
    """`dgnet generate cases RUN`."""
    parser = parser_of(
        "generate cases",
        """Swaps that succeed (left) and swaps that fail (right), picked by measure and not by hand: swaps of random
pairs of test people are searched for among the real images of the gallery, and the number above each is the average
precision with which the person who gave the clothes is found.

  dgnet generate cases bundled
  dgnet generate cases RUN --data market1501=DIR --pairs 2000 --judge runs/baseline""",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument("--data", type=str, default="", metavar="NAME=DIR", help="whose test people (default: bundled)")
    parser.add_argument("--count", type=count, default=6, help="successes, and as many failures")
    parser.add_argument("--pairs", type=count, default=400, help="measured pairs; at most one per query image")
    parser.add_argument("--seed", type=seed, default=0, help="which pairs")
    parser.add_argument(
        "--judge", type=str, help="a run or model that recognises people (default: RUN's teacher, else RUN itself)"
    )
    add_out(parser, "cases.png")
    add_style(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.figures.cases import draw_cases

    path, said = draw_cases(
        found.RUN,
        found.data,
        style(found),
        num_shown=found.count,
        num_pairs=found.pairs,
        seed=found.seed,
        judge=found.judge,
    )
    print(said)
    told(path)


def models(arguments: Sequence[str]) -> None:
    """`dgnet generate models RUNS...`."""
    parser = parser_of(
        "generate models",
        """The same swaps by several models side by side, such as the full method and its ablations without feeding and
without identity terms: one row for each picture (clothes) and the one after it (body), one column for each model.

  dgnet generate models runs/full runs/no_feed runs/no_id
  dgnet generate models runs/a runs/b --images my_photos/"""
        + WHO.replace("IMAGES", "--images"),
        formatter_class=HelpFormatter,
    )
    parser.add_argument("RUNS", type=str, nargs="+", help="runs' folders, models' files, or `bundled`")
    parser.add_argument(
        "--images", type=Path, nargs="+", dest="IMAGES", default=[], help="pictures, or folders of them"
    )
    add_data(parser)
    add_out(parser, "models.png")
    add_style(parser)
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.figures.models import draw_models

    told(draw_models(found.RUNS, wanted(found), style(found)))
