"""`dgnet adapt RUN CROPS`: a model learns from images that nobody has labelled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, add_device, as_plain, parser_of, seed
from dgnet.config import AdaptConfig, Precision, from_dict

ADAPT_HELP = """\
Adapt a model to your own cameras with images of people that nobody has labelled. It looks for groups of images that
seem to show one person each, learns these groups as identities, looks again, and keeps the best epoch, which it
chooses without labels. Needs `pip install "dgnet[adapt]"`.

  dgnet adapt bundled CROPS --out runs/mine      a folder of crops, in any folders below it, or a manifest
  dgnet adapt bundled CROPS --out runs/mine --pattern '^cam(?P<camid>[0-9]+)/'
                                                 cameras from the paths; without, the number after _c in each name
  dgnet adapt bundled people.db --out runs/mine
                                                 a gallery's entries, where the files of their images are still there
  dgnet adapt runs/my-model market1501=DIR --out runs/mine
                                                 a data set: its train images; its labels only judge, in log and page
  dgnet adapt runs/my-model CROPS --out runs/mine --generate true
                                                 the generator learns too, and draws what E_a learns from
  dgnet evaluate runs/mine --data.root DIR       the result is a run like any other

It needs hundreds of people who come several times, and a model that recognises some of them. docs/adapt.md says what
to expect. A stopped run goes on with --resume."""


def adapt(arguments: Sequence[str]) -> None:
    """`dgnet adapt RUN CROPS --out DIR`."""
    parser = parser_of("adapt", ADAPT_HELP, formatter_class=HelpFormatter)
    parser.add_argument("RUN", type=str, help="the model to start from: a run's folder, a model's file, or `bundled`")
    parser.add_argument("CROPS", type=str, help="a folder of images, a manifest, a gallery, or a data set as NAME=DIR")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--pattern", type=str, default="", help="a regular expression that finds (?P<camid>...) in paths"
    )
    parser.add_argument(
        "--generate",
        type=bool,
        default=AdaptConfig().generate,
        help="train the generator too, and learn from people drawn in each other's clothes",
    )
    parser.add_argument(
        "--source",
        type=str,
        default="",
        metavar="NAME=DIR",
        help="with --generate true: labelled people who exchange clothes with those in CROPS; by default those that RUN"
        " was trained on, where they are still there; `none`: no others",
    )
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, if there is one")
    parser.add_argument("--seed", type=seed, default=0, help="of every random number")
    parser.add_argument("--precision", type=Precision, default="fp32", help="of the network's arithmetic")
    parser.add_argument("--cache", type=str, default="", help="where crops are stored, as data.cache")
    add_device(parser)
    parser.add_class_arguments(AdaptConfig, "adapt", skip={"generate", "source"})
    found = parser.parse_args(list(arguments))
    said = {"generate": found.generate, "source": found.source}
    settings: AdaptConfig = from_dict({**as_plain(found, leave_out=set())["adapt"], **said}, AdaptConfig, "adapt.")

    from dgnet.experiment.adapt import Request, adapt_to_crops

    request = Request(
        found.RUN,
        found.CROPS,
        found.pattern,
        settings,
        found.seed,
        found.device,
        found.precision,
        found.cache,
        found.resume,
    )
    published = adapt_to_crops(request, found.out)
    if published:  # only the first of several processes writes one
        print(f"{published.text}Page: {published.page.resolve()}")
