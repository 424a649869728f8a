"""File names of single swaps, all different even where images have the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dgnet.files.outputs import OutputError, check_output_folder, same_names

MAX_BYTES = 220  # per name: file systems take 255, and while a file is being written its name is longer
NUM_NAMED = 3


def name_swaps(rows: Sequence[Path], columns: Sequence[Path]) -> list[str]:
    """APPEARANCE_on_STRUCTURE.png for each row with each column, row by row; no two are equal but for case.

    APPEARANCE and STRUCTURE are made from the images' file names by the first of these rules under which all swaps have
    different names: without suffix (`1`); with suffix (`1-jpg`); without suffix, after the folder's name (`a_1`); with
    suffix, after the folder's name (`a_1-jpg`); after the image's number among the given ones (`02_1`).
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
    """Raise OutputError if `folder` cannot be written to, or one of `names` exists in it or is the file `picture`."""
    check_output_folder(folder, "--each")
    files = [folder / name for name in names]
    if picture.absolute() in [path.absolute() for path in files]:
        raise OutputError(f"--out: {picture} is one of the single swaps of --each; name another file")
    there = [path for path in files if path.exists()]
    if there:
        some = ", ".join(str(path) for path in there[:NUM_NAMED])
        more = f" and {len(there) - NUM_NAMED} more" if len(there) > NUM_NAMED else ""
        raise OutputError(f"--each: {some}{more}: there already, and not written over; name another folder")
