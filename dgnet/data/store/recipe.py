"""Stores: one file made from many image files, built once, whole or not at all, and shared by processes.

When a store is opened, the image files are compared with those it was built from.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from dgnet.data.records import DataError, Record, name_some
from dgnet.data.store.crop_index import CropIndex, digest, file_digests, file_stats
from dgnet.data.store.decode import ImageError, decode_image
from dgnet.data.store.file_bytes import read_file
from dgnet.files.images import ImagesU8
from dgnet.files.whole_file import partial_of, remove_leftovers

try:
    import fcntl
except ImportError:  # no file locks here: two processes may then both build, but each still ends with a whole store
    fcntl = None  # type: ignore[assignment]

CHUNK = 32  # images per task: at 256×128 their pixels (3 MB) stay in the processor's cache until they are written
SYNC_BYTES = 1 << 26  # after so many new bytes they are sent to the disk, so that it does not idle until the end
NUM_NAMED_UNREADABLE = 100

logger = logging.getLogger(__name__)


class UnreadableError(DataError):
    """Image files cannot be read. `reason_of` has all of them, absolute, and the message names them."""

    def __init__(self, reason_of: dict[str, str], total: int) -> None:
        self.reason_of = reason_of
        self.told = name_some((f"{path} ({reason})" for path, reason in reason_of.items()), NUM_NAMED_UNREADABLE)
        super().__init__(f"{len(reason_of)} of {total} images cannot be read; replace or remove them: {self.told}")


@dataclass(frozen=True)
class Recipe:
    """How a store's file is made: `header`, then the bytes `pack(files, images)` of each chunk of images in turn.

    `name` begins the name of the store's folder; `version` is text that changes whenever the same image files would
    give other bytes; `num_bytes` is the size of the store's file, or None if it is the sum of the image files' sizes.
    """

    name: str
    version: str
    header: bytes
    pack: Callable[[list[bytes], list[ImagesU8]], bytes | memoryview]
    num_bytes: int | None


def open_store(
    records: Sequence[Record], recipe: Recipe, cache_dir: Path, workers: int, progress: bool
) -> tuple[Path, CropIndex]:
    """The store's file made from `records` by `recipe`, and its index: found in `cache_dir`, or built there.

    Raises UnreadableError naming every file that cannot be read, DataError where `cache_dir` is full or not writable.
    """
    if not records:
        raise DataError("no images: the crop store was asked for an empty list of records")
    if workers < 1:
        raise ValueError(f"workers={workers}: must be positive")
    paths = [os.path.abspath(record.path) for record in records]
    key = hashlib.blake2b("\0".join((recipe.version, *paths)).encode("utf-8", "surrogateescape"), digest_size=10)
    folder = cache_dir / f"{recipe.name}_{key.hexdigest()}"
    stats = file_stats(paths)
    index = _find(folder, paths, stats, workers)
    if index is None:
        num_bytes = int(stats[:, 0].clip(0).sum()) if recipe.num_bytes is None else recipe.num_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder / "lock"):
                index = _find(folder, paths, stats, workers)  # another process may have built it while we waited
                if index is None:
                    _require_space(folder, num_bytes)
                    index = _build(folder, paths, stats, recipe, workers, progress)
        except OSError as error:
            raise DataError(
                f"{folder}: cannot write the crop store ({error.strerror or error}); it needs "
                f"{num_bytes / 1e6:.0f} MB in a cache directory that can be written"
            ) from error
    return folder / index.data, index


def _find(folder: Path, paths: list[str], stats: npt.NDArray[np.int64], workers: int) -> CropIndex | None:
    """The index of the finished store in `folder`, or None if it must be built since there is none or files changed."""
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
        whole = (folder / index.data).stat().st_size == index.data_bytes
    except OSError:
        whole = False
    return index if whole else None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; the system releases it when the process dies."""
    with open(path, "wb") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.warning("%s: another process is building this store; waiting for it", path.parent)
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _require_space(folder: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < num_bytes:
        raise DataError(
            f"{folder}: the crop store needs {num_bytes / 1e6:.0f} MB and {free / 1e6:.0f} MB are free; name another "
            "cache directory (data.cache), choose a smaller size (data.size), or keep the files packed (data.store)"
        )


def _build(
    folder: Path, paths: list[str], stats: npt.NDArray[np.int64], recipe: Recipe, workers: int, progress: bool
) -> CropIndex:
    remove_leftovers(folder)
    temporary = partial_of(folder / "images.data")  # in the end it is named by the hash of its contents
    try:
        with open(temporary, "wb") as file:
            file.write(recipe.header)
            lengths, digests = _write_chunks(file, paths, recipe, workers, progress)
            num_bytes = file.tell()
            file.flush()
            os.fsync(file.fileno())
        target = folder / f"images_{digest(digests.tobytes()).hex()}.data"
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    index = CropIndex(target.name, num_bytes, stats, lengths, digests)
    index.write(folder / "index.npz")
    for outdated in folder.glob("images_*.data"):
        if outdated != target:
            with contextlib.suppress(OSError):  # some systems keep a file while it is mapped; the next build removes it
                outdated.unlink()
    return index


@dataclass(frozen=True)
class _Chunk:
    packed: bytes | memoryview
    lengths: list[int]
    digests: list[bytes]
    failures: dict[str, str]  # path: why it cannot be read


def _write_chunks(
    file: BinaryIO, paths: list[str], recipe: Recipe, workers: int, progress: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Decode all images in parallel and write what `recipe` makes of them; return the files' lengths and hashes."""
    lengths: list[int] = []
    digests: list[bytes] = []
    failures: dict[str, str] = {}
    chunks = iter([paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)])
    running: deque[Future[_Chunk]] = deque()
    sync: Future[None] | None = None
    unsynced = 0
    with (
        ThreadPoolExecutor(workers) as pool,
        ThreadPoolExecutor(1) as syncing,
        tqdm(total=len(paths), desc="crops", unit="image", dynamic_ncols=True, disable=not progress) as bar,
    ):
        while True:
            # A few tasks per worker keep all of them busy and limit the number of chunks in memory.
            while len(running) < 3 * workers and (chunk := next(chunks, None)) is not None:
                running.append(pool.submit(_load_chunk, chunk, recipe))
            if not running:
                break
            done = running.popleft().result()
            lengths += done.lengths
            digests += done.digests
            failures |= done.failures
            if not failures:  # after a failure, go on only to name all other files that cannot be read
                unsynced += file.write(done.packed)
            if unsynced > SYNC_BYTES and (sync is None or sync.done()):
                file.flush()
                sync, unsynced = syncing.submit(os.fsync, file.fileno()), 0
            bar.update(len(done.lengths))
    if failures:
        raise UnreadableError(failures, len(paths))
    return np.array(lengths, dtype=np.int64), np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(paths), -1)


def _load_chunk(paths: list[str], recipe: Recipe) -> _Chunk:
    files: list[bytes] = []
    images: list[ImagesU8] = []
    failures: dict[str, str] = {}
    for path in paths:
        data = b""
        try:
            data = read_file(path)
            images.append(decode_image(data))
        except ImageError as error:
            failures[path] = str(error)
        except OSError as error:
            failures[path] = str(error.strerror)
        files.append(data)
    packed = b"" if failures else recipe.pack(files, images)
    return _Chunk(packed, [len(data) for data in files], [digest(data) for data in files], failures)
