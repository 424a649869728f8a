"""The data of a run: one data set, or several trained on together; crops as pixels or packed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dgnet import cli
from dgnet.config import BackboneConfig, ConfigError, RunConfig
from dgnet.data.records import DataError
from dgnet.data.store.packed import PackedCrops
from dgnet.experiment.data import open_data
from dgnet.experiment.train import train
from dgnet.experiment.training.checks import check_backbones
from dgnet.models.weights.ours import load_model


@pytest.fixture
def several(config: RunConfig, make_market: Callable[[int], Path]) -> RunConfig:
    """Two data sets: four training identities in one, three in the other."""
    return replace(config, data=replace(config.data, also=(f"market1501={make_market(3)}",)))


def test_several_data_sets_are_trained_on_and_the_first_is_tested_on(config: RunConfig, several: RunConfig) -> None:
    alone, together = open_data(config), open_data(several)
    assert (alone.num_classes, together.num_classes) == (4, 7)
    assert len(together.train) == len(together.labels) == 42
    assert together.dataset.query == alone.dataset.query
    assert together.dataset.gallery == alone.dataset.gallery
    own = {record.path for record in alone.dataset.train}
    cameras = {(record.path in own, record.camid) for record in together.dataset.train}
    assert cameras == {(True, 1), (True, 2), (False, 4), (False, 5)}
    for place, record in enumerate(together.dataset.train):  # each image under the label of its own data set's person
        same = [r.pid == record.pid for r in together.dataset.train]
        assert [label == together.labels[place] for label in together.labels] == same


def test_packed_crops_are_the_same_images(config: RunConfig) -> None:
    pixels, packed = (
        open_data(replace(config, data=replace(config.data, store=kind))) for kind in ("pixels", "packed")
    )
    assert isinstance(packed.train, PackedCrops)
    for split in ("train", "query", "gallery"):
        np.testing.assert_array_equal(getattr(pixels, split)[:], getattr(packed, split)[:])


def test_a_run_on_two_data_sets_from_a_packed_store(several: RunConfig, tmp_path: Path) -> None:
    config = replace(several, data=replace(several.data, store="packed")).scaled(2)
    report = train(config, tmp_path / "run")
    loaded = load_model(tmp_path / "run/model.safetensors")
    assert loaded.model.appearance_encoder.prim.classifier.out_features == 7
    assert loaded.card["trained on"] == "market1501+market1501"
    assert "trained on 18 images of 3 people of market1501 too" in report.read_text()


def test_a_second_data_set_that_is_not_there_is_named(config: RunConfig) -> None:
    with pytest.raises(DataError, match="nowhere: no such folder"):
        open_data(replace(config, data=replace(config.data, also=("nowhere",))))


@pytest.mark.parametrize("kind", ["pixels", "packed"])
def test_prepare_builds_either_store(
    market: Path, make_market: Callable[[int], Path], tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root, cache = f"--data.root={market}", f"--data.cache={tmp_path}"
    cli.main(
        ["data", "prepare", "market1501+small", root, cache, f"--data.store={kind}", "--also", str(make_market(2))]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" in ")[0] for line in lines] == [
        "train: 36 images of 64 x 32",
        "query: 4 images of 64 x 32",
        "gallery: 8 images of 64 x 32",
    ]
    begins = "packed_" if kind == "packed" else "crops_64x32_"
    assert [path.name.startswith(begins) for path in tmp_path.iterdir()] == [True] * 3


def test_a_backbone_that_cannot_work_is_known_before_the_teacher_trains(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    wrong = BackboneConfig(timm="resnet50")
    for other in (
        replace(config, network=replace(config.network, backbone=wrong)),
        replace(config, teacher=replace(config.teacher, backbone=wrong)),
    ):
        with pytest.raises(ConfigError, match=r"backbone\.timm: found 'resnet50'"):
            train(other, tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_random_weights_at_published_size_are_told(config: RunConfig, caplog: pytest.LogCaptureFixture) -> None:
    published = replace(config, data=replace(config.data, size=(256, 128)))
    check_backbones(replace(published, start="bundled"))
    assert not caplog.records
    check_backbones(published)
    assert "network.backbone.weights is empty, so E_a starts from random weights" in caplog.text


def test_fewer_rows_than_stripes_are_told(config: RunConfig, caplog: pytest.LogCaptureFixture) -> None:
    check_backbones(config)
    assert not caplog.records
    coarse = replace(config.network.backbone, stem="imagenet", last_stride=2)
    check_backbones(replace(config, network=replace(config.network, backbone=coarse)))
    assert "its map of a 64 x 32 image has 2 rows, fewer than the 4 stripes" in caplog.text
