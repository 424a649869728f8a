"""Training curves from a run's log: one small chart per number, in groups of related losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from dgnet.report.charts import small_chart
from dgnet.report.page import Section
from dgnet.report.part import Part

# Curves that are shown together. A key of the log belongs to the first group that has a word with which it starts.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Adversarial", ("adv", "disc", "r1", "gan")),
    ("Reconstruction", ("image", "partner_image", "recon", "cycle", "redressed", "code")),
    ("Identity", ("id", "prim", "fine", "cross_entropy", "accuracy")),
)
OTHER = "Other"
COLOURS = {"Adversarial": "s4", "Reconstruction": "s5", "Identity": "s1", OTHER: "s2"}
_NOT_CURVES = {"step", "seconds", "images_per_second"}


@dataclass(frozen=True)
class Training(Part):
    """The lines of the training log, each a JSON object with a `step`."""

    log: Sequence[Mapping[str, Any]]

    def section(self) -> Section | None:
        curves = training_curves(self.log)
        return Section("Training", curves) if curves else None


def training_curves(log: Sequence[Mapping[str, Any]]) -> str:
    """Headings and charts of every number in `log`, a list of JSON objects with a `step`; empty for an empty log.

    Lines may have a `phase` (such as teacher or joint); each phase has its own charts.
    """
    html = ""
    for (phase, group), charts in _grouped(log).items():
        title = f"{phase} · {group}" if phase else group
        html += f'<h3>{escape(title)}</h3><div class="smalls">{"".join(charts)}</div>'
    return html


def group_of(key: str) -> str:
    """The group of a key of the log (see GROUPS)."""
    for group, marks in GROUPS:
        if key.lower().startswith(marks):
            return group
    return OTHER


def _grouped(log: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], list[str]]:
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for line in log:
        if not isinstance(line.get("step"), int | float):
            continue
        phase = str(line.get("phase", ""))
        for key, value in line.items():
            if key not in _NOT_CURVES and isinstance(value, int | float) and not isinstance(value, bool):
                points.setdefault((phase, key), []).append((float(line["step"]), float(value)))
    order = [group for group, _ in GROUPS] + [OTHER]
    phases = list(dict.fromkeys(phase for phase, _ in points))
    grouped: dict[tuple[str, str], list[str]] = {}
    for phase, key in sorted(points, key=lambda item: (phases.index(item[0]), order.index(group_of(item[1])))):
        steps, values = np.array(points[phase, key], dtype=np.float64).T
        if len(steps) > 1:
            grouped.setdefault((phase, group_of(key)), []).append(
                small_chart(key, steps, values, COLOURS[group_of(key)])
            )
    return grouped
