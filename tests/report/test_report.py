"""The report: complete, self-contained, escaped, and never half written."""

from __future__ import annotations

import errno
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dgnet.report.part import Part
from dgnet.report.parts.swaps.consistency import Consistency
from dgnet.report.parts.swaps.interpolation import Interpolations
from dgnet.report.parts.swaps.realism import RealismAndDiversity
from dgnet.report.parts.training import Training
from dgnet.report.report import Report, report_tables, results_of, write_report, write_tables
from dgnet.retrieval import EvaluationError, RetrievalResult
from dgnet.retrieval.rows import Row, rows_from_json

Rows = dict[Row, RetrievalResult]


VOID = {"meta", "img", "br", "line"}


class Page(HTMLParser):
    """Collects a page's text and addresses, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_every_part_is_there_and_nothing_is_loaded_from_elsewhere(full_report: Report, tmp_path: Path) -> None:
    path = write_report(tmp_path / "out" / "report.html", full_report)
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in re.sub(r"data:image/[^\"]+", "", html)
    assert len(page.addresses) == 2 + 3 + 6 + 4 * 4 + 7 + 8 + 2 * 11
    text = " ".join(page.text)
    for heading in (
        "A <run> & its figures",
        "Swapped people",
        "Against the true swap",
        "Interpolation",
        "Retrieval",
        "CMC",
        "Same person or not",
        "Between cameras",
        "Published on Market-1501",
        "Direct transfer",
        "Trained on",
        "What a swap keeps",
        "Several seeds",
        "Each seed",
        "Runs side by side",
        "Hardest <b>",
        "Realism and diversity",
        "18.240",
        "12.300",
        "SSIM, generated",
        "AP <42>",
        "joint · Reconstruction",
        "mAP step is the mean of",
        "0.50 ×",
        "89.6",
        "dgnet train mannequin --out 'runs/<x>'",
    ):
        assert heading in text, heading
    assert html.count('class="pic right"') == 2 * 3
    assert html.count('class="pic wrong"') == 2 * 7
    assert "prefers-color-scheme: dark" in html


def test_parts_that_are_absent_leave_no_trace(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path / "report.html", Report("Nothing yet")).read_text(encoding="utf-8"))
    assert "Nothing yet" in page.text
    assert "section" not in page.tags
    assert "table" not in page.tags


def test_each_part_stands_alone(part: Part, tmp_path: Path) -> None:
    page = Page(write_report(tmp_path / "report.html", Report("One part", parts=[part])).read_text("utf-8"))
    assert page.tags.count("section") == 1


def test_a_part_that_has_nothing_to_show_leaves_no_trace(tmp_path: Path) -> None:
    nothing = [Consistency(), RealismAndDiversity(), Interpolations([]), Training([])]
    report = Report("Nothing", parts=nothing)
    assert "section" not in Page(write_report(tmp_path / "report.html", report).read_text(encoding="utf-8")).tags
    assert report_tables(report) == []
    assert results_of(report) == {"doubts": [], "notes": []}


def test_what_makes_figures_worthless_stands_before_them(full_report: Report, tmp_path: Path) -> None:
    text = " ".join(Page(write_report(tmp_path / "report.html", full_report).read_text(encoding="utf-8")).text)
    assert 0 < text.index("features are all but equal") < text.index("Swapped people") < text.index("Notes")


def test_results_hold_every_measure_by_name(full_report: Report, two_rows: Rows) -> None:
    found = results_of(full_report)
    names = {"retrieval", "protocol", "verification", "transfer", "seeds", "comparison", "swap_error"}
    names |= {"pasted_swap_error", "identity_consistency", "structure_consistency", "realism", "diversity"}
    names |= {"by_camera", "by_light"}
    assert set(found) == {*names, "doubts", "notes"}
    assert rows_from_json(json.loads(json.dumps(found["retrieval"]))) == two_rows
    assert (found["retrieval"][1]["feature"], found["retrieval"][1]["protocol"]) == ("baseline", "")
    assert found["swap_error"]["ratio"] == 0.5


def test_every_table_is_written_twice(full_report: Report, tmp_path: Path) -> None:
    written = write_tables(tmp_path / "tables", full_report)
    names = ["retrieval", "transfer", "transfer_features", "seeds", "each_seed", "comparison", "swap_error"]
    names += [
        "identity_consistency",
        "structure_consistency",
        "realism",
        "verification",
        "cameras",
        "by_camera",
        "by_light",
    ]
    assert [path.name for path in written] == [f"{name}.{suffix}" for name in names for suffix in ("csv", "tex")]
    assert (tmp_path / "tables" / "swap_error.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[
        -1
    ] == "0.7000"
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == sorted(path.name for path in written)


def test_a_full_disk_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_report(tmp_path / "report.html", Report("The old one"))
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvaluationError, match=r"report.html: cannot be written: No space left on device"):
        write_report(path, Report("The new one"))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
