"""A trained model as a program uses it: `dgnet.load`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dgnet.config import RunConfig
from dgnet.data.store.given import GivenImages, read_given, resized_batches
from dgnet.errors import DgnetError
from dgnet.experiment.evaluation.features import with_both
from dgnet.files.images import ImagesU8
from dgnet.generation.interpolate import interpolate
from dgnet.generation.swap import swap_and_paste_pairs, swap_matrix, swap_pairs
from dgnet.models.appearance import Teacher
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.retrieval.features.extract import FeatureFunction, Float32Array, extract
from dgnet.retrieval.rows import BASELINE, BOTH, FINE, PRIM

BATCH_SIZE = 256  # of `dgnet evaluate` too: sums in another order would differ in their last digits
PARTS = {"prim": PRIM, "fine": FINE, "both": BOTH, "baseline": BASELINE}  # the face's word: the table's row


class ModelError(DgnetError, ValueError):
    """Something was asked of a model that it cannot do, or of images that do not belong together."""


@dataclass(frozen=True)
class Source:
    """Where features come from: our networks, or an ONNX file."""

    function: FeatureFunction
    alpha: float
    size: tuple[int, int]
    network: DGNet | Teacher | None
    names: tuple[str, ...]  # of the features, as the face calls them


class Model:
    """A model that describes people by features, and draws them in each other's clothes. `dgnet.load` makes it.

    Images may be given as paths, pictures of Pillow's, or uint8 arrays (H x W x 3 for one, N x H x W x 3 for several),
    one or many of them, mixed, of any sizes; for features a generator too. They are resized as in training. Arrays are
    **RGB**: OpenCV reads BGR, so give it as `image[:, :, ::-1]`.

    Attributes:
        name: what it was loaded by.
        card: what its maker says of it: how it was made, what it scores.
        config: the settings it was made under; None for an ONNX file.
        size: (height, width) of the images it takes and draws.
        device: where it runs.
        parts: the names of its features; the first is what `features` gives unless asked otherwise.
        can_draw: whether it has a generator.
    """

    def __init__(
        self, name: str, source: Source, config: RunConfig | None, card: dict[str, str], device: torch.device
    ) -> None:
        self.name = name
        self.config = config
        self.card = card
        self.size = source.size
        self.parts = source.names
        self._source = source
        self.to(device)

    @property
    def can_draw(self) -> bool:
        return isinstance(self._source.network, DGNet)

    def __repr__(self) -> str:
        kind = {DGNet: "recognises and draws", Teacher: "Baseline: recognises alone"}
        what = kind.get(type(self._source.network), "an ONNX file: recognises alone")
        parts = ", ".join(self.parts)
        return f"<dgnet.Model {self.name!r}: {what}; {self.size[0]} x {self.size[1]}; {parts}; on {self.device}>"

    def to(self, device: str | int | torch.device) -> Model:
        """Move the networks, and return the model: `auto`, `cpu`, `cuda`, `cuda:1` or `1`, `mps`.

        Raises:
            ConfigError: there is no such device here.
            ModelError: an ONNX file runs on the CPU alone.
        """
        network, there = self._source.network, pick_device(device)
        if network is None and there.type != "cpu":
            raise ModelError(f"{self.name}: an ONNX file runs on the CPU here; found device {device!r}")
        if network is not None:
            place(network, there)
        self.device = there
        return self

    def features(self, images: GivenImages, *, part: str = "", batch_size: int = BATCH_SIZE) -> Float32Array:
        """Test features for search by inner product, float32 N x F: the ones that `dgnet evaluate` ranks by.

        For each head f: the unit vector along f(x)/|f(x)| + f(x')/|f(x')|, x' the mirrored image. `prim`, `fine` and
        `baseline` have length 1 (L2), so the inner product of two is their cosine. `both` is
        (f_prim, sqrt(alpha) f_fine): the inner product of two is cos_prim + alpha cos_fine, and its length is
        sqrt(1 + alpha); divide by it, or use cosine distance, where an index wants unit vectors: the order is the same.

        Args:
            images: see the class. Of a generator one batch at a time is taken.
            part: one of `parts`; empty is the first of them (`both` where there are both heads).
            batch_size: images at once.

        Raises:
            DataError: no images, or one that is none, with its place among them, such as `images[3]`.
            ModelError: no such part, or several outputs of an ONNX file of which none was chosen.
        """
        if part and part not in self.parts:
            raise ModelError(f"part: found {part!r}, but {self.name} has {', '.join(self.parts)}")
        several = len(self.parts) > 1 and "both" not in self.parts
        if not part and several:
            raise ModelError(f"part: {self.name} gives several features; choose one of {', '.join(self.parts)}")
        return self.named_features(images, batch_size=batch_size)[part or self.parts[0]]

    def named_features(self, images: GivenImages, *, batch_size: int = BATCH_SIZE) -> dict[str, Float32Array]:
        """All `parts` by name, from one pass over the images. Args and errors as `features`."""
        function, device = self._source.function, self.device
        batches = [
            extract(function, batch, batch_size=batch_size, device=device, progress=False)
            for batch in resized_batches(images, self.size, batch_size=batch_size)
        ]
        rows = {row: np.concatenate([batch[row] for batch in batches]) for row in batches[0]}
        rows = with_both(rows, self._source.alpha)
        return {name: rows[PARTS.get(name, name)] for name in self.parts}

    def swap(
        self,
        appearance: GivenImages,
        structure: GivenImages,
        *,
        pasted: bool = False,
        every: bool = False,
        batch_size: int = 64,
    ) -> ImagesU8:
        """x_ij = G(a_i, s_j): the clothes of `appearance` on the bodies, poses and backgrounds of `structure`.

        Args:
            appearance, structure: see the class; the n-th goes with the n-th. One alone goes with all of the other.
            pasted: draw the clothes alone, and keep the structure's own image elsewhere.
            every: each appearance on each structure, instead of in pairs.
            batch_size: images at once.

        Returns:
            uint8 N x H x W x 3 at the model's size, RGB; with `every`, R x C x H x W x 3.

        Raises:
            DataError: as `features`.
            ModelError: it has no generator, or the numbers of images differ.
        """
        network = self._generator()
        if batch_size < 1:
            raise ModelError(f"batch_size: found {batch_size}, must be at least 1")
        x_i, x_j = read_given(appearance, self.size, "appearance"), read_given(structure, self.size, "structure")
        if every:
            return swap_matrix(network, x_i, x_j, pasted=pasted, batch_size=batch_size)
        num_pairs = max(len(x_i), len(x_j))
        if {len(x_i), len(x_j)} - {1, num_pairs}:
            raise ModelError(
                f"found {len(x_i)} appearances and {len(x_j)} structures, must be as many of each (or one of either); "
                "every=True draws all on all"
            )
        x_i, x_j = (x if len(x) == num_pairs else np.repeat(x, num_pairs, axis=0) for x in (x_i, x_j))
        if pasted:
            return swap_and_paste_pairs(network, x_i, x_j, batch_size)[1]
        return swap_pairs(network, x_i, x_j, batch_size)

    def interpolate(self, start: GivenImages, end: GivenImages, structure: GivenImages, num_steps: int = 9) -> ImagesU8:
        """G((1 - t) a_start + t a_end, s): from one person's clothes to another's, on one body.

        Args:
            start, end: one image each, who give the clothes at t = 0 and at t = 1.
            structure: one image, of who wears them.
            num_steps: images, 2 or more, the two ends among them.

        Returns:
            uint8 num_steps x H x W x 3.

        Raises:
            DataError: as `features`.
            ModelError: it has no generator, more than one image was given, or fewer than two steps.
        """
        network = self._generator()
        if num_steps < 2:
            raise ModelError(f"num_steps: found {num_steps}, must be at least 2: both ends are among them")
        single = []
        for images, name in ((start, "start"), (end, "end"), (structure, "structure")):
            read = read_given(images, self.size, name)
            if len(read) != 1:
                raise ModelError(f"{name}: found {len(read)} images, must be one")
            single.append(read[0])
        return interpolate(network, single[0], single[1], single[2], num_steps)

    def _generator(self) -> DGNet:
        network = self._source.network
        if not isinstance(network, DGNet):
            raise ModelError(f"{self.name}: has no generator (features: {', '.join(self.parts)}), so it cannot draw")
        return network
