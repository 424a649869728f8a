"""Realism and diversity of generated people as a set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dgnet.quality.diversity import Diversity
from dgnet.quality.realism import INCEPTION, Realism
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table


@dataclass(frozen=True)
class RealismAndDiversity(Part):
    """FID and KID, or None where they were not measured; and diversity by name, such as "SSIM, real, one person"."""

    realism: Realism | None = None
    diversity: Mapping[str, Diversity] = field(default_factory=dict)

    def tables(self) -> list[Table]:
        return [realism_table(self.realism, self.diversity)] if self.realism or self.diversity else []

    def section(self) -> Section | None:
        lead = "Generated people as a set, beside real ones."
        return next((Section("Realism and diversity", table.to_html(), lead) for table in self.tables()), None)

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"realism": asdict(self.realism)} if self.realism else {}
        if self.diversity:
            found["diversity"] = {name: asdict(one) for name, one in self.diversity.items()}
        return found


def realism_table(realism: Realism | None, diversity: Mapping[str, Diversity]) -> Table:
    """FID and KID of the generated images, and the diversity of each named set."""
    rows: list[tuple[Cell, ...]] = []
    note = "SSIM of random pairs: lower is more diverse; LPIPS: higher is."
    if realism:
        rows += _distances(realism, "")
        if realism.halves:
            rows += _distances(realism.halves, f", two halves of the real images ({realism.halves.num_real:,} each)")
        note = f"{realism.num_generated:,} generated against {realism.num_real:,} real images. {note}"
    rows += [(name, found.mean, found.sd) for name, found in diversity.items()]
    return Table(
        "realism", "Realism and diversity", (Column(""), Column("value", 3), Column("sd", 3)), tuple(rows), note
    )


def _distances(realism: Realism, of_what: str) -> list[tuple[Cell, ...]]:
    """FID and KID by their names where Inception-v3 gave the features, else by the network's."""
    named = ("FID", "KID × 1000")
    if realism.network != INCEPTION:
        named = (f"Fréchet distance, {realism.network}", f"kernel distance × 1000, {realism.network}")
    return [
        (f"{named[0]}{of_what}", realism.fid, None),
        (f"{named[1]}{of_what}", 1000 * realism.kid, 1000 * realism.kid_sd),
    ]
