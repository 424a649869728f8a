"""The pages: every link leads to something that exists, and every entry of the log is complete and in the index."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOPICS = sorted(path for path in (ROOT / "docs" / "log").glob("*.md") if path.name != "README.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """A page without its fenced blocks and code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    """The links of a page to files or headings that are not there."""
    broken = []
    for target in LINK.findall(prose(page)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_the_code_speaks_of_pages_that_exist() -> None:
    """Pages of docs/ that docstrings and comments refer to exist."""
    sources = [
        path
        for folder in ("dgnet", "tests", "benchmarks", "examples", "tools")
        for path in (ROOT / folder).rglob("*.py")
    ]
    named = [
        (str(path.relative_to(ROOT)), page)
        for path in sources
        for page in re.findall(r"docs/[\w/]*\w\.md\b", path.read_text(encoding="utf-8"))
    ]
    assert named
    assert [(path, page) for path, page in named if not (ROOT / page).is_file()] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here it is\n[a](#here-it-is) [b](#there) [c](page.md) [d](none.md) `[e](none.md)` [f](https://x)\n"
    )
    assert broken_links(page) == ["#there", "none.md"]


def test_the_folders_stand_in_the_order_of_imports() -> None:
    """The table of docs/architecture.md has the order of ORDER in tests/test_imports.py."""
    source = ast.parse((ROOT / "tests" / "test_imports.py").read_text(encoding="utf-8"))
    order = next(
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ORDER"
    )
    table = (
        (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Folders")[2].partition("\n\n`")[0]
    )
    firsts = re.findall(r"^\| (.*?) \|", table, flags=re.MULTILINE)
    named = [name.rstrip("/") for first in firsts for name in re.findall(r"`([^`]+)`", first)]
    assert named == [name for name in order if "." not in name and name != "__main__"]


def entries(topic: Path) -> dict[str, str]:
    """Heading -> text of each entry of a topic."""
    _, *parts = re.split(r"^## ", topic.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(part.split("\n", 1) for part in parts)  # type: ignore[misc]


def answer(entry: str) -> str:
    """The answer of an entry, on one line."""
    found = re.search(r"\*\*Answer\.\*\* (.+?)\n\n", entry, flags=re.DOTALL)
    assert found is not None
    return " ".join(found[1].split())


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.stem)
def test_entries_say_when_what_and_so_what(topic: Path) -> None:
    found = entries(topic)
    assert found
    for heading, entry in found.items():
        assert re.match(r"\n20\d\d-\d\d-\d\d · ", entry), f"{heading}: no date and machine"
        assert all(f"**{part}.** " in entry for part in ("Question", "Answer", "Decision")), heading
        assert answer(entry).endswith("."), heading


def test_the_index_lists_every_entry_with_its_answer() -> None:
    index = " ".join((ROOT / "docs" / "log" / "README.md").read_text(encoding="utf-8").split())
    missing = [
        f"{topic.name}: {heading}"
        for topic in TOPICS
        for heading, entry in entries(topic).items()
        if f"[{heading}]({topic.name}#" not in index or answer(entry) not in index
    ]
    assert missing == []
