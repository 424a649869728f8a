"""Images of people in a folder of any shape, without labels: what a model is adapted to."""

from __future__ import annotations

import re
from pathlib import Path

from dgnet.data.disk.listing import list_tree
from dgnet.data.disk.numbers import number_cameras
from dgnet.data.readers.folder import CAMERA_IN_NAME
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble, name_some

UNLABELLED = 1  # the pid of every image: nobody is told apart
NO_LABELS = "no labels: every image counts as of one identity"


def read(root: Path, *, pattern: str | None = None) -> ReidDataset:
    """Read every image under `root`, at any depth, as training images of one pid.

    `pattern`: a regular expression, searched for in each path relative to `root` (with `/`), whose group
    `(?P<camid>...)` is the camera. Without one, the camera is the number after `_c` if every file name has one, else
    unknown. Raises DataError where there is no image, or where a given pattern does not find the camera of an image.
    """
    try:
        regex = re.compile(pattern or CAMERA_IN_NAME)
    except re.error as error:
        raise DataError(f"pattern {pattern!r} is no regular expression: {error}") from None
    if set(regex.groupindex) != {"camid"}:
        raise DataError(
            f"pattern {pattern!r} must name the group (?P<camid>...) and no other: images without labels have no pid"
        )
    contents = list_tree(root)
    if not contents.images:
        raise DataError(f"{root}: no image here, at any depth; {contents.explain()}")
    matches = {below: regex.search(below if pattern else below.rpartition("/")[2]) for below in contents.images}
    nameless = [below for below, match in matches.items() if match is None]
    notes = [NO_LABELS]
    cameras: dict[str, int] = {}
    if nameless and pattern:
        raise DataError(f"{root}: pattern {pattern!r} finds no camera in {name_some(nameless)}")
    if nameless:
        notes.append(f"cameras are unknown (no _c<number> in {name_some(nameless)})")
    else:
        cameras, kept = number_cameras(match["camid"] or "" for match in matches.values() if match)
        if not kept:
            notes.append(
                f"{len(cameras)} cameras are numbered from 1 in the order of their names: {name_some(cameras)}"
            )
    records = [
        Record(contents.path(below), UNLABELLED, cameras[match["camid"] or ""] if match and cameras else UNKNOWN_CAMERA)
        for below, match in matches.items()
    ]
    unread, unreadable = contents.unread, contents.unreadable
    return assemble(
        "crops", root, {"train": records}, notes=notes, unread=unread, unreadable=unreadable, labelled=False
    )
