"""A user's own crops in one folder per identity, `ROOT/<identity>/*.jpg`, in folders of splits or not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dgnet.data.disk.listing import Contents, is_folder
from dgnet.data.disk.numbers import LARGEST, number_cameras, number_identities
from dgnet.data.disk.split_folders import find_splits
from dgnet.data.hold_out import NUM_TEST_IDS, hold_out
from dgnet.data.records import JUNK_PID, UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble, name_some
from dgnet.files.names import one_form

CAMERA_IN_NAME = r"_c(?P<camid>[0-9]+)"
TOO_DEEP = "deeper than one folder per identity: move them up, or give a pattern that finds identities in such paths"


@dataclass(frozen=True)
class _Found:
    """An image file with its identity and camera still as text; `camera` is None where the name has none."""

    path: str
    identity: str
    camera: str | None


def read(
    root: Path, *, pattern: str | None = None, num_test_ids: int = NUM_TEST_IDS, trained_on: Collection[str] = ()
) -> ReidDataset:
    """Read one folder per identity, in folders of splits (`split_folders`) or in `root` itself (`ROOT/<identity>/`).

    `pattern`: a regular expression that is searched for in each path relative to the split's folder (with `/`). Its
    groups `(?P<pid>...)` and `(?P<camid>...)` give identity and camera; without a `pid` group, the identity is the name
    of the first folder. A group that matches nothing finds nothing. With a pattern, images at any depth are read;
    without one, those deeper than an identity's folder are noted as not read, and the camera is the number after `_c`
    if every file name has one, else unknown.

    If all identities are whole numbers, these are their pids (-1 is junk, 0 a distractor); else they are numbered from
    1 in the order of their names. The same holds for cameras. Names are compared in one form of Unicode, which writes é
    in two ways. Where there is no query and gallery, `hold_out` makes them, of people whose names are not in
    `trained_on`. Where there are, training folders may be missing.
    """
    if not is_folder(root):
        raise DataError(f"{root}: no such folder; give the folder that holds one folder per identity")
    if num_test_ids < 0:
        raise ValueError(f"num_test_ids={num_test_ids}: must be 0 or more")
    regex = _compile(pattern)
    folders = find_splits(root)
    found = {
        split: [f for c in several for f in _take(c, regex, pattern)] for split, several in folders.contents.items()
    }
    records, names, notes = _number(root, found, pattern is not None)
    num_junk = 0
    if folders.tested:
        asked = {(r.pid, r.camid) for r in records["query"]}
        records["multi_query"] = [r for r in records["multi_query"] if (r.pid, r.camid) in asked]
    else:
        people = [r for r in records["train"] if r.pid != JUNK_PID]
        num_junk = len(records["train"]) - len(people)
        records, said = hold_out(people, num_test_ids, names, {one_form(name) for name in trained_on})
        notes.append(said)
    looked = [contents for several in folders.contents.values() for contents in several]
    return assemble(
        "folder",
        root,
        records,
        num_junk=num_junk,
        notes=(*folders.notes, *notes),
        warnings=_left_out(looked, found, "pid" in regex.groupindex),
        names=names,
        unread=[*folders.unread, *(left_out for contents in looked for left_out in contents.unread)],
        unreadable=[left_out for contents in looked for left_out in contents.unreadable],
    )


def _compile(pattern: str | None) -> re.Pattern[str]:
    try:
        regex = re.compile(pattern or CAMERA_IN_NAME)
    except re.error as error:
        raise DataError(f"pattern {pattern!r} is no regular expression: {error}") from None
    unknown = set(regex.groupindex) - {"pid", "camid"}
    if not regex.groupindex or unknown:
        raise DataError(f"pattern {pattern!r} must name its groups (?P<pid>...) and (?P<camid>...), and no others")
    return regex


def _take(contents: Contents, regex: re.Pattern[str], pattern: str | None) -> list[_Found]:
    """The images of one folder, with the identity and camera found in their paths. Raises DataError."""
    folder, in_name = contents.folder, "pid" in regex.groupindex
    loose = [below for below in contents.images if "/" not in below]
    if loose and not in_name:
        raise DataError(
            f"{folder}: images lie outside any identity's folder: {name_some(loose)}. Put them into one folder per "
            "identity, or give a pattern with (?P<pid>...) that finds the identity in the name"
        )
    images = contents.images if pattern else list(contents.keep(1, TOO_DEEP))
    if not images:
        raise DataError(f"{folder}: no image here; expected {folder}/<identity>/<image>.jpg; {contents.explain()}")
    found, unmatched = [], []
    for below in images:
        match = regex.search(below if in_name else below.rpartition("/")[2]) or regex.search(below)
        groups = match.groupdict() if match else {}
        identity, camera = groups.get("pid") if in_name else below.partition("/")[0], groups.get("camid")
        if identity:
            found.append(_Found(contents.path(below), one_form(identity), one_form(camera) if camera else None))
        else:
            unmatched.append(below)
    if unmatched:
        raise DataError(f"{folder}: pattern {regex.pattern!r} finds no identity in {name_some(unmatched)}")
    return found


def _number(
    root: Path, found: Mapping[str, list[_Found]], explicit: bool
) -> tuple[dict[str, list[Record]], dict[int, str], list[str]]:
    """Records with identities and cameras as integers, equal in all splits where the text is; pid -> name; notes."""
    everything = [f for split in found.values() for f in split]
    try:
        pids, kept = number_identities(f.identity for f in everything)
    except DataError as error:
        raise DataError(f"{root}: {error}") from None
    notes, names = [], {}
    if not kept:
        names = {pid: name for name, pid in pids.items() if pid > 0}
        notes.append(f"{_numbered(len(names), 'identity', 'identities')}{_why(names.values())}")
    nameless = [f.path for f in everything if f.camera is None]
    cameras: dict[str, int] = {}
    if nameless:
        if explicit and len(nameless) < len(everything):
            raise DataError(f"{root}: the pattern finds a camera in some names but not in {name_some(nameless)}")
        notes.append("cameras are unknown (no _c<number> in every name): same-camera matches cannot be left out")
    else:
        cameras, kept = number_cameras(f.camera or "" for f in everything)
        if not kept:
            notes.append(f"{_numbered(len(cameras), 'camera', 'cameras')}{_why(cameras)}")
    records = {
        split: [Record(f.path, pids[f.identity], cameras.get(f.camera or "", UNKNOWN_CAMERA)) for f in files]
        for split, files in found.items()
    }
    return records, names, notes


def _numbered(count: int, one: str, many: str) -> str:
    what = f"the one {one} is" if count == 1 else f"the {count} {many} are"
    return f"{what} numbered from 1 in the order of their names"


def _why(names: Iterable[str]) -> str:
    """The end of a note that says why names were numbered anew, though they are plain numbers; else empty."""
    large = [name for name in names if name.isascii() and name.isdigit() and int(name) > LARGEST]
    return f", since a number may not be above {LARGEST} (2^53): {name_some(large)}" if large else ""


def _left_out(looked: Iterable[Contents], found: Mapping[str, list[_Found]], in_name: bool) -> list[str]:
    """A warning where identities' folders hold no image that is read, so that these people are in no split."""
    if in_name:
        return []
    read_from = {f.path for files in found.values() for f in files}
    empty = []
    for contents in looked:
        filled = {below.partition("/")[0] for below in contents.images if contents.path(below) in read_from}
        empty += [contents.path(name) for name in contents.folders if name not in filled]
    if not empty:
        return []
    what = "folder of an identity has" if len(empty) == 1 else "folders of identities have"
    return [f"{len(empty)} {what} no image that is read, so these people are left out: {name_some(empty)}"]
