"""The crop store: every image decoded and resized once, in one memory-mapped uint8 array that all runs share."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgnet.data.records import Record
from dgnet.data.store.recipe import Recipe, open_store
from dgnet.data.store.resize import resize
from dgnet.data.store.threads import one_thread
from dgnet.files.images import ImagesU8

VERSION = "rgb uint8 bicubic, 1"  # change it whenever the same file would give other pixels


@dataclass(frozen=True)
class Crops:
    """The images of a list of records, in its order: `images_u8` uint8 N×H×W×3 (read-only, memory-mapped).

    `path` is the store's file; `digests` uint8 N×16 are the content hashes of the image files.
    """

    images_u8: np.memmap
    path: Path
    digests: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images_u8)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of every image."""
        return self.images_u8.shape[1], self.images_u8.shape[2]

    def __getitem__(self, indices: Sequence[int] | npt.NDArray[np.int64] | slice) -> ImagesU8:
        """A copy of the images at `indices` (a list, an array or a slice), uint8 n×H×W×3."""
        if isinstance(indices, slice):
            return np.array(self.images_u8[indices])
        return np.take(np.asarray(self.images_u8), np.asarray(indices, dtype=np.int64), axis=0)


def open_crops(
    records: Sequence[Record],
    size: tuple[int, int],
    cache_dir: Path,
    *,
    workers: int = 2,
    progress: bool = True,
) -> Crops:
    """The crops of `records` at `size` (height, width), built in `cache_dir` unless they are there already.

    A store is reused when every image file still has the size and time of change, or else the content, that it was
    built from; if not, a warning names the changed files and the store is built anew. A store appears whole or not at
    all, and processes that ask for the same one wait for the first to build it. Raises DataError naming every missing
    or unreadable file, or a `cache_dir` that cannot be written or is full.
    """
    if min(size) < 1:
        raise ValueError(f"size={size}: height and width must be positive")
    shape = (len(records), *size, 3)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})

    def pack(_: list[bytes], images: list[ImagesU8]) -> memoryview:
        return resize(images, size).data

    name = f"crops_{size[0]}x{size[1]}"
    recipe = Recipe(name, VERSION, header.getvalue(), pack, len(records) * size[0] * size[1] * 3)
    with one_thread():  # torch uses one thread in each of the store's threads, which together keep all cores busy
        path, index = open_store(records, recipe, cache_dir, workers, progress)
    return Crops(np.load(path, mmap_mode="r"), path, index.digests)
