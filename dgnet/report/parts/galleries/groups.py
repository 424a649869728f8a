"""Retrieval figures by the query's camera, and by how light its image is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dgnet.report.figures import row_title
from dgnet.report.page import Section
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table
from dgnet.retrieval.ranking.groups import GroupResult
from dgnet.retrieval.rows import Row

Groups = Mapping[Row, Sequence[GroupResult]]
NOTE = "Per cent; means over the queries of each group that have a true match."


@dataclass(frozen=True)
class QueryGroups(Part):
    """The figures of groups of queries, by row (feature and protocol); the first row is the model's.

    Args:
        by_camera: one group per camera; empty where cameras are unknown.
        by_light: a group for each third of the queries: the darkest, the middle, the lightest; empty for few queries.
    """

    by_camera: Groups
    by_light: Groups

    def tables(self) -> list[Table]:
        kinds = (
            ("by_camera", "By the query's camera", "camera", self.by_camera),
            ("by_light", "By the light of the query's image", "mean luminance", self.by_light),
        )
        return [groups_table(name, title, heading, groups) for name, title, heading, groups in kinds if groups]

    def section(self) -> Section | None:
        tables = self.tables()
        body = "".join(f"<h3>{table.title}</h3>{table.to_html()}" for table in tables)
        return Section("Whom it finds where", body, "Which queries are hard.") if tables else None

    def as_dict(self) -> dict[str, Any]:
        found = {"by_camera": self.by_camera, "by_light": self.by_light}
        return {name: _to_json(groups) for name, groups in found.items() if groups}


def groups_table(name: str, title: str, heading: str, groups: Groups) -> Table:
    """One line per group; Rank@1 and mAP (step) for each row."""
    first = next(iter(groups.values()))
    columns = [Column(heading), Column("queries"), Column("identities")]
    columns += [Column(figure, group=row_title(row)) for row in groups for figure in ("Rank@1", "mAP step")]
    rows: list[tuple[Cell, ...]] = []
    for place, group in enumerate(first):
        figures = [100 * value for found in groups.values() for value in (found[place].rank1, found[place].map_step)]
        rows.append((group.name, str(group.num_query), str(group.num_ids), *figures))
    return Table(name, title, tuple(columns), tuple(rows), NOTE)


def _to_json(groups: Groups) -> list[dict[str, Any]]:
    return [
        {"feature": row.feature, "protocol": row.protocol, "groups": [asdict(group) for group in found]}
        for row, found in groups.items()
    ]
