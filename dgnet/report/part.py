"""What every measure brings to a report."""

from __future__ import annotations

from typing import Any, ClassVar

from dgnet.report.page import Section, Tile
from dgnet.report.tables import Table


class Part:
    """One measure in a report; a measure overrides what it has."""

    printed: ClassVar[bool] = False  # its first table is shown in the terminal, and its tiles come first

    def tables(self) -> list[Table]:
        """Each is written as CSV and LaTeX."""
        return []

    def section(self) -> Section | None:
        """Its card on the page."""
        return None

    def tiles(self) -> list[Tile]:
        """Its large figures at the top of the page."""
        return []

    def as_dict(self) -> dict[str, Any]:
        """Name -> figures, ready for JSON, as they stand in `results.json`."""
        return {}
