"""What a report says about the images that the Baseline and E_a were trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dgnet.config import RunConfig, preset
from dgnet.experiment.evaluation.budgets import budgets
from dgnet.experiment.train import train


def test_budgets_are_called_equal_only_where_they_are() -> None:
    assert budgets(preset("market1501")) == (
        "Equal budgets: the Baseline saw 100000 × 32 real images, E_a 100000 × 32."
    )
    longer = replace(preset("market1501"), more_real=4)
    assert budgets(longer) == ("Budgets that are not equal: the Baseline saw 100000 × 32 real images, E_a 100000 × 36.")
    assert budgets(preset("folder+medium")) == (
        "The Baseline saw 4000 × 32 real images; E_a began as the Baseline and saw 4000 × 32 more."
    )


@pytest.mark.parametrize("copied", [True, False])
def test_a_teacher_of_another_run_is_told_by_its_own_steps(config: RunConfig, tmp_path: Path, copied: bool) -> None:
    taught = replace(config, joint=False, teacher=replace(config.teacher, steps=7))
    train(taught, tmp_path / "taught")
    given = replace(config, teacher=replace(config.teacher, weights=str(tmp_path / "taught/teacher.safetensors")))
    train(given, tmp_path / "run")
    if copied:  # of the copy of a copy, too
        again = replace(config, teacher=replace(config.teacher, weights=str(tmp_path / "run")))
        train(again, tmp_path / "again")
    notes = json.loads((tmp_path / ("again" if copied else "run") / "results.json").read_text())["notes"]
    (said,) = [note for note in notes if "the Baseline saw" in note]
    assert f"the Baseline saw 7 × {config.teacher.batch_size} real images" in said
