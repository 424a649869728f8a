"""The best and the worst generated images by a measure, each beside the two images it was drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from dgnet.files.images import ImagesU8
from dgnet.report.images import captioned, ratio
from dgnet.report.page import Section
from dgnet.report.part import Part


@dataclass(frozen=True)
class Case:
    """One image: x_i, x_j and x_ij, uint8 H x W x 3 each, its file and the value of the measure."""

    appearance: ImagesU8
    structure: ImagesU8
    swapped: ImagesU8
    file: str
    value: float


@dataclass(frozen=True)
class BestAndWorst(Part):
    """Cases, best and worst first; `measure` says in words what their value is."""

    measure: str
    best: Sequence[Case]
    worst: Sequence[Case]

    def section(self) -> Section:
        parts = (("Best", self.best), ("Worst", self.worst))
        body = "".join(f'<h3>{name}</h3><div class="quads">{"".join(map(_case, cases))}</div>' for name, cases in parts)
        return Section("Best and worst", body, f"Chosen by {escape(self.measure)}; nobody picked them by hand.")

    def as_dict(self) -> dict[str, Any]:
        return {
            name: [{"file": case.file, "value": case.value} for case in cases]
            for name, cases in (("best", self.best), ("worst", self.worst))
        }


def _case(case: Case) -> str:
    shown = (
        captioned(case.appearance, "appearance", "clothes"),
        captioned(case.structure, "structure", "body"),
        captioned(case.swapped, "made", f"{case.value:.1%} {case.file.rpartition('/')[2]}"),
    )
    return f'<div class="quad" style="{ratio(case.swapped)}">{"".join(shown)}</div>'
