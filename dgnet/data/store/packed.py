"""The packed store, for data sets too large to keep as pixels: the image files joined into one, decoded at each use."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgnet.data.records import Record
from dgnet.data.store.crop_index import CropIndex
from dgnet.data.store.crops import Crops
from dgnet.data.store.decode import decode_image
from dgnet.data.store.recipe import Recipe, open_store
from dgnet.data.store.resize import resize
from dgnet.files.images import ImagesU8

SHARE = 8  # the fewest images per thread: with fewer, starting the thread would cost more than it saves


class PackedCrops:
    """Gives the same pixels as `Crops`, but decodes and resizes at each access; its file is as large as the images'."""

    def __init__(self, path: Path, index: CropIndex, size: tuple[int, int], workers: int) -> None:
        self.path, self.size, self.digests = path, size, index.digests
        self._files = np.memmap(path, dtype=np.uint8, mode="r")
        self._ends = np.cumsum(index.lengths)
        self._starts = self._ends - index.lengths
        self._pool = ThreadPoolExecutor(workers)
        self._workers = workers

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, indices: Sequence[int] | npt.NDArray[np.int64] | slice) -> ImagesU8:
        """The images at `indices` (a list, an array or a slice), uint8 n×H×W×3."""
        chosen = np.arange(len(self))[indices if isinstance(indices, slice) else np.asarray(indices, dtype=np.int64)]
        shares = np.array_split(chosen, min(self._workers, max(1, len(chosen) // SHARE)))
        return np.concatenate(list(self._pool.map(self._decode, shares)))

    def _decode(self, indices: npt.NDArray[np.int64]) -> ImagesU8:
        return resize(
            [decode_image(self._files[self._starts[i] : self._ends[i]].tobytes()) for i in indices], self.size
        )


def open_packed(
    records: Sequence[Record],
    size: tuple[int, int],
    cache_dir: Path,
    *,
    workers: int = 2,
    progress: bool = True,
) -> PackedCrops:
    """The crops of `records` at `size` (height, width), decoded from one file in `cache_dir` that joins their files.

    Reuse, rebuilding and errors are as of `open_crops` (every image is decoded once, as a check, when it is packed).
    One packed file serves every size. `workers` threads decode.
    """
    if min(size) < 1:
        raise ValueError(f"size={size}: height and width must be positive")

    def pack(files: list[bytes], _: list[ImagesU8]) -> bytes:
        return b"".join(files)

    recipe = Recipe("packed", "1", b"", pack, num_bytes=None)
    path, index = open_store(records, recipe, cache_dir, workers, progress)
    return PackedCrops(path, index, size, workers)


CropStore = Crops | PackedCrops  # what training and evaluation read images from
