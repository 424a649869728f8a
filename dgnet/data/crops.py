"""The crop store: every image decoded and resized once, in one memory-mapped uint8 array that all runs share."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from dgnet.data.crop_index import CropIndex, digest, file_digests, file_stats
from dgnet.data.decode import ImageError, decode_image
from dgnet.data.records import DataError, Record, name_some
from dgnet.data.resize import Pixels, resize

try:
    import fcntl
except ImportError:  # no advisory locks here: two processes may then both build, and each ends with a whole store
    fcntl = None  # type: ignore[assignment]

RECIPE = "rgb uint8 bicubic, 1"  # change it whenever the same file would give other pixels
CHUNK = 64  # images a task: their resized pixels (6 MB at 256×128) are written in one piece
NUM_NAMED_UNREADABLE = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crops:
    """Images of a list of records: `images_u8` uint8 N×H×W×3 (read-only, memory-mapped) in the records' order."""

    images_u8: np.memmap
    path: Path

    def __len__(self) -> int:
        return len(self.images_u8)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of every image."""
        return self.images_u8.shape[1], self.images_u8.shape[2]

    def __getitem__(self, indices: Sequence[int] | npt.NDArray[np.int64] | slice) -> Pixels:
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
    """The crops of `records` at `size` (height, width), built in `cache_dir` unless they lie there already.

    A store is reused when every file has the size and time of change, or else the content, it was built from; a changed
    file is named in a warning and the store built anew. A store appears whole or not at all, and processes that ask
    for the same one wait for the first to build it. Raises DataError naming every missing or unreadable file, or a
    `cache_dir` that cannot be written or is full.
    """
    if not records:
        raise DataError("no images: the crop store was asked for an empty list of records")
    if min(size) < 1 or workers < 1:
        raise ValueError(f"size={size}, workers={workers}: both must be positive")
    paths = [os.path.abspath(record.path) for record in records]
    name = hashlib.blake2b("\0".join(paths).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    recipe = hashlib.blake2b(RECIPE.encode(), digest_size=4).hexdigest()
    folder = cache_dir / f"crops_{size[0]}x{size[1]}_{recipe}_{name}"
    stats = file_stats(paths)
    crops = _open(folder, paths, stats, size, workers)
    if crops is not None:
        return crops
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / "lock"):
            crops = _open(folder, paths, stats, size, workers)  # another process may have built it while we waited
            return crops or _build(folder, paths, stats, size, workers, progress)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot write the crop store ({error.strerror or error}); it needs "
            f"{len(paths) * size[0] * size[1] * 3 / 1e6:.0f} MB in a cache directory that can be written"
        ) from error


def _open(
    folder: Path, paths: list[str], stats: npt.NDArray[np.int64], size: tuple[int, int], workers: int
) -> Crops | None:
    """The finished store of exactly these files, or None where it must be built."""
    index = CropIndex.read(folder / "index.npz")
    if index is None or index.stats.shape != stats.shape:
        return None
    touched = np.flatnonzero((index.stats != stats).any(axis=1))
    now = file_digests([paths[place] for place in touched], workers)
    changed = [paths[p] for p, found in zip(touched, now, strict=True) if found != index.digests[p].tobytes()]
    if changed:
        logger.warning("%d files changed since their crops were stored: %s", len(changed), name_some(changed))
        return None
    try:
        images = np.load(folder / index.data, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    if images.shape != (len(paths), *size, 3) or images.dtype != np.uint8:
        return None
    return Crops(images, folder / index.data)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`, which the system drops when the process dies."""
    with open(path, "wb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(
    folder: Path, paths: list[str], stats: npt.NDArray[np.int64], size: tuple[int, int], workers: int, progress: bool
) -> Crops:
    for leftover in folder.glob("*.tmp"):  # of a build that was killed
        leftover.unlink(missing_ok=True)
    temporary = folder / f"images.{os.getpid()}.tmp"
    try:
        digests = _write_images(temporary, paths, size, workers, progress)
        content = digest(digests.tobytes()).hex()
        target = folder / f"images_{content}.npy"
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    CropIndex(target.name, stats, digests).write(folder / "index.npz")
    for outdated in folder.glob("images_*.npy"):
        if outdated != target:
            with contextlib.suppress(OSError):  # a system that keeps mapped files will let us next time
                outdated.unlink()
    return Crops(np.load(target, mmap_mode="r"), target)


def _write_images(
    path: Path, paths: list[str], size: tuple[int, int], workers: int, progress: bool
) -> npt.NDArray[np.uint8]:
    """Decode, resize and write all images as one .npy file; return their content hashes, uint8 N×16."""
    digests: list[bytes] = []
    failures: list[str] = []
    with (
        open(path, "wb") as file,
        ThreadPoolExecutor(workers) as pool,
        tqdm(total=len(paths), desc="crops", unit="image", dynamic_ncols=True, disable=not progress) as bar,
    ):
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(paths), *size, 3)}
        np.lib.format.write_array_header_1_0(file, header)
        chunks = iter([paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)])
        running: deque[Future[tuple[Pixels, list[bytes], list[str]]]] = deque()
        while True:
            # Two tasks a worker keep all of them busy while only so many chunks lie in memory.
            while len(running) < 2 * workers and (chunk := next(chunks, None)) is not None:
                running.append(pool.submit(_load, chunk, size))
            if not running:
                break
            images, hashes, failed = running.popleft().result()
            failures += failed
            digests += hashes
            if not failures:
                file.write(images.data)
            bar.update(len(hashes))
        if failures:
            raise DataError(
                f"{len(failures)} of {len(paths)} images cannot be read; replace or remove them: "
                + name_some(failures, NUM_NAMED_UNREADABLE)
            )
        file.flush()
        os.fsync(file.fileno())
    return np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(paths), -1)


def _load(paths: list[str], size: tuple[int, int]) -> tuple[Pixels, list[bytes], list[str]]:
    """Resized images and content hashes of a chunk, and a line for each file that cannot be read."""
    images: list[Pixels] = []
    hashes, failed = [], []
    for path in paths:
        image, data = np.zeros((*size, 3), dtype=np.uint8), b""
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read()
            image = decode_image(data)
        except ImageError as error:
            failed.append(f"{path} ({error})")
        except OSError as error:
            failed.append(f"{path} ({error.strerror})")
        images.append(image)
        hashes.append(digest(data))
    return resize(images, size), hashes, failed
