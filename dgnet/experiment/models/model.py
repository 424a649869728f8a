"""The trained model that `dgnet.load` gives to a program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dgnet.config import RunConfig
from dgnet.data.store.given import GivenImages, read_given, resized_batches
from dgnet.errors import DgnetError
from dgnet.experiment.evaluation.features import with_both
from dgnet.export.pixels import DGNETS, Pixels
from dgnet.files.images import ImagesU8
from dgnet.generation.interpolate import interpolate, interpolate_structure
from dgnet.generation.swap import swap_and_paste_pairs, swap_matrix, swap_pairs
from dgnet.models.appearance import Teacher
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.retrieval.features.extract import FeatureFunction, Float32Array, extract
from dgnet.retrieval.rows import BASELINE, BOTH, FINE, PRIM

BATCH_SIZE = 256  # the same as in `dgnet evaluate`: with another, features would differ in their last digits
PARTS = {"prim": PRIM, "fine": FINE, "both": BOTH, "baseline": BASELINE}  # a feature's name here: its name in tables


class ModelError(DgnetError, ValueError):
    """A model was asked for something that it cannot do, or was given images that do not go together."""


@dataclass(frozen=True)
class Source:
    """What computes the features: a dgnet network, or a file of another program's (then `network` is None)."""

    function: FeatureFunction
    alpha: float
    size: tuple[int, int]
    network: DGNet | Teacher | None
    names: tuple[str, ...]  # of the features, as `Model.parts` has them
    engine: str = "torch"
    pixels: Pixels = DGNETS


class Model:
    """A model that computes features of people, and draws people in each other's clothes. `dgnet.load` gives one.

    An image is a path, a Pillow image, or a uint8 array: H x W x 3, or N x H x W x 3 for several images. Give one, or a
    list in which kinds and sizes may be mixed; `features` takes a generator of images too. All are resized as in
    training. Arrays are **RGB**: OpenCV reads BGR, so give `image[:, :, ::-1]`.

    Attributes:
        name: the RUN that was loaded.
        card: what the model's file says about it, such as how it was made and what it scores.
        config: the settings it was trained with; None for a file of another program's.
        size: (height, width) of the images it takes and draws.
        device: where it runs.
        parts: the names of its features; the first is the default of `features`.
        can_draw: whether it has a generator.
        engine: what computes the features: `torch`, `onnxruntime` or `openvino`.
        input: what its file takes for pixels, such as `bgr-u8`; what a caller gives is the same for all.
    """

    def __init__(
        self, name: str, source: Source, config: RunConfig | None, card: dict[str, str], device: torch.device
    ) -> None:
        self.name = name
        self.config = config
        self.card = card
        self.size = source.size
        self.parts = source.names
        self.engine, self.input = source.engine, source.pixels
        self._source = source
        self.to(device)

    @property
    def can_draw(self) -> bool:
        return isinstance(self._source.network, DGNet)

    def __repr__(self) -> str:
        kind = {DGNet: "recognises and draws", Teacher: "Baseline: recognises alone"}
        file = "an OpenVINO file" if self.name.endswith(".xml") else "an ONNX file"
        what = kind.get(type(self._source.network), f"{file}: recognises alone")
        parts = ", ".join(self.parts)
        where = f"on {self.device}" if self.engine == "torch" else f"by {self.engine}"
        return f"<dgnet.Model {self.name!r}: {what}; {self.size[0]} x {self.size[1]}; {parts}; {where}>"

    def to(self, device: str | int | torch.device) -> Model:
        """Move the networks to `auto`, `cpu`, `cuda`, `cuda:1` or `1`, or `mps`, and return this model.

        Raises:
            ConfigError: this machine has no such device.
            ModelError: the model is run by another engine than torch, which is only on the CPU.
        """
        network, there = self._source.network, pick_device(device)
        if self.engine != "torch" and there.type != "cpu":
            raise ModelError(f"{self.name}: {self.engine} runs on the CPU here; found device {device!r}")
        if network is not None:
            place(network, there)
        self.device = there
        return self

    def features(
        self, images: GivenImages, *, part: str = "", batch_size: int = BATCH_SIZE, mirror: bool = True
    ) -> Float32Array:
        """Features for search by inner product, float32 N x F; `dgnet evaluate` ranks by the same features.

        For each head f: the unit vector along f(x)/|f(x)| + f(x')/|f(x')|, x' the mirrored image. `prim`, `fine` and
        `baseline` have length 1 (L2), so the inner product of two is their cosine. `both` is
        (f_prim, sqrt(alpha) f_fine): the inner product of two is cos_prim + alpha cos_fine, and its length is
        sqrt(1 + alpha); divide by it, or use cosine distance, where an index wants unit vectors: the order is the same.

        Args:
            images: see the class. A generator is read one batch at a time.
            part: one of `parts`; empty means the first of them, which is `both` where the model has both heads.
            batch_size: how many images are processed at a time. While one batch is, the next is decoded.
            mirror: off, f(x)/|f(x)| alone is used, in half the time; a little worse.

        Raises:
            DataError: there are no images, or something is not an image; the message says which, such as `images[3]`.
            ModelError: there is no such part; or an ONNX file has several outputs, and `part` is empty.
        """
        if part and part not in self.parts:
            raise ModelError(f"part: found {part!r}, but {self.name} has {', '.join(self.parts)}")
        several = len(self.parts) > 1 and "both" not in self.parts
        if not part and several:
            raise ModelError(f"part: {self.name} gives several features; choose one of {', '.join(self.parts)}")
        return self.named_features(images, batch_size=batch_size, mirror=mirror)[part or self.parts[0]]

    def named_features(
        self, images: GivenImages, *, batch_size: int = BATCH_SIZE, mirror: bool = True
    ) -> dict[str, Float32Array]:
        """The features of all `parts` by name, from one pass over the images. Arguments and errors as in `features`."""
        function, device = self._source.function, self.device
        batches = [
            extract(function, batch, batch_size=batch_size, device=device, progress=False, mirror=mirror)
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
            appearance, structure: see the class. The n-th appearance goes with the n-th structure; where one of the two
                is a single image, it goes with all of the other.
            pasted: draw only the clothes, and keep the structure image elsewhere.
            every: draw each appearance with each structure, instead of pairs.
            batch_size: how many images are processed at a time.

        Returns:
            uint8 N x H x W x 3 at the model's size, RGB; with `every`, R x C x H x W x 3.

        Raises:
            DataError: as in `features`.
            ModelError: the model has no generator, `batch_size` is below 1, or the numbers of images differ.
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
            start, end: one image each, which give the clothes at t = 0 and at t = 1.
            structure: one image, which gives the body, pose and background.
            num_steps: the number of images to draw, t = 0 and t = 1 included; at least 2.

        Returns:
            uint8 num_steps x H x W x 3.

        Raises:
            DataError: as in `features`.
            ModelError: the model has no generator, an argument holds more than one image, or `num_steps` is below 2.
        """
        return interpolate(*self._between(start, end, structure, "structure", num_steps), num_steps)

    def interpolate_structure(
        self, start: GivenImages, end: GivenImages, appearance: GivenImages, num_steps: int = 9
    ) -> ImagesU8:
        """G(a, (1 - t) s_start + t s_end): from one person's body and pose to another's, in one person's clothes.

        As `interpolate`, with `appearance` giving the clothes.
        """
        return interpolate_structure(*self._between(start, end, appearance, "appearance", num_steps), num_steps)

    def _between(
        self, start: GivenImages, end: GivenImages, kept: GivenImages, kept_name: str, num_steps: int
    ) -> tuple[DGNet, ImagesU8, ImagesU8, ImagesU8]:
        """The generator and the three images of an interpolation, H x W x 3 each. Raises as `interpolate` does."""
        network = self._generator()
        if num_steps < 2:
            raise ModelError(f"num_steps: found {num_steps}, must be at least 2: both ends are among them")
        single = []
        for images, name in ((start, "start"), (end, "end"), (kept, kept_name)):
            read = read_given(images, self.size, name)
            if len(read) != 1:
                raise ModelError(f"{name}: found {len(read)} images, must be one")
            single.append(read[0])
        return network, single[0], single[1], single[2]

    def _generator(self) -> DGNet:
        network = self._source.network
        if not isinstance(network, DGNet):
            raise ModelError(f"{self.name}: has no generator (features: {', '.join(self.parts)}), so it cannot draw")
        return network
