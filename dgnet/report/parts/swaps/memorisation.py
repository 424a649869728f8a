"""Whether generated people repeat training images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dgnet.quality.memorisation import Memorisation
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.tables import Column, Table


@dataclass(frozen=True)
class Repeats(Part):
    """How near generated images come to real ones."""

    found: Memorisation

    def tables(self) -> list[Table]:
        found = self.found
        note = (
            f"{found.num_generated:,} generated against {found.num_real:,} real images; distance: mean absolute "
            f"difference of images averaged over 8 × 8 fields, in grey levels of 255. {found.num_near:,} are nearer "
            f"than {found.limit:g} to a real image. A swap has its background from x_j, so it is near to x_j "
            "unless the clothes differ much."
        )
        rows = (
            ("generated, to the nearest real image", found.generated),
            ("real, to the nearest other real image", found.real),
            ("generated nearer than the limit, %", 100 * found.num_near / found.num_generated),
        )
        return [Table("memorisation", "Are training images repeated?", (Column(""), Column("median", 2)), rows, note)]

    def section(self) -> Section:
        return Section("Repeated training images", self.tables()[0].to_html(), "Near-duplicates of the sources.")

    def as_dict(self) -> dict[str, Any]:
        return {"memorisation": asdict(self.found)}
