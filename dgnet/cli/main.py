"""The command line: `dgnet train | evaluate | adapt | swap | generate | gallery | search | data | ...`.

Each command is imported only when it is called, and imports heavy packages only after it has read its arguments, so
that `--help` is instant.
"""

from __future__ import annotations

import difflib
import io
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import NoReturn

from dgnet import __version__
from dgnet.cli.commands import COMMANDS, group_help
from dgnet.cli.failures import run_with_messages
from dgnet.data.store.memory import keep_freed_memory

HELP = """\
dgnet recognises people across cameras and draws them, in one network.

  dgnet train PRESET          teacher, joint training, evaluation and report, in one go
  dgnet evaluate RUN          measure a run again, or on other data; or an ONNX file, or features of any model
  dgnet compare RUNS...       several runs on one page; seeds averaged
  dgnet adapt RUN CROPS       learn your own cameras from images without labels
  dgnet whiten RUN DATA       better features from some labelled people, without training
  dgnet swap RUN IMAGES...    everyone in everyone's clothes, as one picture
  dgnet gallery create FILE   keep people; `dgnet gallery` lists the rest: add, remove, calibrate, link, ...
  dgnet search GALLERY QUERY  find people in a gallery
  dgnet serve [GALLERY]       a page and an API over a gallery: search, add, swap, from a browser
  dgnet generate grid RUN     figures for papers, films, whole data sets; `dgnet generate` lists them
  dgnet data verify ROOT      what data set is this, and is it whole?
  dgnet data mannequin        render a synthetic data set of any size
  dgnet import official ...   convert the authors' released checkpoints
  dgnet export onnx RUN       the re-id features for other programs; export tracker RUN: as trackers want them
  dgnet bench step            how fast this machine trains; also: bench data, bench evaluate

`dgnet COMMAND --help` says more. A first run, minutes on two CPU cores: dgnet train mannequin"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name; for a user's mistake, print one message and no traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        run_with_messages(partial(print, HELP))
    elif words[0] in ("--version", "version"):
        run_with_messages(partial(print, f"dgnet {__version__}"))
    else:
        if words[1:] in ([], ["-h"], ["--help"]) and (lines := group_help(words[0])):
            run_with_messages(partial(print, lines))
            return
        length = next((length for length in (2, 1) if tuple(words[:length]) in COMMANDS), 0)
        if not length:
            refuse(words)
        run_with_messages(partial(run_command, COMMANDS[tuple(words[:length])].place, words[length:]))


def run_command(place: str, arguments: Sequence[str]) -> None:
    """Import a command's function and call it."""
    # Of the processes that torchrun starts, the first logs everything and the others only errors.
    level = logging.INFO if os.environ.get("RANK", "0") == "0" else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    warnings.filterwarnings("ignore", module="jsonargparse")
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold bytes that are no text
    keep_freed_memory()
    module, _, function = place.rpartition(".")
    getattr(import_module(f"dgnet.cli.{module}"), function)(arguments)


def refuse(words: Sequence[str]) -> NoReturn:
    """Say that there is no such command, and name the nearest."""
    known = [" ".join(name) for name in COMMANDS]
    groups = {name[0] for name in COMMANDS if len(name) > 1}
    given = " ".join(words[:2] if words[0] in groups else words[:1])
    close = difflib.get_close_matches(given, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    print(f"dgnet: no command {given!r}.{hint}\n\n{HELP}", file=sys.stderr)
    raise SystemExit(2)
