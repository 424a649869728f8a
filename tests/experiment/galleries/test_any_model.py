"""A gallery with another program's model: how it was loaded is remembered, and another file is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dgnet
from dgnet import cli
from dgnet.experiment.galleries.embedder import Loading, load_embedder, model_files
from dgnet.experiment.models.find import Found

onnx = pytest.importorskip("onnx", reason="other programs' models need onnx")
pytest.importorskip("onnxruntime", reason="other programs' models need onnxruntime")


def write_model(path: Path, offset: float) -> None:
    """Mean colour plus an offset: any height and width."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Add", ["flat", "offset"], ["feature"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("images", kind, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("feature", kind, ["n", 3])],
        [onnx.numpy_helper.from_array(np.full(3, offset, np.float32), "offset")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, path)


def test_a_model_of_another_program_makes_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.onnx", 0.0)
    write_model(tmp_path / "other.onnx", 0.5)
    colours = np.random.default_rng(0).integers(0, 256, (5, 3), dtype=np.uint8)
    for number, colour in enumerate(colours):
        Image.fromarray(np.broadcast_to(colour, (20, 10, 3)).copy()).save(tmp_path / f"{number}.png")
    pictures = [f"{number}.png" for number in range(5)]
    model = ["--model", "model.onnx", "--size", "32x16", "--input", "bgr-unit"]
    cli.main(["gallery", "create", "people.db", *pictures, *model])
    with dgnet.Gallery.open("people.db") as gallery:
        expected = colours[:, ::-1] / np.linalg.norm(colours.astype(np.float64), axis=1, keepdims=True)
        np.testing.assert_allclose(next(gallery.store.read())[1], expected, atol=2e-3)
        assert gallery.store.meta.input == "bgr-unit"
    shutil.move("model.onnx", "moved.onnx")
    capsys.readouterr()
    with pytest.raises(SystemExit):
        cli.main(["search", "people.db", "3.png"])
    assert "model.onnx: no such file" in capsys.readouterr().err
    cli.main(["search", "people.db", "3.png", "--model", "moved.onnx", "--top", "1"])
    assert "3.png" in capsys.readouterr().out.splitlines()[2]
    with pytest.raises(SystemExit):
        cli.main(["search", "people.db", "3.png", "--model", "other.onnx"])
    assert "other.onnx is another model" in capsys.readouterr().err


def test_weights_in_a_file_beside_belong_to_the_model(tmp_path: Path) -> None:
    how, hashes = Loading(size=(32, 16), input="unit"), []
    for offset in (0.0, 0.5):
        write_model(tmp_path / "model.onnx", offset)
        hashes.append(load_embedder(tmp_path / "model.onnx", how).hash)
        made = onnx.load(tmp_path / "model.onnx")
        (tmp_path / "weights").unlink(missing_ok=True)
        onnx.save_model(
            made, tmp_path / "beside.onnx", save_as_external_data=True, location="weights", size_threshold=0
        )
        hashes.append(load_embedder(tmp_path / "beside.onnx", how).hash)
    assert len(set(hashes)) == 4
    assert model_files(Found("M.XML", foreign=Path("M.XML"))) == [Path("M.XML"), Path("M.bin")]
