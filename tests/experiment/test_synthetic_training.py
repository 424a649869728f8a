"""`--also synthetic=DIR`: soft labels stand for the people that the set was drawn from; nothing is mixed silently."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dgnet import cli
from dgnet.config import ConfigError, DataConfig, RunConfig
from dgnet.data.readers.synthetic import read
from dgnet.data.records import DataError
from dgnet.experiment.data import open_data, open_held_out
from dgnet.experiment.train import train
from dgnet.models.weights.ours import load_model, load_teacher

pytest.importorskip("pyarrow")


def generate(market: Path, out: Path, *more: str) -> Path:
    words = ["--data", f"market1501={market}", "--count", "40", "--device", "cpu", "--workers", "1"]
    cli.main(["generate", "dataset", "bundled-small", *words, "--out", str(out), *more])
    return out


@pytest.fixture(scope="module")
def made(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 images, each of which stands for two people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DGNET_CACHE", str(tmp_path_factory.mktemp("cache")))
        out = tmp_path_factory.mktemp("made") / "new"
        return generate(market, out, "--identity", "both", "--share", "0.75")


def beside(config: RunConfig, *folders: Path) -> RunConfig:
    return replace(config, data=replace(config.data, also=tuple(f"synthetic={folder}" for folder in folders)))


def test_soft_labels_stand_for_the_people_of_the_sources(
    config: RunConfig, made: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = open_data(config)
    with caplog.at_level(logging.INFO):
        data = open_data(beside(config, made))
    assert f"with soft labels: 40 of {made} (4 people, 40 images shared by several)" in caplog.text
    assert data.num_classes == 4
    assert (data.labels, data.dataset.train) == (alone.labels, alone.dataset.train)  # they are kept apart
    assert data.dataset.trained_on == "market1501+synthetic"
    assert data.synthetic is not None
    assert len(data.synthetic.crops) == 40
    found = read(made)
    label_of = alone.dataset.labels()
    soft = data.synthetic.soft
    for record, label, weight in zip(found.records, soft.labels, soft.weights, strict=True):
        giver = int(Path(record.path).name[:4])
        assert record.pid == giver
        assert (label[0], weight.tolist()) == (label_of[giver], [0.75, 0.25])
        assert label[1] != label[0]
    assert data.people.groups == alone.people.groups
    assert data.people.changes_since(alone.people) == [
        "the synthetic images (--also synthetic=DIR) are others, or have other soft labels"
    ]


def test_the_source_may_be_any_of_the_data_sets(
    config: RunConfig, market: Path, made: Path, make_market: Callable[[int], Path]
) -> None:
    """Pids of the second data set are shifted when both are combined; soft labels follow."""
    also = (f"market1501={market}", f"synthetic={made}")
    other = replace(config, data=replace(config.data, root=str(make_market(3)), also=also))
    data, alone = open_data(other), open_data(beside(config, made))
    assert data.synthetic is not None
    assert alone.synthetic is not None
    np.testing.assert_array_equal(data.synthetic.soft.labels, alone.synthetic.soft.labels + 3)


def test_several_sets_are_joined(config: RunConfig, market: Path, made: Path, tmp_path: Path) -> None:
    hard = generate(market, tmp_path / "hard", "--identity", "structure", "--seed", "1")
    data = open_data(beside(config, made, hard))
    assert data.synthetic is not None
    assert data.synthetic.soft.weights.tolist() == [[0.75, 0.25]] * 40 + [[1.0, 0.0]] * 40


def test_a_run_learns_from_them_says_so_and_goes_on_with_the_same_alone(
    config: RunConfig, market: Path, made: Path, tmp_path: Path
) -> None:
    run = beside(config, made)
    report = train(run, tmp_path / "run")
    assert report is not None
    said = f"trained on synthetic images of the same people too, with soft labels: 40 of {made}"
    assert said in report.read_text()
    assert said in " ".join(json.loads((tmp_path / "run/results.json").read_text())["notes"])
    for loaded in (load_model(tmp_path / "run/model.safetensors"), load_teacher(tmp_path / "run/teacher.safetensors")):
        assert loaded.card["trained on"] == "market1501+synthetic"
        assert loaded.card["synthetic"].startswith("trained on synthetic images")
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert all(row["id_synthetic"] > 0 for row in rows if row["phase"] == "joint")
    assert open_held_out(run).dataset.notes[-1].endswith(f"with soft labels: {made}")
    train(config, tmp_path / "without")
    other, own = (load_teacher(tmp_path / name / "teacher.safetensors").model for name in ("without", "run"))
    assert not np.array_equal(own.head.classifier.weight.detach(), other.head.classifier.weight.detach())
    hard = generate(market, tmp_path / "hard", "--identity", "structure")
    (tmp_path / "run/model.safetensors").unlink()
    with pytest.raises(DataError, match=r"the synthetic images .* are others"):
        train(beside(config, hard), tmp_path / "run", resume=True)


def test_what_does_not_fit_is_said(
    config: RunConfig, market: Path, made: Path, make_market: Callable[[int], Path], tmp_path: Path
) -> None:
    few = make_market(2)
    fewer = replace(beside(config, made), data=replace(config.data, root=str(few), also=(f"synthetic={made}",)))
    with pytest.raises(DataError, match=r"it was drawn from bounding_box_train/0003_.* not among the training images"):
        open_data(fewer)
    changed = tmp_path / "changed"
    shutil.copytree(market, changed)
    for path in (changed / "bounding_box_train").iterdir():  # names and pids of another edition of mannequin
        shutil.copy(next((market / "query").iterdir()), path)
    with pytest.raises(DataError, match=r"it was drawn from another bounding_box_train/.* than the one among"):
        open_data(replace(fewer, data=replace(fewer.data, root=str(changed))))
    tested = generate(market, tmp_path / "tested", "--split", "gallery")
    with pytest.raises(DataError, match="not among the training images"):
        open_data(beside(config, tested))
    tars = generate(market, tmp_path / "tars", "--format", "webdataset")
    with pytest.raises(DataError, match="its images lie in tars"):
        open_data(beside(config, tars))
    with pytest.raises(DataError, match=r"no manifest.parquet here; synthetic=DIR takes a folder"):
        open_data(beside(config, market))
    with pytest.raises(ConfigError, match=r"data\.name: found 'synthetic'"):
        DataConfig("synthetic", str(made))
    with pytest.raises(ConfigError, match=r"data\.synthetic_share"):
        DataConfig(synthetic_share=1.0)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("soft_label", [{"pid": 1, "weight": 0.5}], "row 1: soft_label is .* weights that add up to 1"),
        ("soft_label", [{"pid": 77, "weight": 1.0}], "soft labels name pids that are not trained on: 77"),
        ("pid", None, "row 1: pid is None; expected a whole number"),
        ("appearance_pid", 3, "has another pid or SHA-256|has pid 3 there"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(
    column: str, value: object, message: str, config: RunConfig, made: Path, tmp_path: Path
) -> None:
    from pyarrow import Table, parquet

    shutil.copytree(made, tmp_path / "new")
    table = parquet.read_table(made / "manifest.parquet")
    rows = table.to_pylist()
    if column == "appearance_pid":
        assert any(row["appearance_pid"] != value for row in rows)
        rows = [{**row, "appearance_pid": value} for row in rows]
    rows[0][column] = value
    parquet.write_table(Table.from_pylist(rows, schema=table.schema), tmp_path / "new" / "manifest.parquet")
    with pytest.raises(DataError, match=message):
        open_data(beside(config, tmp_path / "new"))


def test_read_as_any_other_data_set_its_people_are_others_and_that_is_said(config: RunConfig, made: Path) -> None:
    data = open_data(replace(config, data=replace(config.data, also=(str(made),))))
    assert data.num_classes == 8
    assert "its people count as others than those it was drawn from" in data.dataset.warnings[0]
