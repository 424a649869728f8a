"""What the parsers of all commands share."""

from __future__ import annotations

import argparse
import difflib
import sys
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace


class HelpFormatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps a description's lines as they are."""


class Parser(ArgumentParser):
    """A parser whose complaints about an unknown option name the nearest that exists."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        known = [option for action in self._actions for option in action.option_strings]
        unknown = [word for word in message.replace("=", " ").replace(",", " ").split() if word.startswith("--")]
        close = [difflib.get_close_matches(word, known, n=1) for word in unknown if word not in known]
        hints = "".join(f" Did you mean {match[0]}?" for match in close if match)
        print(f"{self.prog}: {message.strip()}{hints}\nSee {self.prog} --help", file=sys.stderr)
        raise SystemExit(2) from ex


def parser_of(command: str, description: str, **settings: Any) -> Parser:
    """The parser of `dgnet COMMAND`. Options are never abbreviated: a new one would change what an old call means."""
    return Parser(prog=f"dgnet {command}", description=description, allow_abbrev=False, **settings)


def add_device(parser: Parser) -> None:
    """The option `--device` of commands that take no whole configuration."""
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu or cuda")


class SetAlso(argparse.Action):
    """`--also A B` as the shorter way of saying `--data.also [A, B]`."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, _option: str | None = None) -> None:
        namespace["data.also"] = values


def add_also(parser: Parser, what: str) -> None:
    """The option `--also`, which has no value of its own beside that of `data.also`."""
    parser.add_argument(
        "--also",
        action=SetAlso,
        dest=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
        nargs="+",
        metavar="NAME=DIR",
        help=what,
    )


def read_size(parser: Parser, text: str) -> tuple[int, int]:
    """HEIGHTxWIDTH of the option `--size`."""
    height, _, width = text.partition("x")
    if not (height.isdigit() and width.isdigit()):
        parser.error(f"--size: found {text!r}, must be HEIGHTxWIDTH, such as 256x128")
    return int(height), int(width)


def as_plain(found: Namespace, leave_out: set[str]) -> dict[str, Any]:
    """A namespace as nested dictionaries."""
    values: dict[str, Any] = found.as_dict()
    return {key: value for key, value in values.items() if key not in leave_out and not key.startswith("__")}
