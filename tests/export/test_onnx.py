"""ONNX files: they give torch's features at any batch size; files that cannot be used are refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dgnet.config import Pool, RunConfig
from dgnet.export.file_model import ExportError
from dgnet.export.onnx import EXPORT_BATCH, export_onnx
from dgnet.export.onnx_model import OnnxModel
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

Stir = Callable[[torch.nn.Module], torch.nn.Module]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.mark.parametrize(("ibn", "pool"), [(False, "max"), (True, "max"), (False, "mean")])
def test_features_are_torchs_at_other_batch_sizes(
    config: RunConfig, files: Path, stir: Stir, ibn: bool, pool: Pool
) -> None:
    backbone = replace(config.network.backbone, ibn=ibn, mixstyle=0.5)
    model = stir(DGNet(replace(config.network, backbone=backbone, pool=pool), 4))
    assert isinstance(model, DGNet)
    folder = files / f"{pool}{ibn}"
    loaded = OnnxModel(export_onnx(model, config, folder / "model.onnx", "market1501"))
    assert (loaded.size, loaded.names, loaded.alpha, loaded.trained_on) == (
        (64, 32),
        ["prim", "fine"],
        0.5,
        "market1501",
    )
    for number in (1, EXPORT_BATCH + 3):
        images = torch.randn(number, 3, 64, 32, generator=torch.Generator().manual_seed(number))
        with torch.inference_mode():
            expected = model.features(images)
        found = loaded(images)
        for name, feature in expected._asdict().items():
            assert feature.std() > 0.05
            torch.testing.assert_close(found[name], feature, rtol=1e-4, atol=1e-5)
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]


def test_a_teacher_gives_the_baselines_feature(config: RunConfig, files: Path, stir: Stir) -> None:
    teacher = stir(Teacher(config.teacher.backbone, 8, 4))
    assert isinstance(teacher, Teacher)
    loaded = OnnxModel(export_onnx(teacher, config, files / "teacher.onnx"))
    images = torch.randn(3, 3, 64, 32)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(images)["baseline"], teacher.features(images), rtol=1e-4, atol=1e-5)


def write_foreign(path: Path, batch: int | str, size: tuple[int | str, ...], *, flat: bool = True) -> Path:
    """Write an ONNX file, as another library would, that gives each image's channel means, N x 3."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    axes = helper.make_tensor("axes", onnx.TensorProto.INT64, [2], [2, 3])
    node = helper.make_node("ReduceMean", ["x", "axes"], ["embedding"], keepdims=0 if flat else 1)
    inputs = [helper.make_tensor_value_info("x", kind, [batch, *size])]
    outputs = [helper.make_tensor_value_info("embedding", kind, None)]
    graph = helper.make_graph([node], "means", inputs, outputs, [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("batch", ["N", 1, 4])
def test_other_models_files_run_whatever_their_batch(batch: int | str, tmp_path: Path) -> None:
    loaded = OnnxModel(write_foreign(tmp_path / "means.onnx", batch, (3, "H", "W")))
    assert (loaded.size, loaded.trained_on) == (None, "")
    images = torch.randn(6, 3, 16, 8)
    torch.testing.assert_close(loaded(images)["embedding"], images.mean(dim=(2, 3)))


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"gone.onnx: no such file"):
        OnnxModel(tmp_path / "gone.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"not a model")
    with pytest.raises(ExportError, match=r"broken.onnx: cannot be read as ONNX"):
        OnnxModel(tmp_path / "broken.onnx")
    with pytest.raises(ExportError, match=r"grey.onnx: expected one input, float32 or uint8 N x 3 x H x W, found x "):
        OnnxModel(write_foreign(tmp_path / "grey.onnx", "N", (1, 16, 8)))
    maps = OnnxModel(write_foreign(tmp_path / "maps.onnx", "N", (3, 16, 8), flat=False))
    with pytest.raises(ExportError, match=r"output 'embedding' is \(2, 3, 1, 1\) for 2 images, expected N x F"):
        maps(torch.zeros(2, 3, 16, 8))
    with pytest.raises(ExportError, match=r"maps.onnx: fails on images \(2, 3, 8, 8\)"):
        maps(torch.zeros(2, 3, 8, 8))


def test_missing_packages_are_named(config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_foreign(tmp_path / "means.onnx", "N", (3, 16, 8))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportError, match=r"running ONNX needs onnxruntime: pip install 'dgnet\[export\]'"):
        OnnxModel(tmp_path / "means.onnx")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ExportError, match=r"writing ONNX needs the package onnxscript"):
        export_onnx(DGNet(config.network, 4).eval(), config, tmp_path / "model.onnx")


@pytest.mark.usefixtures("converted_once")
def test_a_file_that_cannot_be_written_is_named(config: RunConfig, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(ExportError, match=r"taken/model.onnx: cannot be written"):
        export_onnx(DGNet(config.network, 4).eval(), config, tmp_path / "taken" / "model.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ExportError, match=r"folder.onnx: cannot be written"):
        export_onnx(DGNet(config.network, 4).eval(), config, tmp_path / "folder.onnx")
    assert list(tmp_path.glob(".*")) == []
