"""Drawing: appearance codes of sources, and the images of a shard with what is measured of them; no file is read."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import normalize

from dgnet.data.normalise import normalise
from dgnet.files.images import ImagesU8
from dgnet.generation.swap import device_of, to_u8
from dgnet.generation.synthesis.people import People
from dgnet.generation.synthesis.plan import BATCH, CodeBatch, Shard
from dgnet.generation.synthesis.recipe import Int64Array, Recipe
from dgnet.generation.synthesis.shards import Drawn, Float32Array, thumbnails
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.retrieval.features.extract import ImageStore

WRITERS = 4  # threads that encode JPEG files beside a GPU


@dataclass
class Artist:
    """Draws what a plan asks for; every call is a function of its arguments and the model.

    Args:
        model: in eval mode.
        crops: the sources' images.
        names: the sources' paths, as they are named in each file's metadata.
        card: what each file's metadata says beside its own pair: of the model, the seed, the program.
        features: re-id features of normalised images, for the filter by identity.
        people: to whom the images are compared.
        discriminator: for the filter by realism.
    """

    model: DGNet
    crops: ImageStore
    recipe: Recipe
    names: Sequence[str]
    card: Mapping[str, object]
    features: Callable[[Tensor], Tensor] | None = None
    people: People | None = None
    discriminator: Discriminator | None = None

    @torch.inference_mode()
    def encode(self, batch: CodeBatch) -> Float32Array:
        """The appearance codes of a batch of sources, N x A x 4."""
        codes = self.model.appearance_encoder.code(self._images(batch.sources))
        return codes.float().cpu().numpy()

    @torch.inference_mode()
    def draw(self, shard: Shard, codes: Float32Array) -> Drawn:
        """A shard's images with what is measured of them; `codes` are the appearance codes of its x_i, in its order."""
        size, device = len(shard.numbers), device_of(self.model)
        a = torch.from_numpy(codes)
        jpegs: list[bytes] = []
        thumbs: list[ImagesU8] = []
        changed, similarity, rank, realism = (list[np.ndarray]() for _ in range(4))
        last: tuple[int, Tensor] | None = None  # the last structure, which the next batch may begin with
        with ThreadPoolExecutor(1 if device.type == "cpu" else WRITERS) as pool:
            pending = []
            for part in batches_of(size):
                j, inverse = np.unique(shard.j[part], return_inverse=True)
                x_j_u8 = np.asarray(self.crops[j])
                s, last = self._structures(j, x_j_u8, last)
                drawn = to_u8(self.model.compose(a[part].to(device), s[torch.from_numpy(inverse).to(device)]))
                small = thumbnails(drawn)
                before = thumbnails(x_j_u8)[inverse].astype(np.int16)
                thumbs.append(small)
                changed.append(np.abs(small - before).mean(axis=(1, 2, 3)).astype(np.float32))
                likeness, place, real = self._judge(drawn, shard.i[part], shard.j[part])
                similarity.append(likeness)
                rank.append(place)
                realism.append(real)
                kept = self._passes(changed[-1], rank[-1], realism[-1])
                numbers, i, j_of = (column[part].tolist() for column in (shard.numbers, shard.i, shard.j))
                pending.append(pool.map(self._encoded, drawn, kept.tolist(), numbers, i, j_of))
            for part_of_jpegs in pending:
                jpegs += part_of_jpegs
        columns = (np.concatenate(column) for column in (thumbs, changed, similarity, rank, realism))
        return Drawn(jpegs, *columns)

    def _structures(
        self, j: Int64Array, x_j_u8: ImagesU8, last: tuple[int, Tensor] | None
    ) -> tuple[Tensor, tuple[int, Tensor]]:
        """The structure codes of sources j, ascending, of which the first may be the last of the batch before."""
        known = last is not None and last[0] == int(j[0])
        codes = [last[1]] if known and last is not None else []
        if len(j) > len(codes):
            codes.append(self.model.structure_encoder(self._normalised(x_j_u8[len(codes) :])))
        s = torch.cat(codes)
        return s, (int(j[-1]), s[-1:])

    def _judge(self, drawn: ImagesU8, i: Int64Array, j: Int64Array) -> tuple[Float32Array, Int64Array, Float32Array]:
        """Similarity and rank of the person of each image's pid, and realism; NaN, 0 and NaN where not asked for."""
        similarity, realism = (np.full(len(drawn), np.nan, dtype=np.float32) for _ in range(2))
        rank = np.zeros(len(drawn), dtype=np.int64)
        if self.features is None and self.discriminator is None:
            return similarity, rank, realism
        x = self._normalised(drawn)
        if self.features is not None and self.people is not None:
            f = normalize(self.features(x).float(), dim=1) + normalize(self.features(x.flip(3)).float(), dim=1)
            likeness = normalize(f, dim=1).cpu().numpy() @ self.people.features.T
            own = self.people.of_source[j if self.recipe.identity == "structure" else i]
            similarity = likeness[np.arange(len(own)), own]
            rank = 1 + (likeness > similarity[:, None]).sum(axis=1)
        if self.discriminator is not None:
            maps = [scores.flatten(1).mean(dim=1) for scores in self.discriminator(x)]
            realism = torch.stack(maps).mean(dim=0).float().cpu().numpy()
        return similarity, rank, realism

    def _passes(self, changed: Float32Array, rank: Int64Array, realism: Float32Array) -> np.ndarray:
        passes = changed >= self.recipe.near
        if self.recipe.keep_rank:
            passes &= rank <= self.recipe.keep_rank
        if self.recipe.min_realism is not None:
            passes &= realism >= self.recipe.min_realism
        return passes

    def _encoded(self, image_u8: ImagesU8, kept: bool, number: int, i: int, j: int) -> bytes:
        """The JPEG file of an image, with its provenance as a comment; nothing for one that is not kept."""
        if not kept:
            return b""
        said = {**self.card, "number": number, "appearance": self.names[i], "structure": self.names[j]}
        file = io.BytesIO()
        Image.fromarray(image_u8).save(
            file, "JPEG", quality=self.recipe.quality, comment=json.dumps(said, ensure_ascii=False).encode()
        )
        return file.getvalue()

    def _images(self, sources: Int64Array) -> Tensor:
        return self._normalised(np.asarray(self.crops[sources]))

    def _normalised(self, images_u8: ImagesU8) -> Tensor:
        return normalise(torch.from_numpy(np.ascontiguousarray(images_u8)).to(device_of(self.model)))


def batches_of(size: int) -> list[slice]:
    """Nearly equal parts of about BATCH images: a few that are left over would cost as much as many."""
    ends = np.linspace(0, size, max(1, round(size / BATCH)) + 1).round().astype(int).tolist()
    return [slice(start, stop) for start, stop in itertools.pairwise(ends)]
