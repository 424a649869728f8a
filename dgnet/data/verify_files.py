"""Opening every file of a data set, to find unreadable files, the sizes of images, and files of equal content."""

from __future__ import annotations

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tqdm import tqdm

from dgnet.data.records import LeftOut, Record, ReidDataset
from dgnet.data.store.crop_index import digest
from dgnet.data.store.decode import ImageError, decode_image
from dgnet.data.store.file_bytes import read_file

CHUNK = 256


@dataclass(frozen=True)
class Duplicate:
    """Files of equal content; `harmful` if some are in training and others in the test, or they have two identities."""

    paths: tuple[str, ...]
    harmful: bool


@dataclass(frozen=True)
class Opened:
    """The content hash of every file, how many images have each (height, width), and which files cannot be read."""

    digests: dict[str, bytes]
    sizes: Counter[tuple[int, int]]
    unreadable: list[LeftOut]


def open_all(dataset: ReidDataset, workers: int, progress: bool) -> Opened:
    """Read and decode every file of every split."""
    paths = sorted({r.path for records in dataset.splits().values() for r in records})
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    found = Opened({}, Counter(), [])
    with (
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(paths), desc="verify", unit="image", dynamic_ncols=True, disable=not progress) as bar,
    ):
        for opened in pool.map(_open_chunk, chunks):
            for path, found_digest, size, reason in opened:
                if found_digest:
                    found.digests[path] = found_digest
                if size:
                    found.sizes[size] += 1
                else:
                    found.unreadable.append((path, reason))
            bar.update(len(opened))
    return found


def find_duplicates(dataset: ReidDataset, digests: dict[str, bytes]) -> tuple[Duplicate, ...]:
    """Files of equal content, the harmful ones first."""
    groups: dict[bytes, dict[str, tuple[bool, Record]]] = defaultdict(dict)
    for split, records in dataset.splits().items():
        for record in records:
            if record.path in digests:
                groups[digests[record.path]][record.path] = (split == "train", record)
    duplicates = []
    for group in groups.values():
        if len(group) > 1:
            sides = {in_train for in_train, _ in group.values()}
            harmful = len(sides) > 1 or len({record.pid for _, record in group.values()}) > 1
            duplicates.append(Duplicate(tuple(sorted(group)), harmful))
    return tuple(sorted(duplicates, key=lambda d: (not d.harmful, d.paths)))


def _open_chunk(paths: list[str]) -> list[tuple[str, bytes, tuple[int, int] | None, str]]:
    opened: list[tuple[str, bytes, tuple[int, int] | None, str]] = []
    for path in paths:
        found, size, reason = b"", None, ""
        try:
            data = read_file(path)
            if data:  # that all empty files are equal says nothing
                found = digest(data)
            size = decode_image(data).shape[:2]
        except ImageError as error:
            reason = str(error)
        except OSError as error:
            reason = error.strerror or str(error)
        opened.append((path, found, size, reason))
    return opened
