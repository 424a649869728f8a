"""What a gallery needs of a model: features of crops, and a hash that tells its features from those of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dgnet.files.images import ImagesU8
from dgnet.gallery.stores.protocol import Float32Array, GalleryError, Meta


@dataclass(frozen=True)
class Embedder:
    """A model as galleries use it.

    Args:
        name: what loads it again, for people to read.
        hash: changes with the model's file, the feature taken and the preprocessing.
        preprocessing: what is done to an image, in words.
        part: which of the model's features.
        size: (height, width) of the crops it takes.
        input: what numbers its file takes for pixels, to load it again.
        dim: numbers per feature.
        function: crops uint8 B×H×W×3, RGB, to features B×dim; they need not have length 1.
    """

    name: str
    hash: str
    preprocessing: str
    part: str
    size: tuple[int, int]
    dim: int
    function: Callable[[ImagesU8], Float32Array]
    input: str = ""

    def features(self, crops: ImagesU8) -> Float32Array:
        """Features of length 1, float32 B×dim. Raises GalleryError where one is not finite, or zero."""
        found = np.asarray(self.function(crops), dtype=np.float32)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        if found.shape != (len(crops), self.dim) or not np.isfinite(length).all() or not length.all():
            raise GalleryError(
                f"{self.name}: gave features {found.shape} that are not all finite and above zero in length, must be "
                f"{(len(crops), self.dim)}; look at the model's file"
            )
        unit: Float32Array = found / length
        return unit

    def check(self, meta: Meta, address: str) -> None:
        """Raise GalleryError unless a gallery holds features of this very model."""
        if meta.model_hash != self.hash:
            raise GalleryError(
                f"{address}: holds features of {meta.model_name} (model {meta.model_hash[:12]}), and {self.name} is "
                f"another model ({self.hash[:12]}): their features cannot be compared. Give --model {meta.model_name} "
                "as it was, or make the features anew with `dgnet gallery rebuild`"
            )
