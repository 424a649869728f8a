"""Tables, written as HTML for the report, text for the terminal, CSV for a spreadsheet, and LaTeX for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from dgnet.report.symbols import html_symbols, latex_symbols

Cell: TypeAlias = str | float | None


@dataclass(frozen=True)
class Column:
    """A column: its numbers have `digits` decimals; `best` says whether the greatest or the least is marked.

    Neighbouring columns with the same `group` have that heading in common.
    """

    name: str
    digits: int = 1
    best: Literal["max", "min"] | None = None
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table; its files are called `name`. A row has one cell per column; None is shown as a dash."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.name}: a row of {len(row)} cells under {len(self.columns)} columns: {row}"
                )

    def to_csv(self) -> str:
        """CSV with every number to 4 decimals; a column's group stands before its name."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([f"{column.group} {column.name}".strip() for column in self.columns])
        for row in self.rows:
            writer.writerow(
                ["" if cell is None else f"{cell:.4f}" if isinstance(cell, float) else cell for cell in row]
            )
        return stream.getvalue()

    def to_text(self) -> str:
        """Aligned columns for a terminal; a column's group stands before its name, except in the first group."""
        own = next((column.group for column in self.columns if column.group), "")
        head = [
            column.name if column.group == own else f"{column.group} {column.name}".strip() for column in self.columns
        ]
        lines = [head, *(shown for shown, _ in self._shown_rows())]
        widths = [max(len(line[index]) for line in lines) for index in range(len(head))]
        text = ""
        for first, *rest in lines:
            cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
            text += "  ".join(cells).rstrip() + "\n"
        return text

    def to_latex(self) -> str:
        """A tabular for the LaTeX package booktabs, with the best figure of a column in bold."""
        lines = [rf"% {self.title}", rf"\begin{{tabular}}{{l{'r' * (len(self.columns) - 1)}}}", r"\toprule"]
        if self._has_groups():
            spans = [rf"\multicolumn{{{width}}}{{c}}{{{latex_symbols(group)}}}" for group, width in self._groups()]
            lines.append(" & ".join(spans) + r" \\")
        lines.append(" & ".join(latex_symbols(column.name) for column in self.columns) + r" \\")
        lines.append(r"\midrule")
        for shown, bold in self._shown_rows():
            cells = [
                rf"\textbf{{{latex_symbols(text)}}}" if b else latex_symbols(text)
                for text, b in zip(shown, bold, strict=True)
            ]
            lines.append(" & ".join(cells) + r" \\")
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])

    def to_html(self) -> str:
        """A table element inside a box that scrolls sideways on a narrow screen."""
        head = ""
        if self._has_groups():
            spans = "".join(f'<th colspan="{width}">{html_symbols(group)}</th>' for group, width in self._groups())
            head += f'<tr class="groups">{spans}</tr>'
        head += (
            "<tr>" + "".join(f'<th scope="col">{html_symbols(column.name)}</th>' for column in self.columns) + "</tr>"
        )
        body = ""
        for shown, bold in self._shown_rows():
            first, *rest = shown
            cells = "".join(
                f"<td{' class=best' if b else ''}{self._border(k)}>{html_symbols(text)}</td>"
                for k, (text, b) in enumerate(zip(rest, bold[1:], strict=True), start=1)
            )
            body += f'<tr><th scope="row">{html_symbols(first)}</th>{cells}</tr>'
        note = f'<p class="note">{html_symbols(self.note)}</p>' if self.note else ""
        return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>{note}'

    def _border(self, index: int) -> str:
        starts_group = self._has_groups() and self.columns[index].group != self.columns[index - 1].group
        return ' data-edge=""' if starts_group else ""

    def _has_groups(self) -> bool:
        return any(column.group for column in self.columns)

    def _groups(self) -> Iterator[tuple[str, int]]:
        for group, columns in groupby(self.columns, key=lambda column: column.group):
            yield group, len(list(columns))

    def _shown_rows(self) -> Iterator[tuple[list[str], list[bool]]]:
        best = [self._best(index) for index in range(len(self.columns))]
        for row in self.rows:
            shown = [_text(cell, column.digits) for cell, column in zip(row, self.columns, strict=True)]
            yield shown, [b is not None and text == b for text, b in zip(shown, best, strict=True)]

    def _best(self, index: int) -> str | None:
        """The best figure of a column, as shown: figures that look equal are all bold. None where there is only one."""
        column = self.columns[index]
        numbers = [row[index] for row in self.rows if isinstance(row[index], float)]
        if column.best is None or len(numbers) < 2:
            return None
        return _text(max(numbers) if column.best == "max" else min(numbers), column.digits)  # type: ignore[type-var]


def _text(cell: Cell, digits: int) -> str:
    if cell is None:
        return "–"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell)
