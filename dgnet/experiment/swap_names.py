"""File names of single swaps: each its own, whatever the images are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dgnet.files.outputs import OutputError, check_output_folder, same_names

MAX_BYTES = 220  # of a name: file systems take 255, and a partial file's name is longer than its own
NUM_NAMED = 3


def name_swaps(rows: Sequence[Path], columns: Sequence[Path]) -> list[str]:
    """APPEARANCE_on_STRUCTURE.png for each row on each column, rows first; no two are the same but for case.

    All images are called by the first of these that tells all swaps apart: their names without suffix; with it, as
    `1-jpg`; both after their folder's name; or, where nothing else does, after their place: `02_1`.
    """
    rules: list[Callable[[int, Path], str]] = [
        lambda _, path: path.stem,
        lambda _, path: suffixed(path),
        lambda _, path: f"{path.absolute().parent.name}_{path.stem}",
        lambda _, path: f"{path.absolute().parent.name}_{suffixed(path)}",
        lambda place, path: f"{place + 1:0{len(str(max(len(rows), len(columns))))}}_{path.stem[:20]}",
    ]
    names: list[str] = []
    for rule in rules:
        givers, wearers = ([rule(place, path) for place, path in enumerate(paths)] for paths in (rows, columns))
        names = [f"{giver}_on_{wearer}.png" for giver in givers for wearer in wearers]
        if not same_names(names) and all(len(name.encode(errors="surrogateescape")) <= MAX_BYTES for name in names):
            break
    return names


def suffixed(path: Path) -> str:
    """`1-jpg` for `1.jpg`."""
    return path.stem + path.suffix.replace(".", "-")


def check_swap_files(folder: Path, names: Iterable[str], picture: Path) -> None:
    """Raise OutputError if the folder cannot be written to, or one of these files is there, or is `picture`."""
    check_output_folder(folder, "--each")
    files = [folder / name for name in names]
    if picture.absolute() in [path.absolute() for path in files]:
        raise OutputError(f"--out: {picture} is one of the single swaps of --each; name another file")
    there = [path for path in files if path.exists()]
    if there:
        some = ", ".join(str(path) for path in there[:NUM_NAMED])
        more = f" and {len(there) - NUM_NAMED} more" if len(there) > NUM_NAMED else ""
        raise OutputError(f"--each: {some}{more}: there already, and not written over; name another folder")
