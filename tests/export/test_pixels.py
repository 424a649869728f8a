"""What networks take for pixels: bytes come back exactly, channels are where they should be, wrong names are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from dgnet.data.normalise import normalise
from dgnet.export.pixels import PIXELS, Pixels, PixelsError, from_normalised, pixels_beside, pixels_named, to_normalised

EVERY_BYTE = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
EVERY_BYTE = EVERY_BYTE + np.array([0, 1, 2], np.uint8)  # the three channels differ


@pytest.mark.parametrize("pixels", PIXELS)
def test_the_way_there_and_back(pixels: Pixels) -> None:
    x = normalise(torch.from_numpy(EVERY_BYTE))
    torch.testing.assert_close(to_normalised(from_normalised(x, pixels), pixels), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("pixels", "scale"), [("u8", 1.0), ("unit", 255.0)])
def test_bytes_come_back_in_the_order_that_is_named(pixels: str, scale: float) -> None:
    x, rgb = normalise(torch.from_numpy(EVERY_BYTE)), EVERY_BYTE.transpose(0, 3, 1, 2).astype(np.float32) / scale
    for prefix, expected in (("", rgb), ("bgr-", rgb[:, ::-1])):
        found = from_normalised(x, pixels_named(prefix + pixels, "input")).numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 if scale > 1 else 0)


def test_uint8_is_taken_too() -> None:
    images = torch.from_numpy(EVERY_BYTE).permute(0, 3, 1, 2)
    torch.testing.assert_close(to_normalised(images, "u8"), normalise(torch.from_numpy(EVERY_BYTE)), rtol=0, atol=1e-5)


def test_a_text_file_beside_the_model_states_it(tmp_path: Path) -> None:
    model, beside = tmp_path / "retail.xml", tmp_path / "retail.xml.input"
    assert pixels_beside(model) is None
    beside.write_text("bgr-u8\n")
    assert pixels_beside(model) == "bgr-u8"
    beside.write_text("bgr")
    with pytest.raises(PixelsError, match=r"retail.xml.input: found 'bgr', must be one of imagenet, unit, u8, bgr-"):
        pixels_beside(model)
    beside.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PixelsError, match=r"retail.xml.input: cannot be read as text"):
        pixels_beside(model)
