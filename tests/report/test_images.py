"""Images in a report are embedded as they are, and arrays that do not fit together are refused."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from dgnet.report.images import data_uri
from dgnet.report.parts.galleries.ranked import RankedQuery
from dgnet.report.parts.swaps.grid import SwapGrid
from dgnet.report.parts.swaps.truth import TrueSwaps


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 16, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("height", [16, 128])
def test_images_are_embedded_as_they_are(height: int) -> None:
    image = np.zeros((height, 64, 3), dtype=np.uint8)
    image[:, :33] = (200, 40, 60)  # an edge of colours inside a pair of columns: no chroma may be lost
    image[:, 33:] = (40, 60, 200)
    head, encoded = data_uri(image).split(",")
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
    assert head == f"data:image/{'png' if height < 64 else 'jpeg'};base64"
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).max() <= (0 if height < 64 else 12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SwapGrid(images(2), images(3), images(3, 2)), r"swap grid: .* call for swapped \(2, 3, 16, 8, 3\)"),
        (lambda: TrueSwaps(images(2), images(2), images(2), images(3)), "four arrays of one shape"),
        (lambda: RankedQuery(images(), images(10), [True]), "10 images but 1 marks"),
        (lambda: data_uri(images().astype(np.float32)), r"expected an image H×W×3 uint8, found \(16, 8, 3\) float32"),
    ],
)
def test_pictures_that_do_not_fit(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        make()
