"""The index beside a store's file: size, time of change and content hash of the image files it was made from."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgnet.data.store.file_bytes import read_file
from dgnet.files.whole_file import written_whole

DIGEST_BYTES = 16
NO_STAT = (-1, -1)
CHUNK = 512  # files per task


@dataclass(frozen=True)
class CropIndex:
    """`data` is the name of the store's file, `data_bytes` its length; the arrays have one row per image file.

    `stats` int64 N×2 (bytes, mtime in ns), `lengths` int64 N (the bytes that were read), `digests` uint8 N×16.
    """

    data: str
    data_bytes: int
    stats: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    digests: npt.NDArray[np.uint8]

    def write(self, path: Path) -> None:
        """Write atomically: whoever opens `path` finds the whole old index or the whole new one."""
        with written_whole(path) as partial:
            np.savez(
                partial,
                data=np.array(self.data),
                data_bytes=np.array(self.data_bytes),
                stats=self.stats,
                lengths=self.lengths,
                digests=self.digests,
            )

    @staticmethod
    def read(path: Path) -> CropIndex | None:
        """The index at `path`; None where there is none, or the file is not an index."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return CropIndex(
                    str(arrays["data"]),
                    int(arrays["data_bytes"]),
                    arrays["stats"],
                    arrays["lengths"],
                    arrays["digests"],
                )
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            return None


def digest(data: bytes) -> bytes:
    """The content hash of a file's bytes."""
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).digest()


def file_stats(paths: Sequence[str]) -> npt.NDArray[np.int64]:
    """Size in bytes and time of change in ns of each file, int64 N×2; -1, -1 for a file that cannot be found."""
    stats = np.empty((len(paths), 2), dtype=np.int64)
    for place, path in enumerate(paths):
        try:
            found = os.stat(path)
            stats[place] = found.st_size, found.st_mtime_ns
        except OSError:
            stats[place] = NO_STAT
    return stats


def file_digests(paths: Sequence[str], workers: int) -> list[bytes]:
    """The content hash of each file; an empty one for a file that cannot be read."""
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    with ThreadPoolExecutor(workers) as pool:
        return [found for hashes in pool.map(_hash_files, chunks) for found in hashes]


def _hash_files(paths: Sequence[str]) -> list[bytes]:
    hashes = []
    for path in paths:
        try:
            hashes.append(digest(read_file(path)))
        except OSError:
            hashes.append(b"")
    return hashes
