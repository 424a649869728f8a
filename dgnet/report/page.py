"""The HTML page around the sections of a report: one file, without script, that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources

from dgnet.report.symbols import html_symbols


@dataclass(frozen=True)
class Tile:
    """A large figure at the top of the page; `change` is the line below it, coloured unless `good` is None."""

    value: str
    label: str
    change: str = ""
    good: bool | None = None


@dataclass(frozen=True)
class Section:
    """A card with a title. `lead`, plain text, stands above `body`, which is HTML."""

    title: str
    body: str
    lead: str = ""


def render_page(
    title: str, facts: Sequence[tuple[str, str]], tiles: Sequence[Tile], sections: Sequence[Section]
) -> str:
    """The whole HTML document."""
    css = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    body = "".join(_section(section) for section in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css}</style></head><body>"
        f'<header><p class="eyebrow">dgnet report</p><h1>{escape(title)}</h1>{_tiles(tiles)}{_facts(facts)}</header>'
        f"<main>{body}</main><footer>Made by dgnet. Everything on this page is inside this one file.</footer>"
        "</body></html>\n"
    )


def _tiles(tiles: Sequence[Tile]) -> str:
    if not tiles:
        return ""
    html = ""
    for tile in tiles:
        colour = "" if tile.good is None else ' class="up"' if tile.good else ' class="down"'
        change = f"<i{colour}>{html_symbols(tile.change)}</i>" if tile.change else ""
        html += f'<div class="tile"><span>{html_symbols(tile.label)}</span><b>{escape(tile.value)}</b>{change}</div>'
    return f'<div class="tiles">{html}</div>'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    if not facts:
        return ""
    html = ""
    for name, value in facts:
        command = name.lower() == "command"
        wide, code = (' class="wide"', ' class="code"') if command else ("", "")
        html += f"<div{wide}><dt>{escape(name)}</dt><dd{code}>{escape(value)}</dd></div>"
    return f'<dl class="facts">{html}</dl>'


def _section(section: Section) -> str:
    lead = f'<p class="lead">{html_symbols(section.lead)}</p>' if section.lead else ""
    return f"<section><h2>{escape(section.title)}</h2>{lead}{section.body}</section>"
