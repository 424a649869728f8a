"""MSMT17: 1 041 training identities in 32 621 images; 11 659 queries; 82 161 gallery images; 15 cameras."""

from __future__ import annotations

import os
from pathlib import Path

from dgnet.data.disk.listing import Contents, is_file, list_tree
from dgnet.data.disk.numbers import read_number
from dgnet.data.disk.separators import below
from dgnet.data.readers.tree import find_root
from dgnet.data.records import DataError, Record, ReidDataset, assemble

VERSIONS = {"V1": ("train", "test"), "V2": ("mask_train_v2", "mask_test_v2")}
TRAIN_LISTS, TEST_LISTS = ("list_train.txt", "list_val.txt"), ("list_query.txt", "list_gallery.txt")
CAMERA_FIELD = 2  # of 0000_000_01_0303morning_0008_0.jpg, counted from 0


def read(root: Path) -> ReidDataset:
    """Read `list_{train,val,query,gallery}.txt` and the images they list, in the folders of version V1 or V2.

    A line of a list is `0000/0000_000_01_0303morning_0008_0.jpg 0`: a path relative to the folder, and the pid.
    Training and test identities are each numbered from 0, so the same number in both is not the same person. The two
    training lists may be missing, or the two test lists. Images that are in no list are noted as not read. Raises
    DataError naming a missing folder or list, or a line that does not parse.
    """
    version, root = _find(root)
    train, test = (root / folder for folder in VERSIONS[version])
    of_train, of_test = (any((root / name).exists() for name in names) for names in (TRAIN_LISTS, TEST_LISTS))
    if not of_train and not of_test:
        raise DataError(f"{root}: no list is here; MSMT17 needs list_train, _val, _query and _gallery.txt")
    splits: dict[str, list[Record]] = {}
    looked = []
    if of_train:
        contents = list_tree(train)
        splits["train"] = [record for name in TRAIN_LISTS for record in _read_list(root / name, train)]
        looked.append(_without_listed(contents, splits["train"]))
    if of_test:
        contents = list_tree(test)
        splits["query"], splits["gallery"] = (_read_list(root / name, test) for name in TEST_LISTS)
        looked.append(_without_listed(contents, splits["query"] + splits["gallery"]))
    return assemble(
        "msmt17",
        root,
        splits,
        notes=[f"{version}; training is train and val, as published"] if of_train else [version],
        unread=[found for contents in looked for found in contents.unread],
        unreadable=[found for contents in looked for found in contents.unreadable],
        numbered_apart=True,
    )


def holds_lists(root: Path) -> bool:
    """Whether the lists of MSMT17 for training or for testing are here."""
    return any(is_file(root / names[0]) for names in (TRAIN_LISTS, TEST_LISTS))


def _find(root: Path) -> tuple[str, Path]:
    for few in (slice(0, 2), slice(1, 2), slice(0, 1)):  # both folders; only the test folder; only the training folder
        for version in ("V2", "V1"):
            try:
                return version, find_root(root, VERSIONS[version][few])
            except DataError:
                continue
    raise DataError(
        f"{root}: neither V1 (train/, test/) nor V2 (mask_train_v2/, mask_test_v2/) of MSMT17 is here; "
        "give the folder that holds them and the four list_*.txt"
    )


def _without_listed(contents: Contents, records: list[Record]) -> Contents:
    """The contents of a folder, with every image that is in no record added to `unread`."""
    listed = {record.path for record in records}
    paths = map(contents.path, contents.images)
    contents.unread += [(path, "in none of the lists") for path in paths if path not in listed]
    return contents


def _read_list(path: Path, folder: Path) -> list[Record]:
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: this is not a file; unpack the data set again")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(
            f"{path}: this list is missing; MSMT17 needs list_train, _val, _query and _gallery.txt"
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start}); unpack the data set again") from None
    except OSError as error:
        raise DataError(f"{path}: this list cannot be read: {error.strerror}") from None
    base = os.path.join(folder, "")
    records = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                records.append(_read_line(line, base))
            except ValueError as error:
                raise DataError(
                    f"{path}, line {number}: expected a path whose third _ field is the camera, and a pid, such as "
                    f"'0000/0000_000_01_0303morning_0008_0.jpg 0'; found {line!r} ({error})"
                ) from None
    if not records:
        raise DataError(f"{path}: this list is empty; unpack the data set again")
    return records


def _read_line(line: str, base: str) -> Record:
    name, *pid = line.rsplit(maxsplit=1)
    name = below(base, name.strip())
    fields = name.rpartition("/")[2].split("_")
    if not pid or len(fields) <= CAMERA_FIELD:
        raise ValueError("a field is missing")
    return Record(base + name, read_number(pid[0]), read_number(fields[CAMERA_FIELD]))
