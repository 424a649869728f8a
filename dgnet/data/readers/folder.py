"""A folder an identity: your own crops as `ROOT/<identity>/*.jpg`, split or not."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dgnet.data.readers.tree import image_names, is_image
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble, name_some

CAMERA_IN_NAME = r"_c(?P<camid>\d+)"
TRAIN_FOLDERS, TEST_FOLDERS = ("train", "val"), ("query", "gallery")
NUM_TEST_IDS = 100


@dataclass(frozen=True)
class _Found:
    """An image file with its identity and camera still as text; `camera` None where the name does not tell."""

    path: str
    identity: str
    camera: str | None


def read(root: Path, *, pattern: str | None = None, num_test_ids: int = NUM_TEST_IDS) -> ReidDataset:
    """Read a folder per identity, either split into `train/`, `query/`, `gallery/` or as one tree (`ROOT/<identity>/`).

    `pattern`: a regular expression searched in each path below the split's folder (with `/`), whose groups
    `(?P<pid>...)` and `(?P<camid>...)` give identity and camera; without a `pid` group the folder's name is the
    identity. By default the camera is the number after `_c` where every file name has one, else unknown.
    Identities (and cameras) that are whole numbers keep them; others are numbered from 1 in sorted order.

    One tree (a `train/` and a `val/` folder without query and gallery count as one) is split here: `num_test_ids`
    identities, but at most half of all, are held out, always the same ones; those with one image, or seen by one
    camera only, stay in training. Each of their cameras with two images or more gives its first as a query, and the
    rest is the gallery, so every query has a true match in another camera.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; give the folder that holds one folder an identity")
    if num_test_ids < 0:
        raise ValueError(f"num_test_ids={num_test_ids}: must be 0 or more")
    regex = _compile(pattern)
    present = [f for f in (*TRAIN_FOLDERS, *TEST_FOLDERS) if (root / f).is_dir()]
    if any(f in present for f in TEST_FOLDERS):
        missing = [f for f in ("train", *TEST_FOLDERS) if f not in present]
        if missing:
            raise DataError(f"{root}: has {name_some(present)} but misses {name_some(missing)}; give all three splits")
    found = {f: _walk(root / f, regex) for f in present} or {"all": _walk(root, regex)}
    records, notes = _number(root, found, pattern is not None)
    if "query" in records:
        splits = {"train": records["train"] + records.get("val", []), **{f: records[f] for f in TEST_FOLDERS}}
    else:
        splits = _hold_out([r for split in records.values() for r in split], num_test_ids)
        notes.append(f"{len({r.pid for r in splits['gallery']})} identities are held out as the test")
    names = {r.pid: f.identity for split, files in found.items() for r, f in zip(records[split], files, strict=True)}
    return replace(assemble("folder", root, splits, notes=notes), names=names)


def _compile(pattern: str | None) -> re.Pattern[str]:
    try:
        regex = re.compile(pattern or CAMERA_IN_NAME)
    except re.error as error:
        raise DataError(f"pattern {pattern!r} is no regular expression: {error}") from None
    unknown = set(regex.groupindex) - {"pid", "camid"}
    if not regex.groupindex or unknown:
        raise DataError(f"pattern {pattern!r} must name its groups (?P<pid>...) and (?P<camid>...), and no others")
    return regex


def _walk(folder: Path, regex: re.Pattern[str]) -> list[_Found]:
    in_name = "pid" in regex.groupindex
    loose = [name for name in sorted(os.listdir(folder)) if is_image(name)]
    if loose and not in_name:
        raise DataError(
            f"{folder}: images lie outside any identity's folder: {name_some(loose)}. Put them into one folder an "
            "identity, or give a pattern with (?P<pid>...) that finds the identity in the name"
        )
    files = [("", name) for name in loose]
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.is_dir() and not entry.name.startswith("."):
            files += [(entry.name, name) for name in image_names(Path(entry.path))]
    if not files:
        raise DataError(f"{folder}: no image here; expected {folder}/<identity>/<image>.jpg")
    found, unmatched = [], []
    for identity, name in files:
        below = f"{identity}/{name}" if identity else name
        match = regex.search(below if in_name else name) or regex.search(below)
        if match is None and (in_name or not identity):
            unmatched.append(below)
            continue
        groups = match.groupdict() if match else {}
        found.append(_Found(os.path.join(folder, below), groups.get("pid") or identity, groups.get("camid")))
    if unmatched:
        raise DataError(f"{folder}: pattern {regex.pattern!r} finds no identity in {name_some(unmatched)}")
    return found


def _number(root: Path, found: dict[str, list[_Found]], explicit: bool) -> tuple[dict[str, list[Record]], list[str]]:
    """Identities and cameras as integers, the same text the same number in every split."""
    everything = [f for split in found.values() for f in split]
    pids, kept = _as_numbers(f.identity for f in everything)
    notes = [] if kept else [f"the {len(pids)} identities are numbered from 1 in the order of their names"]
    nameless = [f.path for f in everything if f.camera is None]
    if nameless:
        if explicit and len(nameless) < len(everything):
            raise DataError(f"{root}: the pattern finds a camera in some names but not in {name_some(nameless)}")
        notes.append("cameras are unknown (no _c<number> in every name): same-camera matches cannot be left out")
        cameras: dict[str, int] = {}
    else:
        cameras, _ = _as_numbers(f.camera or "" for f in everything)
    records = {
        split: [Record(f.path, pids[f.identity], cameras.get(f.camera or "", UNKNOWN_CAMERA)) for f in files]
        for split, files in found.items()
    }
    return records, notes


def _as_numbers(texts: Iterable[str]) -> tuple[dict[str, int], bool]:
    names = sorted(set(texts))
    if all(name.isascii() and name.isdigit() for name in names) and len({int(name) for name in names}) == len(names):
        return {name: int(name) for name in names}, True
    return {name: number for number, name in enumerate(names, start=1)}, False


def _hold_out(records: list[Record], num_test_ids: int) -> dict[str, list[Record]]:
    by_pid: dict[int, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in sorted(records, key=lambda r: r.path):
        by_pid[record.pid][record.camid].append(record)
    usable = [p for p, cams in by_pid.items() if len(cams) > 1 or len(cams.get(UNKNOWN_CAMERA, ())) > 1]
    wanted = min(num_test_ids, len(usable), len(by_pid) // 2)
    held = set(sorted(usable, key=lambda pid: hashlib.blake2b(str(pid).encode()).digest())[:wanted])
    splits: dict[str, list[Record]] = {"train": [], "query": [], "gallery": []}
    for pid, cameras in by_pid.items():
        groups = [cameras[camid] for camid in sorted(cameras)]
        if pid not in held:
            splits["train"] += [r for group in groups for r in group]
            continue
        # A camera's only image stays in the gallery, or the other cameras' queries would lose their true match.
        asked = {group[0].path for group in groups if len(group) > 1} or {groups[0][0].path}
        for group in groups:
            splits["query"] += [r for r in group if r.path in asked]
            splits["gallery"] += [r for r in group if r.path not in asked]
    return splits
