"""`dgnet serve [GALLERY]`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.cli.gallery import GALLERY_HELP
from dgnet.cli.parser import HelpFormatter, add_device, add_engine, parser_of
from dgnet.errors import DgnetError

SERVE_HELP = """\
A page to look with, and an API to build on (http://localhost:8000/docs lists what it answers).

  dgnet serve                                              the bundled people; nobody in them is real
  dgnet serve people.db                                    a gallery of yours
  dgnet serve people.db --host 0.0.0.0 --token tokens.txt  for other machines, too: with a token
  curl -F images=@photo.jpg http://localhost:8000/v1/search

Without --host only this machine reaches it. Beyond it a token is needed: a FILE that is not there yet is made with a
new token, which is shown once; the file keeps its hash alone, one NAME sha256:HASH per line. $DGNET_TOKEN takes a token
too, for containers. Connections are not encrypted: put a proxy that speaks HTTPS in front.

SIGTERM and Ctrl-C finish what was accepted. One line of JSON per search, change and removal goes to standard error, or
to the file of --audit."""


def serve(arguments: Sequence[str]) -> None:
    """`dgnet serve [GALLERY]`."""
    parser = parser_of("serve", SERVE_HELP, formatter_class=HelpFormatter)
    parser.add_argument("GALLERY", type=str, nargs="?", default="", help=f"{GALLERY_HELP}; none: the bundled people")
    parser.add_argument("--model", type=str, help="where the gallery's model lies now, if it was moved")
    parser.add_argument("--host", type=str, default="127.0.0.1", help="0.0.0.0: every machine that reaches this one")
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    parser.add_argument("--token", type=Path, metavar="FILE", help="hashes of the tokens that are let in")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="who searched and removed, added to this file")
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second and client; 0: no limit")
    add_device(parser)
    add_engine(parser)
    found = parser.parse_args(list(arguments))
    if not found.rate >= 0:
        parser.error(f"--rate: found {found.rate}, must be 0 or more")
    try:
        from dgnet.serve.run import Request
        from dgnet.serve.run import serve as run
    except ModuleNotFoundError as error:
        raise DgnetError(f"dgnet serve needs the package {error.name}: pip install 'dgnet[serve]'") from error
    run(
        Request(
            gallery=found.GALLERY,
            model=found.model,
            host=found.host,
            port=found.port,
            token=found.token,
            audit=found.audit,
            rate=found.rate,
            device=found.device,
            engine=found.engine,
        )
    )
