"""What one measure contributes to a report."""

from __future__ import annotations

from typing import Any, ClassVar

from dgnet.report.page import Section, Tile
from dgnet.report.tables import Table


class Part:
    """One measure in a report; a subclass overrides the methods for which it has something to show."""

    printed: ClassVar[bool] = False  # its first table is printed in the terminal, and its tiles come first on the page

    def tables(self) -> list[Table]:
        """Its tables, each of which is written as CSV and LaTeX."""
        return []

    def section(self) -> Section | None:
        """Its card on the page."""
        return None

    def tiles(self) -> list[Tile]:
        """Its large figures at the top of the page."""
        return []

    def as_dict(self) -> dict[str, Any]:
        """Its figures by name, ready for JSON, as `results.json` holds them."""
        return {}
