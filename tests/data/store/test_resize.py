from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dgnet.data.store.resize import resize


@pytest.mark.parametrize(
    "shape", [(128, 64), (100, 41), (64, 32), (300, 170), (900, 500), (256, 128), (1, 1), (7, 300)]
)
def test_resize_is_pillows_bicubic(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    image[: shape[0] // 2] = image[: shape[0] // 2] // 64 * 85  # hard edges overshoot, and must clip alike
    ours = resize([image], (256, 128))[0].astype(int)
    pillow = np.asarray(Image.fromarray(image).resize((128, 256), Image.Resampling.BICUBIC)).astype(int)
    difference = np.abs(ours - pillow)
    assert difference.max() <= 4
    assert difference.mean() <= 1


def test_images_of_several_sizes_keep_their_order():
    grey = [np.full((height, 8 + height, 3), 10 * height, np.uint8) for height in (4, 6, 4, 9, 6)]
    assert resize(grey, (5, 3))[:, 0, 0, 0].tolist() == [40, 60, 40, 90, 60]
    assert resize(grey, (5, 3)).flags.c_contiguous
