"""The class of all commands' parsers, and the options and types that several commands share."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from dgnet.config import REPLACED


class HelpFormatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of a description as they are."""


WORDS = {"<class 'int'>": "a whole number", "<class 'float'>": "a number", "<class 'bool'>": "true or false"}


class Parser(ArgumentParser):
    """A parser whose messages about an unknown option or setting name the most similar one that exists."""

    def format_help(self, *how: Any, **more: Any) -> str:
        """The help; a path's type is shown as a word, not as Python writes the class."""
        return re.sub(r"<class\s+'Path'>", "path", super().format_help(*how, **more))

    def parse_args(self, args: Any = None, *how: Any, **more: Any) -> Any:
        """Parse; an empty `--out`, as of a variable that is not set, is an error; `~` in it is the user's folder."""
        words = list(sys.argv[1:] if args is None else args)
        if "--out=" in words or ("--out", "") in pairwise(words):
            self.error("--out: found an empty name; name a file or folder, or . for this folder")
        found = super().parse_args(args, *how, **more)
        if isinstance(getattr(found, "out", None), Path):
            found.out = found.out.expanduser()
        return found

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        known = [option for action in self._actions for option in action.option_strings]
        hints = [self._hint(name, known) for name in unknown_names(message)]
        told = "".join([in_our_words(message), *hints])
        print(f"{self.prog}: {told}\nSee {self.prog} --help", file=sys.stderr)
        raise SystemExit(2) from ex

    def refuse_unused(self, option: str, given: object, needed: str, there: object) -> None:
        """End with an error where `option` was given, but not `needed`, without which nothing uses it."""
        if given and not there:
            self.error(f"--{option}: nothing uses it without {needed}; give that too, or leave --{option} out")

    def _hint(self, name: str, known: list[str]) -> str:
        """What to write in place of an option (`--loss.x`) or a file's setting (`loss.x`) that does not exist."""
        setting, option = name.removeprefix("--"), name.startswith("--")
        if setting in REPLACED and "--execution" in known:
            now = REPLACED[setting]
            return f". Write {'--' + now.replace(':', '') if option else now}"
        close = difflib.get_close_matches(f"--{setting}", known, n=1)
        return f". Did you mean {close[0] if option else close[0].removeprefix('--')}?" if close else ""


def unknown_names(message: str) -> list[str]:
    """The options or settings that a message of jsonargparse calls unknown; none for any other message."""
    if message.startswith("unrecognized arguments:"):
        return [word.partition("=")[0] for word in message.split() if word.startswith("--")]
    inside = re.findall(r"Group '(\S+)' does not accept option '(\S+)'", message)
    return [".".join(names) for names in inside] or re.findall(r"Option '(\S+)' is not accepted", message)


def in_our_words(message: str) -> str:
    """A message of jsonargparse, which names keys and classes, as `--seed: found x, must be a whole number`."""
    found = re.fullmatch(r'Parser key "(\S+)":\s+Expected an? (.+)\. Got value: ?(.*)', message.strip(), re.DOTALL)
    if not found:
        return re.sub(r"^argument (?=-)", "", message.strip())
    name, kind, value = found.groups()
    choices = re.fullmatch(r"typing\.Literal\[(.*)\]", kind)
    length = re.fullmatch(r"tuple with (\d+) elements", kind)
    if choices:
        kind = f"one of {choices[1]}"
    elif kind == "<class 'tuple'>" or length:
        kind = f"a list of {f'{length[1]} ' if length else ''}values in brackets"
    return f"--{name}: found {value or 'nothing'}, must be {WORDS.get(kind, kind)}"


class OptionError(argparse.ArgumentTypeError, ValueError):
    """A value that an option does not accept, from the command line or from a file."""


class AtLeast:
    """The type of options that are a whole number, of at least `least`."""

    def __init__(self, least: int) -> None:
        self._least = least

    def __call__(self, value: object) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = self._least - 1
        if number < self._least:
            raise OptionError(f"found {value}, must be a whole number, at least {self._least}")
        return number

    def __repr__(self) -> str:
        return f"at least {self._least}"  # `--help` shows this as the option's type


count = AtLeast(1)  # of things
seed = AtLeast(0)


def parser_of(command: str, description: str, **settings: Any) -> Parser:
    """The parser of `dgnet COMMAND`.

    Options may not be abbreviated: a new option could change the meaning of an abbreviation in use.
    """
    return Parser(prog=f"dgnet {command}", description=description, allow_abbrev=False, **settings)


def add_device(parser: Parser) -> None:
    """Add the option `--device`, for commands that do not take all settings as options."""
    parser.add_argument("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:N (or N) or mps")


def add_engine(parser: Parser) -> None:
    """Add the option `--engine`, for commands that compute features by any network that `dgnet.load` takes."""
    parser.add_argument(
        "--engine",
        choices=("auto", "torch", "onnxruntime", "openvino"),
        default="auto",
        help="what computes the features; auto: torch for dgnet's own models, else by the file",
    )


def add_input(parser: Parser) -> None:
    """Add the option `--input`, for commands that take files of other programs' networks too."""
    parser.add_argument(
        "--input",
        type=str,
        default="",
        help="what an .onnx or .xml file takes for pixels, where neither it nor FILE.input says: imagenet, unit"
        " (0 to 1) or u8 (0 to 255), RGB unless bgr- stands before it; Intel's retail re-id models: bgr-u8",
    )


class SetAlso(argparse.Action):
    """Makes `--also A B` a shorter way to write `--data.also [A, B]`."""

    def __call__(self, _parser: Any, namespace: Any, values: Any, _option: str | None = None) -> None:
        namespace["data.also"] = values


def add_also(parser: Parser, what: str) -> None:
    """Add the option `--also`; its value is stored as that of `data.also` alone."""
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
    """Height and width from the value HEIGHTxWIDTH of the option `--size`."""
    height, _, width = text.partition("x")
    if not (height.isdigit() and width.isdigit()):
        parser.error(f"--size: found {text!r}, must be HEIGHTxWIDTH, such as 256x128")
    return int(height), int(width)


def as_plain(found: Namespace, leave_out: set[str]) -> dict[str, Any]:
    """A namespace as nested dictionaries, without the entries named in `leave_out` and jsonargparse's own."""
    values: dict[str, Any] = found.as_dict()
    return {key: value for key, value in values.items() if key not in leave_out and not key.startswith("__")}
