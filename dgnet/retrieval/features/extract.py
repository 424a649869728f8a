"""Test features: each head's feature of an image and of its mirror, normalised, averaged, normalised again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import normalize
from tqdm import tqdm

from dgnet.data.normalise import normalise
from dgnet.retrieval.arrays import EvaluationError

Float32Array = npt.NDArray[np.float32]
FeatureFunction = Callable[[torch.Tensor], dict[str, torch.Tensor]]  # normalised B×3×H×W -> B×F for each name


class ImageStore(Protocol):
    """What `extract` reads: a `CropStore`, or a plain uint8 array N×H×W×3."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]: ...


def extract(
    function: FeatureFunction,
    crops: ImageStore,
    *,
    batch_size: int = 256,
    device: str | torch.device = "cpu",
    progress: bool = True,
    paths: Sequence[str] = (),
    mirror: bool = True,
) -> dict[str, Float32Array]:
    """Unit features N×F of all N crops: one array per name that `function` gives.

    For a named feature f: g(x) = f(x)/|f(x)|, and the test feature is the unit vector along g(x) + g(mirror x). The
    caller has put the networks in eval mode.

    Args:
        paths: the crops' files, named in the error message.
        mirror: off, the test feature is g(x) alone.

    Raises EvaluationError where there are no images, or where a feature is not finite; the message then names the
    first such image by its file or number.
    """
    total = len(crops)
    if total == 0:
        raise EvaluationError("no images to extract features from")
    features: dict[str, Float32Array] = {}
    bar = tqdm(total=total, desc="features", unit="image", dynamic_ncols=True, disable=not progress)
    with torch.inference_mode(), bar:
        for start in range(0, total, batch_size):
            indices = np.arange(start, min(start + batch_size, total))
            images = normalise(torch.from_numpy(np.asarray(crops[indices])).to(device))
            sides = [function(images), function(images.flip(3))] if mirror else [function(images)]
            for name in sides[0]:
                units = [normalize(side[name].float(), dim=1) for side in sides]
                batch = (normalize(units[0] + units[1], dim=1) if mirror else units[0]).cpu().numpy()
                if not np.isfinite(batch).all():
                    bad = np.flatnonzero(~np.isfinite(batch).all(axis=1))
                    first = start + int(bad[0])
                    raise EvaluationError(
                        f"feature {name!r} is NaN or infinite for {paths[first] if paths else f'image {first}'}, and "
                        f"for {len(bad) - 1} more of {len(indices)} images: look at the weights that made it"
                    )
                if name not in features:
                    features[name] = np.empty((total, batch.shape[1]), dtype=np.float32)
                features[name][indices] = batch
            bar.update(len(indices))
    return features


def combine(prim: Float32Array, fine: Float32Array, alpha: float = 0.5) -> Float32Array:
    """N×(F+F') whose inner product is <prim, prim'> + alpha <fine, fine'>."""
    if len(prim) != len(fine):
        raise EvaluationError(f"prim has {len(prim)} rows and fine {len(fine)}: they must describe the same images")
    if alpha < 0:
        raise EvaluationError(f"alpha: expected at least 0, found {alpha}")
    return np.concatenate([prim, np.float32(alpha**0.5) * fine], axis=1)
