"""Inner products of features in float32: on a CPU through oneDNN where torch has it, else through NumPy.

On an AMD processor with AVX-512, oneDNN took 0.6 times as long as OpenBLAS (NumPy), and half as long as MKL
(torch.matmul). The torch operator that calls oneDNN is private to torch's compiler and may be missing in another
version; then NumPy is used.
"""

from __future__ import annotations

import platform
from collections.abc import Callable

import numpy as np
import torch

_COLUMNS = 4096  # at most this many gallery images per product: oneDNN returns new memory, which must be copied
Product = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def onednn_product() -> Product | None:
    """A function of Q×F and N×F that gives Q×N by oneDNN; None where torch or the processor does not support it."""
    here = platform.machine().lower() in ("x86_64", "amd64") and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    operator = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if here else None
    return (lambda query, gallery: operator(query, gallery, None, "none", [], "")) if operator else None


_ONEDNN = onednn_product()


def inner_products(query: torch.Tensor, gallery: torch.Tensor, out: torch.Tensor) -> None:
    """Write the inner products of Q×F with N×F features into `out`, Q×N; all three are float32, on the same device."""
    if query.device.type != "cpu":
        torch.matmul(query, gallery.T, out=out)
    elif _ONEDNN is None:
        np.matmul(query.numpy(), gallery.numpy().T, out=out.numpy())
    else:
        # The pieces have nearly equal widths. A last piece of one single image would be summed in another order, so
        # its similarity could differ from that of an image with equal features.
        pieces = -(-len(gallery) // _COLUMNS)
        for columns, images in zip(out.tensor_split(pieces, dim=1), gallery.tensor_split(pieces), strict=True):
            columns.copy_(_ONEDNN(query, images))
