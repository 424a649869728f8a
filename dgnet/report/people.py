"""A page of people who were searched for, each with who was found, as ranked thumbnails."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dgnet.report.page import Section, render_page

# Beside the report's own style sheet: cards in rows that wrap, each a picture above a few lines.
STYLE = """<style>
.people { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; margin: 0 0 8px; }
.people figure { margin: 0; width: 128px; }
.people .pic img { aspect-ratio: 1/2; }
.people .none { aspect-ratio: 1/2; display: grid; place-items: center; color: var(--soft); font-size: 12px; }
.people figcaption { font-size: 12px; line-height: 1.45; color: var(--soft); margin-top: 4px; overflow-wrap: anywhere; }
.people figcaption b { color: var(--ink); font-weight: 600; }
</style>"""


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG (empty where there is none), its title, which appears when pointed at, and the lines below it."""

    picture: bytes
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The pictures of a person, who was found, best first, and a sentence where nobody was."""

    queries: Sequence[Thumbnail]
    matches: Sequence[Thumbnail]
    nobody: str = ""


def people_page(title: str, facts: Sequence[tuple[str, str]], people: Sequence[Found]) -> str:
    """The whole HTML document, which loads nothing from elsewhere."""
    sections = []
    for number, found in enumerate(people, start=1):
        queries = "".join(_card(one, "query") for one in found.queries)
        matches = "".join(_card(one, "") for one in found.matches)
        answer = f"<h3>{escape(found.nobody)}</h3>" if found.nobody else f'<div class="people">{matches}</div>'
        heading = f"Person {number}" if len(people) > 1 else "The person"
        sections.append(Section(heading, f'<div class="people">{queries}</div>{answer}'))
    return render_page(title, facts, (), sections).replace("</head>", f"{STYLE}</head>", 1)


def _card(one: Thumbnail, kind: str) -> str:
    words = escape(one.title, quote=True)
    first, *rest = (escape(line) for line in one.lines)
    picture = (
        f'<img src="data:image/jpeg;base64,{base64.b64encode(one.picture).decode("ascii")}" alt="{words}">'
        if one.picture
        else '<div class="none">no thumbnail</div>'
    )
    caption = "<br>".join([f"<b>{first}</b>", *rest])
    return f'<figure title="{words}"><div class="pic {kind}">{picture}</div><figcaption>{caption}</figcaption></figure>'
