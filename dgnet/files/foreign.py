"""Reading the tensors that another program saved, without running any code that its file contains."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch

from dgnet.files.tensors import PATH_LIKE, WeightsError, read_safetensors, require_file

MAX_CLASSES = 100  # a file that names more classes is refused
_UNKNOWN = re.compile(r"Unsupported global: GLOBAL (\S+)")
_MAPPING = re.compile(r"Can only SETITEMS? for .* but got <class '(?:\w+\.)*?foreign\.(\S+)'>")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def read_foreign(path: PATH_LIKE) -> object:
    """The contents of another program's file: of `.safetensors` a dict of tensors, of `torch.save` the object saved.

    No code of the file is run: objects of classes that torch does not know as harmless (NumPy's numbers, settings,
    whole networks) become `StandIn`s or plain dictionaries, and those classes are neither imported nor called.

    Raises:
        WeightsError: the file is missing, truncated, or of neither format.
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
        except Exception as error:  # a damaged file makes the reader raise nearly anything
            message = _ESCAPES.sub("", str(error))
            if "TorchScript" in message:
                raise WeightsError(
                    f"{path}: a TorchScript archive, which is code; save its tensors alone: "
                    "torch.save(torch.jit.load(FILE).state_dict(), NEW_FILE)"
                ) from error
            reason = message.splitlines()[0] if message else type(error).__name__
            raise WeightsError(f"{path}: truncated, damaged, or not a PyTorch file: {reason}") from error


class StandIn:
    """Takes the place of an object whose class is not imported: accepts any arguments and state, and does nothing."""

    def __new__(cls, *_: object, **__: object) -> StandIn:
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass


class PlainDict:
    """Takes the place of an object that is filled item by item as a dict is (settings, mostly): it becomes a dict."""

    def __new__(cls, *_: object, **__: object) -> dict[object, object]:  # type: ignore[misc]
        return {}


def _load(path: Path, stand_ins: dict[str, type]) -> object:
    known: list[Any] = [(stand_in, name) for name, stand_in in stand_ins.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of formats that the load below refuses anyway
        with torch.serialization.safe_globals(known):
            return torch.load(path, map_location="cpu", weights_only=True)


def _is_safetensors(start: bytes) -> bool:
    """Whether a file begins as safetensors, whatever its name: with the length of a JSON header, then the header."""
    return start[8:9] == b"{" and 0 < int.from_bytes(start[:8], "little") < 100_000_000


def _what_else(start: bytes) -> str:
    """What a wrongly downloaded file is, by its first bytes, and what to do; empty if it may be a PyTorch file."""
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`"
    if start.lstrip()[:9].lower() in (b"<!doctype", b"<html lan") or start.lstrip()[:6].lower() == b"<html>":
        return "a web page, not the file that it links to; download it again"
    return ""


def _reason(message: str) -> str:
    """The reason in torch's error message, without its advice (which is to run the file's code)."""
    found = message.partition("WeightsUnpickler error:")[2].strip() or message
    return found.splitlines()[0].split(" was not an allowed")[0].split(". Please")[0]
