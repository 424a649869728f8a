"""MSMT17: 1 041 training identities in 32 621 images; 11 659 queries; 82 161 gallery images; 15 cameras."""

from __future__ import annotations

import os
from pathlib import Path

from dgnet.data.readers.tree import find_root
from dgnet.data.records import DataError, Record, ReidDataset, assemble

VERSIONS = {"V1": ("train", "test"), "V2": ("mask_train_v2", "mask_test_v2")}
CAMERA_FIELD = 2  # of 0000_000_01_0303morning_0008_0.jpg, counted from 0


def read(root: Path) -> ReidDataset:
    """Read `list_{train,val,query,gallery}.txt` and the folders they speak of, V1's or V2's, whichever are there.

    A line of a list is `0000/0000_000_01_0303morning_0008_0.jpg 0`: a path below the folder, and the pid. Training and
    test identities are numbered from 0 each: the same number in both is not the same person. Raises DataError naming
    a missing folder or list, or a line that does not parse.
    """
    version, root = _find(root)
    train, test = (root / folder for folder in VERSIONS[version])
    splits = {
        "train": [*_read_list(root / "list_train.txt", train), *_read_list(root / "list_val.txt", train)],
        "query": _read_list(root / "list_query.txt", test),
        "gallery": _read_list(root / "list_gallery.txt", test),
    }
    return assemble("msmt17", root, splits, notes=[f"{version}; training is train and val, as published"])


def _find(root: Path) -> tuple[str, Path]:
    for version in ("V2", "V1"):
        try:
            return version, find_root(root, VERSIONS[version])
        except DataError:
            continue
    raise DataError(
        f"{root}: neither V1 (train/, test/) nor V2 (mask_train_v2/, mask_test_v2/) of MSMT17 is here; "
        "give the folder that holds them and the four list_*.txt"
    )


def _read_list(path: Path, folder: Path) -> list[Record]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise DataError(
            f"{path}: this list is missing; MSMT17 needs list_train, _val, _query and _gallery.txt"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start}); unpack the data set again") from None
    prefix = os.path.join(folder, "")
    records = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, _, pid = line.strip().rpartition(" ")
        fields = name.rpartition("/")[2].split("_")
        try:
            records.append(Record(prefix + name.strip(), int(pid), int(fields[CAMERA_FIELD])))
        except (ValueError, IndexError):
            raise DataError(
                f"{path}, line {number}: expected a path whose third _ field is the camera, and a pid, such as "
                f"'0000/0000_000_01_0303morning_0008_0.jpg 0'; found {line!r}"
            ) from None
    if not records:
        raise DataError(f"{path}: this list is empty; unpack the data set again")
    return records
