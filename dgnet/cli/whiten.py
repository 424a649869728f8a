"""`dgnet whiten RUN DATA`: a model recognises better where some people are labelled, without training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.parser import HelpFormatter, add_device, parser_of

WHITEN_HELP = """\
Make a model's features count less what differs between images of one person, such as light, camera and pose, and more
what tells people apart. This is learnt from labelled people in one pass over their images; nothing is trained, and the
new model is as fast as before. Fifty people are worth it; a hundred are better. A model
that was trained on the very cameras may gain nothing.

  dgnet whiten bundled DIR --out mine.safetensors            a folder with one folder per person, or a data set
  dgnet whiten runs/mine market1501=DIR --out mine.safetensors
                                                             a data set: its training people
  dgnet evaluate mine.safetensors --data.root DIR            what it gives on people who were held out
  dgnet whiten bundled --undo --out plain.safetensors        the features as they were trained: better than whitened
                                                             ones in a gallery that is centred (`dgnet gallery centre`)

Of a folder of people, 100 at most are held out and not learnt from, and where RUN
was trained on it, those that were held out then. Without labels there is
`dgnet adapt`. See docs/adapt.md."""


def whiten(arguments: Sequence[str]) -> None:
    """`dgnet whiten RUN DATA --out FILE`."""
    parser = parser_of("whiten", WHITEN_HELP, formatter_class=HelpFormatter)
    parser.add_argument("RUN", type=str, help="a run's folder, a model's file, or `bundled`")
    parser.add_argument(
        "DATA", type=str, nargs="?", help="labelled people: a folder of a folder per person, or NAME=DIR"
    )
    parser.add_argument("--out", type=Path, required=True, help="the model's file, .safetensors")
    parser.add_argument("--ridge", type=float, default=0.03, help="more of it where people are few: .1 for fifty")
    parser.add_argument("--undo", action="store_true", help="take away the whitening that RUN has; without DATA")
    parser.add_argument("--cache", type=str, default="", help="where crops are stored, as data.cache")
    add_device(parser)
    found = parser.parse_args(list(arguments))

    if found.undo == (found.DATA is not None):
        parser.error("give DATA, labelled people to whiten by, or --undo, one of the two")
    from dgnet.experiment.whiten import unwhiten_run, whiten_run

    if found.undo:
        unwhiten_run(found.RUN, found.out)
        print(f"Features are as they were trained.\nModel: {found.out.resolve()}")
        return
    about = whiten_run(found.RUN, found.DATA, found.out, ridge=found.ridge, device=found.device, cache=found.cache)
    print(f"Whitened by {about}.\nModel: {found.out.resolve()}")
