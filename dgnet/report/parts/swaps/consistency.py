"""What a swap keeps: the identity of i and the structure of j."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dgnet.quality.consistency import IdentityConsistency, StructureConsistency
from dgnet.report.figures import percentages, result_columns
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.symbols import html_symbols
from dgnet.report.tables import Cell, Column, Table


@dataclass(frozen=True)
class Consistency(Part):
    """Identity and structure consistency of a sample of swaps; None where one was not measured."""

    identity: IdentityConsistency | None = None
    structure: StructureConsistency | None = None

    def tables(self) -> list[Table]:
        tables = [identity_table(self.identity)] if self.identity else []
        return tables + ([structure_table(self.structure)] if self.structure else [])

    def section(self) -> Section | None:
        body = "".join(f"<h3>{html_symbols(table.title)}</h3>{table.to_html()}" for table in self.tables())
        lead = "x_ij should be person i to a re-id model, and stand where x_j stands."
        return Section("What a swap keeps", body, lead) if body else None

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"identity_consistency": asdict(self.identity)} if self.identity else {}
        if self.structure:
            found["structure_consistency"] = {**asdict(self.structure), "code_ratio": self.structure.code_ratio}
        return found


def identity_table(found: IdentityConsistency) -> Table:
    """Retrieval of person i with x_ij, x_i and x_j as queries."""
    rows: list[tuple[Cell, ...]] = [
        (name, *percentages(result))
        for name, result in (("x_ij", found.swapped), ("x_i, real", found.real), ("x_j, real", found.copied))
    ]
    note = (
        f"Per cent: who finds person i in the gallery, over {found.swapped.num_valid} swaps. "
        "x_i is as good as it can get; x_j wears none of i's clothes."
    )
    columns = (Column("asked with"), *(Column(c.name, c.digits) for c in result_columns()))
    return Table("identity_consistency", "Does the swap find person i?", columns, tuple(rows), note)


def structure_table(found: StructureConsistency) -> Table:
    """How close the structures of x_ij and of x_i are to that of x_j."""
    columns = (
        Column(""),
        Column("code, L1", digits=4, best="min"),
        Column("edges, correlation", digits=3, best="max"),
        Column("own x_j found, %", best="max"),
    )
    rows: tuple[tuple[Cell, ...], ...] = (
        ("x_ij", found.code, found.edges, 100 * found.found),
        ("x_i, real", found.other_code, found.other_edges, 100 * found.other_found),
    )
    note = (
        f"Against x_j, mean over {found.num_pairs} swaps; the code's difference is {found.code_ratio:.3f} × that of "
        "another person's picture. Found: no other x_j has edges more alike."
    )
    return Table("structure_consistency", "Does the swap keep the structure of x_j?", columns, rows, note)
