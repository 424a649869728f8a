"""What another program saved: its tensors, without running any code that lies in the file."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch

from dgnet.files.tensors import PATH_LIKE, WeightsError, read_safetensors, require_file

MAX_CLASSES = 100  # that a file may name before it is refused
_UNKNOWN = re.compile(r"Unsupported global: GLOBAL (\S+)")
_MAPPING = re.compile(r"Can only SETITEMS? for .* but got <class '(?:\w+\.)*?foreign\.(\S+)'>")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def read_foreign(path: PATH_LIKE) -> object:
    """What someone else's `.safetensors` holds (a dict of tensors), or their `torch.save` file, without running code.

    Objects of classes that torch does not know as harmless (NumPy's numbers, settings, whole networks) become
    `StandIn`s or plain dictionaries: nothing of those classes is imported or called.

    Raises:
        WeightsError: the file is missing, truncated, or no such file.
    """
    path = Path(path)
    require_file(path)
    with path.open("rb") as file:
        start = file.read(64)
    if path.suffix == ".safetensors" or _is_safetensors(start):
        return read_safetensors(path)[0]
    what = _what_else(start)
    if what:
        raise WeightsError(f"{path}: {what}")
    stand_ins: dict[str, type] = {}
    while True:
        try:
            return _load(path, stand_ins)
        except pickle.UnpicklingError as error:
            message = _ESCAPES.sub("", str(error))
            mapping = _MAPPING.search(message)
            if mapping and issubclass(stand_ins.get(mapping[1], object), StandIn):
                stand_ins[mapping[1]] = type(mapping[1], (PlainDict,), {})
                continue
            unknown = _UNKNOWN.search(message)
            name = (unknown[1] if "." in unknown[1] else f"builtins.{unknown[1]}") if unknown else ""
            if not name or name in stand_ins or len(stand_ins) >= MAX_CLASSES:
                raise WeightsError(
                    f"{path}: damaged, or holds more than tensors, which is not read because it could run code: "
                    f"{_reason(message)}"
                ) from error
            stand_ins[name] = type(name, (StandIn,), {})
        except Exception as error:  # bytes at random make the reader raise nearly anything
            message = _ESCAPES.sub("", str(error))
            if "TorchScript" in message:
                raise WeightsError(
                    f"{path}: a TorchScript archive, which is code; save its tensors alone: "
                    "torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)"
                ) from error
            reason = message.splitlines()[0] if message else type(error).__name__
            raise WeightsError(f"{path}: truncated, damaged, or not a PyTorch file: {reason}") from error


class StandIn:
    """In the place of an object whose class is not imported: it takes any arguments and state, and does nothing."""

    def __new__(cls, *_: object, **__: object) -> StandIn:
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


class PlainDict:
    """Likewise of a class whose objects are filled as dictionaries are (settings, mostly): they become such."""

    def __new__(cls, *_: object, **__: object) -> dict[object, object]:  # type: ignore[misc]
        return {}


def _load(path: Path, stand_ins: dict[str, type]) -> object:
    known: list[Any] = [(stand_in, name) for name, stand_in in stand_ins.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch tells of formats that are refused in the next line
        with torch.serialization.safe_globals(known):
            return torch.load(path, map_location="cpu", weights_only=True)


def _is_safetensors(start: bytes) -> bool:
    """Do these first bytes begin such a file, whatever it is called? The length of a JSON header, then the header."""
    return start[8:9] == b"{" and 0 < int.from_bytes(start[:8], "little") < 100_000_000


def _what_else(start: bytes) -> str:
    """What a file is that was fetched in the wrong way, by its first bytes; empty if it may be a PyTorch file."""
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`"
    if start.lstrip()[:9].lower() in (b"<!doctype", b"<html lan") or start.lstrip()[:6].lower() == b"<html>":
        return "a web page, not the file that it links to; download it again"
    return ""


def _reason(message: str) -> str:
    """What torch found, without its advice."""
    found = message.partition("WeightsUnpickler error:")[2].strip() or message
    return found.splitlines()[0].split(" was not an allowed")[0].split(". Please")[0]
