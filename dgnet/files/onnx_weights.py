"""Which files beside an ONNX file hold its weights. Read without the `onnx` package: OpenVINO runs such files alone."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Of each message of onnx.proto, the fields through which tensors are reached, and what these are. Tensors are also in
# the bodies of loops and branches, and in functions.
_WITHIN: Final = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 13, 14, 1  # of a tensor: where its numbers are; that they are elsewhere
_KEY, _VALUE = 1, 2  # of an entry of external_data

Span = tuple[int, int]


def weight_files(path: Path) -> list[Path]:
    """The files beside an ONNX file that hold its weights, in the order of their names; none where it holds all itself.

    What is damaged is left out: whoever runs the file says so. Raises OSError where it cannot be read.
    """
    names: set[str] = set()
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names.update(_locations(data))
    except ValueError:  # not protobuf, or nothing at all
        pass
    # Engines look beside the name that they are given, and some beside the file that it links to.
    folders = (path.parent, path.resolve().parent)
    found = ([folder / name for folder in folders if (folder / name).is_file()] for name in sorted(names))
    return [places[0] for places in found if places]


def _locations(data: mmap.mmap) -> Iterator[str]:
    """The name of the file of each tensor whose numbers are elsewhere. Raises ValueError."""
    waiting: list[tuple[str, Span]] = [("model", (0, len(data)))]
    while waiting:
        kind, span = waiting.pop()
        if kind == "tensor":
            yield from _of_tensor(data, span)
            continue
        for number, value in _fields(data, span):
            if number in _WITHIN[kind] and isinstance(value, tuple):
                waiting.append((_WITHIN[kind][number], value))


def _of_tensor(data: mmap.mmap, span: Span) -> Iterator[str]:
    fields = list(_fields(data, span))
    if (_DATA_LOCATION, _EXTERNAL) not in fields:
        return
    for number, value in fields:
        if number == _EXTERNAL_DATA and isinstance(value, tuple):
            said = {key: data[slice(*text)] for key, text in _fields(data, value) if isinstance(text, tuple)}
            if said.get(_KEY) == b"location":
                yield said.get(_VALUE, b"").decode()


def _fields(data: mmap.mmap, span: Span) -> Iterator[tuple[int, int | Span]]:
    """The fields of a message, by number: whole numbers, and where what has a length is. Raises ValueError."""
    at, end = span
    while at < end:
        tag, at = _varint(data, at, end)
        match tag & 7:  # how the field is written
            case 0:
                value, at = _varint(data, at, end)
                yield tag >> 3, value
            case 1:
                at += 8
            case 2:
                length, at = _varint(data, at, end)
                yield tag >> 3, (at, at + length)
                at += length
            case 5:
                at += 4
            case other:
                raise ValueError(f"a field of kind {other}")
        if at > end:
            raise ValueError("cut short")


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """A number of seven bits per byte, lowest first, and where it ends."""
    number = shift = 0
    while at < end:
        byte = data[at]
        number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return number, at
    raise ValueError("cut short")
