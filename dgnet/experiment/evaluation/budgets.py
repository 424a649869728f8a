"""How many images the Baseline and E_a were trained on."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

from dgnet.config import FROM_TEACHER, RunConfig
from dgnet.experiment.run_folder import RunFolder
from dgnet.models.weights.ours import describe_teacher


def as_taught(config: RunConfig, run: Path | None) -> RunConfig:
    """The settings of a run, with those by which its T was trained: T may have come from another run."""
    teacher = RunFolder(run).teacher if run else None
    if teacher is None or not teacher.exists():
        return config
    taught, _ = describe_teacher(teacher)
    return replace(config, teacher=taught.teacher)


def budgets(config: RunConfig) -> str:
    """How many images the Baseline and E_a saw, in words; `config` as `as_taught` gives it."""
    anchors = 2 * config.batch_size
    kind, added = ("real and synthetic", config.data.num_synthetic(anchors)) if config.data.synthetic else ("real", 0)
    baseline = config.teacher.steps, config.teacher.batch_size
    own = config.schedule.steps, config.real_per_step + added
    of_baseline, of_own = (f"{steps} × {images}" for steps, images in (baseline, own))
    if config.network.backbone.weights == FROM_TEACHER:
        return f"The Baseline saw {of_baseline} {kind} images; E_a began as the Baseline and saw {of_own} more."
    equal = "Equal budgets: the" if prod(baseline) == prod(own) else "Budgets that are not equal: the"
    return f"{equal} Baseline saw {of_baseline} {kind} images, E_a {of_own}."
