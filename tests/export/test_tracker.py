"""Files for trackers: one output of length 1, the features of the model; smaller ones are refused where they lose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import dgnet
from dgnet.config import RunConfig
from dgnet.experiment.export_tracker import Reduction, calibration_files, export_tracker
from dgnet.experiment.models.find import BUNDLED_MODELS
from dgnet.export.file_model import ExportError
from dgnet.export.pixels import Pixels
from dgnet.export.tracker import TrackerForm
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.appearance import Teacher
from dgnet.models.weights.ours import save_teacher

pytestmark = pytest.mark.usefixtures("converted_once")
pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")


def run(path: Path, images: np.ndarray) -> np.ndarray:
    """The file's one output, by onnxruntime itself, as another program would run it."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {session.get_inputs()[0].name: images})
    return made


@pytest.mark.parametrize(
    ("pixels", "given"),
    [
        ("bgr-u8", lambda rgb: rgb[:, ::-1]),
        ("unit", lambda rgb: rgb.astype(np.float32) / 255),
        (
            "imagenet",
            lambda rgb: (
                (rgb / 255 - np.array([[[0.485]], [[0.456]], [[0.406]]])) / np.array([[[0.229]], [[0.224]], [[0.225]]])
            ),
        ),
    ],
)
def test_the_file_gives_the_models_features(
    pixels: Pixels, given: object, model_file: Path, images: np.ndarray, tmp_path: Path
) -> None:
    model = dgnet.load(model_file, "cpu")
    expected = model.features(images, mirror=False) / 1.5**0.5
    done = export_tracker(model_file, tmp_path / "t.onnx", TrackerForm(pixels, batch=5 if pixels == "unit" else 0))
    rgb = images.transpose(0, 3, 1, 2)
    taken = np.ascontiguousarray(given(rgb))  # type: ignore[operator]
    made = run(done.path, taken.astype(np.float32) if taken.dtype != np.uint8 else taken)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(made, expected, atol=1e-4)
    again = dgnet.load(done.path)  # which knows what it takes
    assert (again.input, again.parts, done.loss) == (pixels, ("features",), None)
    np.testing.assert_allclose(again.features(images, mirror=False), expected, atol=1e-4)


def test_a_part_and_a_baseline(config: RunConfig, model_file: Path, images: np.ndarray, tmp_path: Path) -> None:
    path = export_tracker(model_file, tmp_path / "fine.onnx", TrackerForm(part="fine")).path
    expected = dgnet.load(model_file, "cpu").features(images, part="fine", mirror=False)
    np.testing.assert_allclose(dgnet.load(path).features(images, mirror=False), expected, atol=1e-4)
    with pytest.raises(ExportError, match="part: found 'baseline', must be one of both, prim, fine here"):
        export_tracker(model_file, tmp_path / "no.onnx", TrackerForm(part="baseline"))
    torch.manual_seed(0)
    save_teacher(tmp_path / "teacher.safetensors", Teacher(config.teacher.backbone, 8, 4).eval(), config, {})
    path = export_tracker(tmp_path / "teacher.safetensors", tmp_path / "baseline.onnx").path
    expected = dgnet.load(tmp_path / "teacher.safetensors", "cpu").features(images, mirror=False)
    np.testing.assert_allclose(dgnet.load(path).features(images, mirror=False), expected, atol=1e-4)


@pytest.mark.parametrize("precision", ["half", "bf16"])
def test_short_weights_halve_the_file(precision: str, tmp_path: Path, images: np.ndarray) -> None:
    whole = export_tracker("bundled-small", tmp_path / "whole.onnx").path
    done = export_tracker("bundled-small", tmp_path / "short.onnx", None, Reduction(precision))  # type: ignore[arg-type]
    assert done.path.stat().st_size < 0.6 * whole.stat().st_size
    assert done.loss is not None
    assert done.loss.mean_cosine > 0.999
    cosines = (dgnet.load(done.path).features(images) * dgnet.load(whole).features(images)).sum(1)
    assert 0.99 < cosines.min() < 1 - 1e-8  # nearly the same, and not the very same


def test_int8_is_measured_and_refused_beyond_its_bound(tmp_path: Path) -> None:
    crops = sorted((bundled_root() / "bounding_box_train").glob("*.jpg"))[::20]
    out = tmp_path / "int8.onnx"
    with pytest.raises(ExportError, match=r"the mean cosine is below 0.99999 .*nothing was written. cosine to fp32"):
        export_tracker("bundled-small", out, None, Reduction("int8", crops, least_cosine=0.99999))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ExportError, match=r"mAP falls by more than -1"):
        export_tracker("bundled-small", tmp_path / "no.onnx", None, Reduction("half", most_lost=-1))


@pytest.mark.parametrize("model", BUNDLED_MODELS)
def test_the_bundled_models_keep_what_they_know_in_8_bits(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two bundled models one is a MobileNetV2, whose maps between few channels suffer most from 8 bits."""
    crops = sorted((bundled_root() / "bounding_box_train").glob("*.jpg"))[::20]
    out = tmp_path / "int8.onnx"
    done = export_tracker(model, out, TrackerForm("u8"), Reduction("int8", crops))
    assert done.loss is not None
    assert done.loss.mean_cosine > 0.985
    assert abs(done.loss.map_before - done.loss.map_after) < 0.01
    assert dgnet.load(out).input == "u8"
    assert capsys.readouterr().out == ""  # onnxruntime prints a line per batch


def test_calibration_looks_at_all_that_is_given(tmp_path: Path) -> None:
    """At the first and the last image, and evenly at those between; in folders that are linked, too."""
    for folder, count in (("a", 900), ("b", 100)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            (tmp_path / folder / f"{number:03}.jpg").touch()
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "linked").symlink_to(tmp_path / "b")
    chosen = calibration_files([tmp_path / "a", tmp_path / "given"])
    assert (len(chosen), chosen[0].name, chosen[-1]) == (512, "000.jpg", tmp_path / "given" / "linked" / "099.jpg")
    places = [int(path.stem) + (900 if "linked" in path.parts else 0) for path in chosen]
    assert set(np.diff(places)) == {1, 2}


def test_what_does_not_go_together_is_said(model_file: Path, tmp_path: Path) -> None:
    for reduction, message in (
        (Reduction("int8"), "its ranges are taken from images: give --calibrate IMAGES"),
        (Reduction("half", [tmp_path]), "--calibrate: belongs to --precision int8, found half"),
        (Reduction(data="market1501=DIR"), "--data: measures what a smaller file loses"),
        (Reduction("int8", [tmp_path]), "--calibrate: found 0 images, must be at least 32"),
        (Reduction("int8", [tmp_path, Path("nowhere")]), "--calibrate: nowhere: no such file or folder"),
    ):
        with pytest.raises(ExportError, match=message):
            export_tracker(model_file, tmp_path / "no.onnx", None, reduction)
    with pytest.raises(ExportError, match="batch: found -1, must be at least 1, or 0 for any"):
        TrackerForm(batch=-1)
    assert not (tmp_path / "no.onnx").exists()
