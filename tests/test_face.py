"""The Python interface `dgnet.*`: models, features and swaps; its figures equal those of `dgnet evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import dgnet
from dgnet.config import DataConfig, RunConfig, preset
from dgnet.data.records import DataError
from dgnet.data.store.decode import decode_image
from dgnet.experiment.data import HeldOut, open_held_out
from dgnet.experiment.evaluation.features import features_by, held_out_features
from dgnet.experiment.models.find import find_model
from dgnet.experiment.models.model import ModelError
from dgnet.files.tensors import WeightsError
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import save_model, save_teacher
from dgnet.retrieval.labels import labels_of
from dgnet.retrieval.measure import measure_retrieval
from dgnet.retrieval.protocol import Protocol
from dgnet.retrieval.rows import BOTH, Row


@pytest.fixture(scope="module")
def model() -> dgnet.Model:
    return dgnet.load("bundled-small", device="cpu")


@pytest.fixture(scope="module")
def people() -> list[Path]:
    """Six pictures of six people."""
    return sorted((bundled_root() / "query").glob("*_c1*.jpg"))[:6]


# --- the module


def test_evaluate_takes_any_models_features() -> None:
    features = np.eye(4, dtype=np.float32)
    result = dgnet.evaluate(features, features, [1, 2, 3, 4], [1, 2, 3, 4], [1] * 4, [2] * 4, progress=False)
    assert result.map_step == 1


def test_train_takes_a_preset_or_settings_and_load_its_folder(config: RunConfig, tmp_path: Path, market: Path) -> None:
    report = dgnet.train(config, str(tmp_path / "run"))
    assert report == tmp_path / "run" / "report.html"
    model = dgnet.load(tmp_path / "run", "cpu")
    assert (model.size, model.parts, model.can_draw) == ((64, 32), ("both", "prim", "fine"), True)
    assert model.card["trained on"]
    assert model.config is not None
    assert model.config.network == config.network
    assert dgnet.load(str(tmp_path / "run" / "model.safetensors"), "cpu").parts == model.parts
    with pytest.raises(dgnet.DgnetError, match="a run lies here already"):
        dgnet.train(config, tmp_path / "run")
    with pytest.raises(dgnet.DgnetError, match="mannequi"):
        dgnet.train("mannequi", tmp_path / "other")


# --- features


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    loaded = find_model("bundled-small")
    data = DataConfig("mannequin", "", loaded.config.data.size, cache=str(tmp_path_factory.mktemp("cache")))
    return open_held_out(replace(preset("mannequin"), data=data))


def test_a_search_by_the_face_is_as_good_as_the_tables(model: dgnet.Model, held_out: HeldOut) -> None:
    """Features taken from files equal those of `dgnet evaluate` bit for bit, and so do all figures."""
    rows = held_out_features(features_by(None, find_model("bundled-small").model), held_out, 0.5, torch.device("cpu"))
    dataset = held_out.dataset
    query, gallery = ([record.path for record in records] for records in (dataset.query, dataset.gallery))
    asked, searched = model.named_features(query), model.named_features(iter(gallery))
    for part, row in (("prim", "f_prim"), ("fine", "f_fine"), ("both", "f_prim+f_fine")):
        assert np.array_equal(asked[part], rows[row].query)
        assert np.array_equal(searched[part], rows[row].gallery)
    labels = labels_of(dataset)
    figures = measure_retrieval(rows, labels, Protocol(), detailed=False).figures
    result = dgnet.evaluate(
        *(asked["both"], searched["both"], labels.query_pids, labels.gallery_pids),
        *(labels.query_camids, labels.gallery_camids),
        progress=False,
    )
    assert result == figures[Row(BOTH)]
    assert result.map_step > 0.5


def test_parts_and_their_lengths(model: dgnet.Model, people: list[Path]) -> None:
    named = model.named_features(people)
    assert model.parts == ("both", "prim", "fine")
    assert all(one.dtype == np.float32 and len(one) == 6 for one in named.values())
    for part, length in (("prim", 1), ("fine", 1), ("both", 1.5**0.5)):
        np.testing.assert_allclose(np.linalg.norm(named[part], axis=1), length, rtol=1e-5)
        assert np.array_equal(model.features(people, part=part), named[part])
    assert np.array_equal(model.features(people), named["both"])
    cosines = named["prim"] @ named["prim"].T + 0.5 * named["fine"] @ named["fine"].T
    np.testing.assert_allclose(named["both"] @ named["both"].T, cosines, atol=1e-5)
    with pytest.raises(ModelError, match="part: found 'f_prim', but bundled-small has both, prim, fine"):
        model.features(people, part="f_prim")


def test_every_way_of_giving_an_image_gives_its_features(model: dgnet.Model, people: list[Path]) -> None:
    expected = model.features(people)
    arrays = [decode_image(path.read_bytes()) for path in people]
    mixed = [str(people[0]), people[1], Image.open(people[2]), arrays[3], people[4].read_bytes(), arrays[5][None]]
    for given in (mixed, np.stack(arrays), torch.from_numpy(np.stack(arrays)), (path for path in people)):
        np.testing.assert_allclose(model.features(given), expected, atol=1e-5)
    for one in (str(people[0]), people[0], Image.open(people[0]), arrays[0]):
        np.testing.assert_allclose(model.features(one), expected[:1], atol=1e-5)
    np.testing.assert_allclose(model.features(people, batch_size=4), expected, atol=1e-5)
    bgr = [array[:, :, ::-1] for array in arrays]
    assert np.abs(model.features(bgr) - expected).max() > 0.05
    np.testing.assert_allclose(model.features([array[:, :, ::-1] for array in bgr]), expected, atol=1e-5)


def test_a_generator_is_taken_one_batch_ahead(
    model: dgnet.Model, people: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, seen = 0, []
    describe = model._source.function

    def stream() -> Iterator[Path]:
        nonlocal taken
        for path in [*people, *people]:
            taken += 1
            yield path

    def watch(x: torch.Tensor) -> dict[str, torch.Tensor]:
        seen.append((taken, len(x)))
        return describe(x)

    monkeypatch.setattr(model, "_source", replace(model._source, function=watch))
    assert len(model.features(stream(), batch_size=5)) == 12
    assert seen == [(10, 5), (10, 5), (12, 5), (12, 5), (12, 2), (12, 2)]  # with the mirrored ones


def test_without_the_mirror_a_feature_is_the_images_own(model: dgnet.Model, people: list[Path]) -> None:
    arrays = [decode_image(path.read_bytes()) for path in people]
    straight, mirrored = (
        model.features([array[:, ::step] for array in arrays], part="prim", mirror=False) for step in (1, -1)
    )
    assert np.abs(straight - mirrored).max() > 0.01
    mean = straight + mirrored
    expected = model.features(people, part="prim")
    np.testing.assert_allclose(mean / np.linalg.norm(mean, axis=1, keepdims=True), expected, atol=1e-5)


def test_a_broken_image_is_named_with_its_place(model: dgnet.Model, people: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(people[0].read_bytes()[:500])
    with pytest.raises(DataError, match=r"^images\[2\]: .*broken\.jpg: cannot be read as an image"):
        model.features([*people[:2], broken])
    with pytest.raises(DataError, match=r"^structure\[0\]: .*nowhere\.jpg: no such file"):
        model.swap(people[0], ["nowhere.jpg"])


# --- drawing


def test_swaps_in_pairs_and_all(model: dgnet.Model, people: list[Path]) -> None:
    matrix = model.swap(people[:2], people[2:5], every=True, batch_size=2)
    assert (matrix.shape, matrix.dtype) == ((2, 3, *model.size, 3), np.uint8)
    pairs = model.swap([people[0]] * 3, people[2:5])
    assert close(pairs, matrix[0])
    assert close(model.swap(people[0], people[2:5]), pairs)
    assert close(model.swap(people[:2], people[2])[1], matrix[1, 0])
    pasted = model.swap(people[:2], people[2:5], every=True, pasted=True)
    assert close(model.swap(people[1], people[3], pasted=True)[0], pasted[1, 1])
    assert not close(pasted, matrix)
    with pytest.raises(ModelError, match="found 2 appearances and 3 structures"):
        model.swap(people[:2], people[2:5])
    frames = model.interpolate(people[0], people[1], people[2], num_steps=3)
    assert close(frames[0], matrix[0, 0])
    assert close(frames[2], matrix[1, 0])
    with pytest.raises(ModelError, match="num_steps: found 1, must be at least 2"):
        model.interpolate(people[0], people[1], people[2], num_steps=1)
    with pytest.raises(ModelError, match="end: found 2 images, must be one"):
        model.interpolate(people[0], people[1:3], people[2])


def close(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two images are equal up to the rounding of pixels between two grey levels."""
    return int(np.abs(first.astype(int) - second.astype(int)).max()) <= 1


# --- models of other kinds


def test_a_baseline_describes_and_says_that_it_cannot_draw(
    config: RunConfig, tmp_path: Path, people: list[Path]
) -> None:
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, 8, 4).eval()
    save_teacher(tmp_path / "teacher.safetensors", teacher, config, {})
    for where in (tmp_path, tmp_path / "teacher.safetensors"):
        model = dgnet.load(where, "cpu")
        assert (model.parts, model.can_draw) == (("baseline",), False)
        assert "Baseline" in repr(model)
        np.testing.assert_allclose(np.linalg.norm(model.features(people), axis=1), 1, rtol=1e-5)
        with pytest.raises(ModelError, match="has no generator"):
            model.swap(people[0], people[1])


def test_an_onnx_file_describes_as_the_model_it_was_made_of(
    tmp_path: Path, config: RunConfig, people: list[Path]
) -> None:
    from dgnet.experiment.export import export

    torch.manual_seed(0)
    save_model(tmp_path / "m.safetensors", DGNet(config.network, 4).eval(), config, {})
    path = export(tmp_path / "m.safetensors", tmp_path / "m.onnx")
    ours, onnx = dgnet.load(tmp_path / "m.safetensors", "cpu"), dgnet.load(path)
    assert onnx.parts == ("both", "prim", "fine")
    assert (onnx.size, onnx.config, str(onnx.device)) == (ours.size, None, "cpu")
    assert "an ONNX file" in repr(onnx)
    for part in onnx.parts:
        np.testing.assert_allclose(onnx.features(people, part=part), ours.features(people, part=part), atol=1e-4)
    with pytest.raises(ModelError, match="has no generator"):
        onnx.interpolate(people[0], people[1], people[2])
    with pytest.raises(dgnet.DgnetError, match=r"no CUDA device|runs on the CPU"):
        onnx.to("cuda:0")
    with pytest.raises(ModelError, match=r"size: found \(256, 128\), but"):
        dgnet.load(path, size=(256, 128))
    with pytest.raises(ModelError, match="size: bundled-small has one of its own"):
        dgnet.load("bundled-small", size=(64, 32))


def test_a_model_says_what_it_is_and_moves(model: dgnet.Model) -> None:
    assert repr(model) == "<dgnet.Model 'bundled-small': recognises and draws; 64 x 32; both, prim, fine; on cpu>"
    assert model.to("cpu") is model
    with pytest.raises(dgnet.DgnetError, match="device: found 'gpu'"):
        model.to("gpu")
    with pytest.raises(WeightsError, match="no such file or folder"):
        dgnet.load("nowhere")
