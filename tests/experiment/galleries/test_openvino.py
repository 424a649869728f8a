"""A gallery of an OpenVINO file's features: what the file takes for pixels is kept with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dgnet
from dgnet.experiment.galleries.embedder import Loading
from dgnet.export.pixels import PixelsError

openvino = pytest.importorskip("openvino", reason="pip install openvino, to run files of its form")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file of one fixed shape, as Intel's models are, that gives an image's channel means."""
    from openvino import opset13

    images = opset13.parameter([1, 3, 16, 8], np.float32, name="data")
    means = opset13.reduce_mean(images, np.array([2, 3], np.int64), keep_dims=False)
    path = tmp_path / "means.xml"
    openvino.save_model(openvino.Model([means], [images], "means"), str(path), compress_to_fp16=False)
    return path


def test_the_pixels_are_said_once(model: Path, tmp_path: Path) -> None:
    pictures = [np.full((16, 8, 3), colour, np.uint8) for colour in ((250, 9, 9), (9, 250, 9), (9, 9, 250))]
    with pytest.raises(PixelsError, match=r"means.xml: does not say what it takes for pixels: give input"):
        dgnet.Gallery.create(tmp_path / "people.db", model)
    assert not (tmp_path / "people.db").exists()
    with dgnet.Gallery.create(tmp_path / "people.db", model, Loading(input="bgr-u8")) as gallery:
        gallery.add(pictures)
        first = gallery.store.meta
    assert (first.input, "then as bgr-u8" in first.preprocessing) == ("bgr-u8", True)
    with dgnet.Gallery.open(tmp_path / "people.db") as gallery:
        (answer,) = gallery.search([pictures[1]], top=1)
        assert answer.matches[0].similarity > 0.99  # others have .07
    with dgnet.Gallery.create(tmp_path / "other.db", model, Loading(input="u8")) as gallery:
        assert gallery.store.meta.model_hash != first.model_hash  # the same file, asked otherwise, is another model
