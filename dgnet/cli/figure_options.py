"""The options that figures of `dgnet generate` share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dgnet.cli.parser import HelpFormatter, Parser, add_device, count, parser_of, seed

if TYPE_CHECKING:
    from dgnet.experiment.figures.frame import Style
    from dgnet.experiment.figures.inputs import Wanted

WHO = """\

Who is drawn: the pictures IMAGES (files or folders); or --count people of a data set, one picture each
(--data market1501=DIR --split query); or, without either, people of the bundled data set, none of them real.
What is drawn depends on the person filling the picture, as in the crops of a re-id data set.
"""


def figure_parser(name: str, description: str) -> Parser:
    """The parser of a figure that takes a RUN and people."""
    parser = parser_of(f"generate {name}", description + "\n" + WHO, formatter_class=HelpFormatter)
    add_run(parser)
    add_data(parser)
    return parser


def add_run(parser: Parser) -> None:
    """Add RUN and IMAGES."""
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument(
        "IMAGES", type=Path, nargs="*", help="pictures of people, or folders of them (default: bundled ones)"
    )


def add_data(parser: Parser) -> None:
    """Add the options that choose people of a data set."""
    parser.add_argument("--data", type=str, default="", metavar="NAME=DIR", help="a data set in place of IMAGES")
    parser.add_argument("--split", type=Literal["train", "query", "gallery"], default="query", help="of the data set")
    parser.add_argument("--count", type=count, default=8, help="people of the data set, or bundled ones")
    parser.add_argument("--seed", type=seed, default=0, help="which people; 0 spreads them evenly over the data set")


def add_onto(parser: Parser, what: str) -> None:
    """Add `--onto`."""
    parser.add_argument("--onto", type=Path, nargs="+", help=what)


def add_grid(parser: Parser, name: str) -> None:
    """Add the options that `dgnet swap` and `dgnet generate grid` share."""
    add_out(parser, f"{name}.png")
    parser.add_argument("--each", type=Path, help="write every swap as a file of its own too, into this folder")
    parser.add_argument(
        "--paste", action="store_true", help="keep the columns' own images where no clothes are, instead of drawing all"
    )


def add_interpolation(parser: Parser, name: str) -> None:
    """Add the options of an interpolation of codes."""
    parser.add_argument("--steps", type=count, default=9, help="images of a row, both ends among them")
    parser.add_argument(
        "--route",
        type=Literal["linear", "spherical", "both"],
        default="linear",
        help="between two codes: the straight line, the arc on a sphere, or both, one below the other",
    )
    add_out(parser, f"{name}.png")
    add_style(parser)


def add_out(parser: Parser, default: str) -> None:
    """Add `--out`, a picture."""
    stem = Path(default).stem
    parser.add_argument(
        "--out", type=Path, help=f"the picture, .png, .jpg or .pdf (default: {default}, or {stem}-2.png, ...)"
    )


def add_style(parser: Parser) -> None:
    """Add the options that say how a figure looks."""
    parser.add_argument("--zoom", type=int, default=2, help="enlarge every image so many times")
    parser.add_argument("--dpi", type=int, default=0, help="pixels per inch, for its size on paper, such as 300")
    parser.add_argument("--no_names", action="store_true", help="leave the names in the margins out")
    add_device(parser)


def interpolated(parser: Parser, arguments: Sequence[str], code: Literal["appearance", "structure"]) -> None:
    """Read the arguments and draw the interpolation of a code."""
    found = parser.parse_args(list(arguments))

    from dgnet.experiment.figures.interpolation import draw_interpolation

    others = found.onto if code == "appearance" else found.clothes
    steps, route = found.steps, found.route
    told(draw_interpolation(found.RUN, wanted(found), others, code, style(found), num_steps=steps, route=route))


def wanted(found: Any) -> Wanted:
    """The people that the options ask for."""
    from dgnet.experiment.figures.inputs import Wanted

    return Wanted(found.IMAGES, found.data, found.split, found.count, found.seed)


def style(found: Any) -> Style:
    """How the options want the figure."""
    from dgnet.experiment.figures.frame import Style

    return Style(found.out, found.zoom, found.dpi, not found.no_names, found.device)


def told(path: Path) -> None:
    """Say where the picture is."""
    print(f"Picture: {path.resolve()}")
