"""Whether a file computes what the network that it was made of computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from dgnet.data.normalise import normalise
from dgnet.export.file_model import ExportError, FileModel

BATCHES = (1, 3)  # other sizes than the one that a network is traced with
LEAST_COSINE, LENGTH_RATIO = 0.9999, 1e-3  # of two features of an image; of their lengths, around 1
Features = Callable[[Tensor], dict[str, Tensor]]


def check_parity(original: Features, made: FileModel, size: tuple[int, int]) -> float:
    """Compare features of drawn images; returns the smallest cosine between a file's and the network's own.

    Args:
        original: from normalised images, N x 3 x H x W, to features by name.
        made: the file.
        size: (height, width).

    Raises:
        ExportError: a feature points elsewhere (cosine below LEAST_COSINE) or has another length; the message says by
            how much, so that no such file is written.
    """
    rng, smallest = np.random.default_rng(0), 1.0
    for batch in BATCHES:
        # Soft blocks over noise: pictures, rather than noise alone, whose features are all alike.
        blocks = rng.integers(0, 256, (batch, 4, 2, 3)).repeat(-(-size[0] // 4), 1).repeat(-(-size[1] // 2), 2)
        pictures = blocks[:, : size[0], : size[1]] * 0.8 + rng.integers(0, 52, (batch, *size, 3))
        x = normalise(torch.from_numpy(np.clip(pictures, 0, 255).astype(np.uint8)))
        with torch.inference_mode():
            expected, found = original(x), made(x)
        for name, feature in expected.items():
            cosine = float(cosine_similarity(feature, found[name], dim=1).min())
            length = float((found[name].norm(dim=1) / feature.norm(dim=1) - 1).abs().max())
            if not (cosine >= LEAST_COSINE and length <= LENGTH_RATIO):
                raise ExportError(
                    f"{made.path}: {made.engine} computes other features than torch: {name!r} has cosine {cosine:.5f} "
                    f"(must be at least {LEAST_COSINE}), its length differs by {length:.2%}; nothing was written. "
                    "Versions of torch, onnx and the engine may not go together"
                )
            smallest = min(smallest, cosine)
    return smallest
