"""Which images are to be added to a gallery, and what is known of each: from paths, a manifest or a data set."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dgnet.data.disk.listing import list_tree
from dgnet.data.disk.separators import below
from dgnet.data.disk.table import read_table
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import UNKNOWN_CAMERA, DataError, ReidDataset
from dgnet.experiment.data import tell_notes
from dgnet.experiment.galleries.times import seconds
from dgnet.files.names import readable
from dgnet.gallery.crops import Item
from dgnet.gallery.remote import is_url, pictures_at
from dgnet.mannequin.bundled import bundled_root

KNOWN = ("camera", "time", "identity", "track")  # groups of a pattern, and columns of a manifest beside `path`
BUNDLED_DATA = "mannequin"
BUNDLED_IMAGES = "bundled"  # the same, where images are named
OnBad = Callable[[str, str], None]  # told what cannot be read, and why


@dataclass(frozen=True)
class Common:
    """What is said of all images, as text; empty where nothing is."""

    camera: str = ""
    time: str = ""
    identity: str = ""


def gather(
    paths: Sequence[str],
    pattern: str | None,
    manifest: Path | None,
    data: str | None,
    common: Common,
    on_bad: OnBad | None = None,
) -> list[Item]:
    """The images to add, in order.

    Args:
        paths: pictures, or folders, whose pictures are taken at any depth; `bundled`: the bundled people, as with
            `data` mannequin (a file of that name is given as ./bundled).
        pattern: a regular expression that is searched for in each of `paths`' pictures; its named groups (KNOWN) say
            what is known of it. A picture whose path it does not match is refused.
        manifest: a CSV or Parquet table with the column `path` and any of KNOWN.
        data: NAME=DIR: the gallery images of a data set; or `mannequin`, the bundled one.
        common: what holds where nothing else is said.
        on_bad: told what lies in a folder of `paths`, looks like a picture and cannot be read, and the reason.

    Raises:
        DataError: something is missing or cannot be read, or `data` has no gallery; the message names it.
    """
    time = seconds(common.time, "--time") if common.time else None
    items = _of_paths([path for path in paths if path != BUNDLED_IMAGES], pattern, common, time, on_bad)
    if BUNDLED_IMAGES in paths:
        items += _of_dataset(read_named(BUNDLED_DATA), common, time)
    if manifest:
        items += _of_manifest(manifest, common, time)
    if data:
        dataset = read_named(data)
        if not dataset.gallery:
            raise DataError(
                f"--data: {data} has no gallery images, {len(dataset.train)} for training alone; to add those, give "
                f"{dataset.root} as IMAGES, with a --pattern that finds who they show"
            )
        items += _of_dataset(dataset, common, time)
    return items


def source_names(paths: Sequence[str]) -> tuple[str, ...]:
    """Sources as they were given, and as the absolute paths that galleries keep."""
    return tuple(readable(name) for path in paths for name in (path, os.path.abspath(os.path.expanduser(path))))


def read_named(data: str) -> ReidDataset:
    """The data set NAME=DIR; `mannequin` alone is the bundled one. Its notes are logged. Raises DataError."""
    name, _, folder = data.partition("=")
    if data == BUNDLED_DATA:
        return read_dataset(BUNDLED_DATA, bundled_root())
    if not folder:
        raise DataError(f"--data: found {data!r}, must be NAME=DIR, such as market1501=DIR; or {BUNDLED_DATA}")
    dataset = read_dataset(name, Path(folder).expanduser())
    tell_notes(dataset)
    return dataset


def _of_paths(
    paths: Sequence[str], pattern: str | None, common: Common, time: float | None, on_bad: OnBad | None
) -> list[Item]:
    regex = _compiled(pattern)
    files = [file for path in paths for file in pictures_below(path, on_bad)]
    unmatched = [file for file in files if regex and not regex.search(file)]
    if unmatched:
        raise DataError(
            f"--pattern: {pattern!r} is not found in {readable(unmatched[0])}"
            f"{f' and {len(unmatched) - 1} more' if len(unmatched) > 1 else ''}; change it, or add those apart"
        )
    items = []
    for file in files:
        match = regex.search(file) if regex else None
        items.append(_item(file, match.groupdict() if match else {}, common, time, readable(file)))
    return items


def pictures_below(path: str, on_bad: OnBad | None) -> list[str]:
    """The path itself where it is no folder; else the pictures in the folder, at any depth, in order. URLs likewise.

    `on_bad` is told what looks like a picture there and cannot be read. Raises DataError where there is no picture.
    """
    if is_url(path):
        return pictures_at(path, on_bad)
    if not os.path.lexists(path):
        raise DataError(f"{path}: no such file or folder")
    if not os.path.isdir(path):
        return [path]
    contents = list_tree(Path(path))
    if not contents.images:
        raise DataError(f"{path}: no picture in this folder; {contents.explain()}")
    for left_out, reason in (*contents.unread, *contents.unreadable) if on_bad else ():
        on_bad(left_out, reason)  # type: ignore[misc]
    return [contents.path(name) for name in contents.images]


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise DataError(f"--pattern: {pattern!r} is no regular expression: {error}") from None
    if not regex.groupindex or set(regex.groupindex) - set(KNOWN):
        raise DataError(
            f"--pattern: {pattern!r} must name its groups (?P<camera>...), and no others than {', '.join(KNOWN)}"
        )
    return regex


def _of_manifest(path: Path, common: Common, time: float | None) -> list[Item]:
    _, rows = read_table(path, ("path",), KNOWN)
    items = []
    for where, row in rows:
        named = row["path"]
        if not isinstance(named, str) or not named.strip():
            raise DataError(f"{where}: path is {named!r}; expected the name of a file")
        file = named.strip()
        if not is_url(file):
            file = os.path.join(path.parent, below(str(path.parent), file))
        items.append(_item(file, {name: _text(row.get(name)) for name in KNOWN}, common, time, where))
    if not items:
        raise DataError(f"{path}: lists no image")
    return items


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _item(file: str, said: Mapping[str, str | None], common: Common, time: float | None, where: str) -> Item:
    own = said.get("time")
    return Item(
        file,
        camera=said.get("camera") or common.camera,
        time=seconds(own, where) if own else time,
        identity=said.get("identity") or common.identity,
        track=said.get("track") or "",
    )


def _of_dataset(dataset: ReidDataset, common: Common, time: float | None) -> list[Item]:
    return [
        Item(
            record.path,
            camera=common.camera if record.camid == UNKNOWN_CAMERA else str(record.camid),
            time=time,
            identity=common.identity if dataset.is_distractor(record.pid) else dataset.called(record.pid),
        )
        for record in dataset.gallery
    ]
