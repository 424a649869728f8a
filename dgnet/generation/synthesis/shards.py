"""The files of finished work: appearance codes, and shards of drawn images with what was measured of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgnet.files.whole_file import written_whole
from dgnet.generation.synthesis.plan import CodeBatch, Shard
from dgnet.generation.synthesis.recipe import Int64Array

Float32Array = npt.NDArray[np.float32]
THUMB = 8  # fields down and across of the small image that near-duplicates are told by


@dataclass(frozen=True)
class Drawn:
    """What is kept of the candidates of one shard, in its order.

    Args:
        jpegs: the JPEG file of each image; empty for one that was not kept.
        thumbs: uint8 N x THUMB x THUMB x 3, the images averaged over fields.
        changed: mean absolute difference of the thumbs of x_ij and x_j, in grey levels.
        similarity: cosine of the image's feature and the mean feature of the person of its pid; NaN if not asked for.
        rank: 1 and the number of people whose mean feature is more like it; 0 if not asked for.
        realism: D's mean score; NaN if not asked for.
    """

    jpegs: list[bytes]
    thumbs: npt.NDArray[np.uint8]
    changed: Float32Array
    similarity: Float32Array
    rank: Int64Array
    realism: Float32Array

    def write(self, path: Path) -> None:
        """Write the shard, whole or not at all."""
        ends = np.cumsum([len(jpeg) for jpeg in self.jpegs], dtype=np.int64)
        with written_whole(path) as partial, partial.open("wb") as file:
            np.savez(
                file,
                jpegs=np.frombuffer(b"".join(self.jpegs), dtype=np.uint8),
                ends=ends,
                thumbs=self.thumbs,
                changed=self.changed,
                similarity=self.similarity,
                rank=self.rank,
                realism=self.realism,
            )


@dataclass(frozen=True)
class Measured:
    """The columns of `Drawn` without its JPEG files; `kept` says of which candidates there is one."""

    kept: npt.NDArray[np.bool_]
    thumbs: npt.NDArray[np.uint8]
    changed: Float32Array
    similarity: Float32Array
    rank: Int64Array
    realism: Float32Array


def read_measured(path: Path) -> Measured:
    """What was measured of a shard's images; their files are not read."""
    with np.load(path, allow_pickle=False) as arrays:
        kept = np.diff(arrays["ends"], prepend=0) > 0
        columns = (arrays[name] for name in ("thumbs", "changed", "similarity", "rank", "realism"))
        return Measured(kept, *columns)


def read_jpegs(path: Path) -> list[bytes]:
    """The JPEG files of a shard's candidates."""
    with np.load(path, allow_pickle=False) as arrays:
        data, ends = arrays["jpegs"].tobytes(), arrays["ends"].tolist()
    return [data[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]


@dataclass(frozen=True)
class WorkFolder:
    """The folder of finished work of a data set that is not complete yet."""

    path: Path

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.path / "codes", self.path / "shards"):
            folder.mkdir(parents=True, exist_ok=True)

    def codes(self, name: str) -> Path:
        """The appearance codes of a `CodeBatch`, float32 N x A x 4."""
        return self.path / "codes" / f"{name}.npy"

    def shard(self, name: str) -> Path:
        """The images of a `Shard`."""
        return self.path / "shards" / f"{name}.npz"

    def done(self, task: CodeBatch | Shard) -> bool:
        """Whether the file that a task stands for is there."""
        return (self.codes if isinstance(task, CodeBatch) else self.shard)(task.name).exists()

    def keep(self, task: CodeBatch | Shard, found: Float32Array | Drawn) -> None:
        """Write what a task gave: codes of a `CodeBatch`, images of a `Shard`."""
        if isinstance(found, Drawn):
            found.write(self.shard(task.name))
        else:
            write_array(self.codes(task.name), found)

    def codes_of(self, shard: Shard) -> Float32Array:
        """The appearance codes of the x_i of a shard, in its order."""
        rows: dict[str, list[tuple[int, int]]] = {}
        for place, source in enumerate(shard.i.tolist()):
            name, row = shard.code_of[source]
            rows.setdefault(name, []).append((place, row))
        codes: Float32Array | None = None
        for name, pairs in rows.items():
            stored = np.load(self.codes(name), mmap_mode="r", allow_pickle=False)
            if codes is None:
                codes = np.empty((len(shard.i), *stored.shape[1:]), dtype=np.float32)
            places, of_batch = zip(*pairs, strict=True)
            codes[list(places)] = stored[list(of_batch)]
        assert codes is not None
        return codes

    @property
    def features(self) -> Path:
        """Re-id features of the sources, float32 S x F."""
        return self.path / "features.npy"


def write_array(path: Path, array: npt.NDArray) -> None:
    """Write an array as .npy, whole or not at all."""
    with written_whole(path) as partial, partial.open("wb") as file:
        np.save(file, array)


def thumbnails(images_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Images uint8 N x H x W x 3, H and W multiples of 8 -> their means over 8 x 8 fields, uint8 N x 8 x 8 x 3."""
    N, H, W, _ = images_u8.shape
    fields = images_u8.reshape(N, THUMB, H // THUMB, THUMB, W // THUMB, 3)
    # Sums in two steps, along rows of memory first; as float32 they are exact.
    means = fields.sum(axis=4, dtype=np.float32).sum(axis=2) / (H * W / THUMB**2)
    return means.round().astype(np.uint8)
