"""OpenVINO's files: their pixels must be stated; features are those of the same network elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import dgnet
from dgnet.export.file_model import ExportError
from dgnet.export.openvino_model import OpenVinoModel
from dgnet.export.pixels import PixelsError


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 16, 8, 3), dtype=np.uint8)


def test_bytes_in_bgr_reach_the_network(
    images: np.ndarray, tmp_path: Path, write_openvino: Callable[[Path], Path]
) -> None:
    """The file gives each channel's mean: of what it was given, in the order that it was given."""
    path = write_openvino(tmp_path / "means.xml")
    means = images.mean(axis=(1, 2))
    for pixels, expected in (("u8", means), ("bgr-u8", means[:, ::-1]), ("unit", means / 255)):
        model = dgnet.load(path, input=pixels)
        assert (model.parts, model.engine, model.input, model.size) == (
            ("reid_embedding",),
            "openvino",
            pixels,
            (16, 8),
        )
        unit = expected / np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(model.features(images), unit, atol=1e-5)
    assert "an OpenVINO file" in repr(model)
    (tmp_path / "means.xml.input").write_text("bgr-u8")
    assert dgnet.load(path).input == "bgr-u8"


def test_what_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_openvino: Callable[[Path], Path]
) -> None:
    path = write_openvino(tmp_path / "means.xml")
    with pytest.raises(PixelsError, match=r"does not say what it takes .*means.xml.input; Intel's .* take bgr-u8"):
        dgnet.load(path)
    with pytest.raises(PixelsError, match=r"input of .*means.xml: found 'rgb', must be one of"):
        dgnet.load(path, input="rgb")
    with pytest.raises(ExportError, match=r"engine: found 'onnxruntime', but openvino alone runs .*means.xml"):
        dgnet.load(path, engine="onnxruntime", input="u8")
    (tmp_path / "means.bin").unlink()
    with pytest.raises(ExportError, match=r"means.xml: cannot be read by OpenVINO: its weights, means.bin, are not"):
        dgnet.load(path, input="u8")
    (tmp_path / "other.xml").write_text("<html></html>")
    with pytest.raises(ExportError, match=r"other.xml: cannot be read by OpenVINO"):
        OpenVinoModel(tmp_path / "other.xml", "u8")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ExportError, match=r"needs openvino: pip install 'dgnet\[openvino\]'"):
        OpenVinoModel(path, "u8")
