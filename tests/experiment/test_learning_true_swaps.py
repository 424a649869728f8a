"""Runs that learn from true swaps: what they need, what they say, and that nothing else need be drawn."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dgnet.config import ConfigError, RunConfig
from dgnet.experiment.data import open_data
from dgnet.experiment.train import train
from dgnet.mannequin.swaps import COLUMNS, SwapTargetsError
from dgnet.models.appearance import Teacher
from dgnet.models.weights.ours import load_model, load_teacher, save_teacher
from dgnet.training.teacher import TeacherError
from tests.conftest import draw_person

IMAGES = [f"bounding_box_train/{pid:04d}_c1s1_000000_01.jpg" for pid in range(1, 5)]


def write_swaps(root: Path, pairs: Sequence[tuple[str, str]]) -> None:
    (root / "train_swaps").mkdir(exist_ok=True)
    rows = []
    for number, (x_i, x_j) in enumerate(pairs):
        target = f"train_swaps/{number:04d}.png"
        draw_person(number + 1, 2, 7).save(root / target)
        rows.append((x_i, x_j, target))
    with (root / "train_swaps.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


@pytest.fixture
def learning(config: RunConfig, tmp_path: Path) -> RunConfig:
    """A run on people with eight true swaps."""
    root = tmp_path / "people"
    shutil.copytree(config.data.root, root)
    write_swaps(root, [(x_i, x_j) for x_i in IMAGES[:2] for x_j in IMAGES])
    data = replace(config.data, root=str(root))
    return replace(config, data=data, loss=replace(config.loss, true_swap=10.0, detach_appearance_code=False))


def rows_of(run: Path) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row for row in rows if row["phase"] == "joint"]


def test_people_without_true_swaps_are_refused_before_the_teacher_is_trained(config: RunConfig, tmp_path: Path) -> None:
    asked = replace(config, loss=replace(config.loss, true_swap=10.0))
    with pytest.raises(ConfigError, match=r"loss\.true_swap: .*train_swaps\.csv is not there.*--train_swaps 8000"):
        train(asked, tmp_path / "run")
    assert not (tmp_path / "run" / "teacher.safetensors").exists()


def test_a_swap_of_an_image_that_is_not_trained_on_is_named(learning: RunConfig) -> None:
    query = "query/0005_c1s1_000000_01.jpg"
    write_swaps(Path(learning.data.root), [(IMAGES[0], query)])
    with pytest.raises(SwapTargetsError, match=rf"train_swaps\.csv: .*{query} is no training image"):
        open_data(learning)


def test_they_are_learnt_beside_everything_else_and_the_card_says_so(learning: RunConfig, tmp_path: Path) -> None:
    train(learning, tmp_path / "run")
    rows = rows_of(tmp_path / "run")
    assert all({"true_swap", "image", "adversarial", "discriminator"} <= set(row) for row in rows)
    assert load_model(tmp_path / "run" / "model.safetensors").card["true swaps"] == "8 pairs of training images"


def test_nothing_else_need_be_drawn(learning: RunConfig, tmp_path: Path) -> None:
    silent = replace(learning.loss, image=0, partner_image=0, adversarial=0, code_a=0, code_s=0, cycle=0)
    silent = replace(silent, redressed=0, id_generated=0, prim=0)
    page = train(replace(learning, loss=silent), tmp_path / "run")
    for row in rows_of(tmp_path / "run"):
        assert set(row) == {"phase", "step", "seconds", "true_swap", "id_real"}
    assert page is not None
    assert page.exists()


def test_a_run_goes_on_with_the_same_true_swaps_alone(learning: RunConfig, tmp_path: Path) -> None:
    train(learning, tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    write_swaps(Path(learning.data.root), [(x_i, x_j) for x_i in IMAGES[2:] for x_j in IMAGES])
    with pytest.raises(Exception, match="images") as refused:
        train(learning, tmp_path / "run", resume=True)
    assert type(refused.value).__module__.startswith("dgnet")


def test_a_teacher_of_other_people_will_do_where_nobody_takes_its_labels(learning: RunConfig, tmp_path: Path) -> None:
    """E_a begins with it; the run's own copy says on whom it was trained."""
    silent = replace(learning.loss, prim=0)
    backbone = replace(learning.network.backbone, weights="teacher")
    given = tmp_path / "given.safetensors"
    torch.manual_seed(3)
    teacher = Teacher(learning.teacher.backbone, learning.network.feature_dim, 0)
    save_teacher(given, teacher, learning, {"people": "others"})
    asked = replace(
        learning,
        loss=silent,
        network=replace(learning.network, backbone=backbone, pool="mean"),
        teacher=replace(learning.teacher, weights=str(given)),
        optim=replace(learning.optim, backbone_lr=0.0, head_lr=0.0),
    )
    train(asked, tmp_path / "run")
    E_a = load_model(tmp_path / "run/model.safetensors").model.appearance_encoder
    assert torch.equal(E_a.prim.embed.weight, teacher.head.embed.weight)
    assert load_teacher(tmp_path / "run/teacher.safetensors").card["people"] == "others"
    with pytest.raises(TeacherError, match="tells 0 identities apart, but the training set has 4"):
        train(replace(asked, loss=learning.loss), tmp_path / "labelled")
