"""A table in its three forms."""

from __future__ import annotations

import csv
import io

import pytest

from dgnet.report.symbols import html_symbols, latex_symbols
from dgnet.report.tables import Column, Table

TABLE = Table(
    "demo",
    "A demonstration",
    (
        Column("feature"),
        Column("mAP", best="max", group="ours"),
        Column("L1", digits=3, best="min", group="theirs"),
        Column("note", group="theirs"),
    ),
    (("f_prim", 71.26, 0.5, "a & b"), ("f_fine", 71.34, None, "<50%"), ("x", 12.0, 0.25, "")),
    note="x_j & more",
)


def test_csv_holds_every_figure_and_names_groups() -> None:
    rows = list(csv.reader(io.StringIO(TABLE.to_csv())))
    assert rows[0] == ["feature", "ours mAP", "theirs L1", "theirs note"]
    assert rows[1] == ["f_prim", "71.2600", "0.5000", "a & b"]
    assert rows[2] == ["f_fine", "71.3400", "", "<50%"]


def test_text_is_aligned_and_names_the_other_groups() -> None:
    assert TABLE.to_text().splitlines() == [
        "feature   mAP  theirs L1  theirs note",
        "f_prim   71.3      0.500        a & b",
        "f_fine   71.3          –         <50%",
        "x        12.0      0.250",
    ]


def test_latex_escapes_and_marks_the_best() -> None:
    lines = TABLE.to_latex().splitlines()
    assert r"\multicolumn{1}{c}{} & \multicolumn{1}{c}{ours} & \multicolumn{2}{c}{theirs} \\" in lines
    assert r"$f_{\mathrm{prim}}$ & \textbf{71.3} & 0.500 & a \& b \\" in lines  # 71.3 as shown: both are best
    assert r"$f_{\mathrm{fine}}$ & \textbf{71.3} & -- & <50\% \\" in lines
    assert r"x & 12.0 & \textbf{0.250} &  \\" in lines


def test_html_escapes_and_marks_the_best() -> None:
    html = TABLE.to_html()
    assert html.count("<td class=best") == 3
    assert "&lt;50%" in html
    assert "<50%" not in html
    assert '<th colspan="2">theirs</th>' in html
    assert '<p class="note"><var>x<sub>j</sub></var> &amp; more</p>' in html
    assert "–" in html


def test_one_figure_alone_is_not_the_best() -> None:
    table = Table("one", "", (Column(""), Column("mAP", best="max")), (("a", 1.0), ("b", None)))
    assert "best" not in table.to_html()


def test_a_row_must_fit_its_columns() -> None:
    with pytest.raises(ValueError, match="table demo: a row of 1 cells under 2 columns"):
        Table("demo", "", (Column("a"), Column("b")), (("x",),))


@pytest.mark.parametrize(
    ("text", "html", "latex"),
    [
        ("f_prim + f_fine", "<var>f<sub>prim</sub></var> + <var>f<sub>fine</sub></var>", None),
        ("k/r_k < 1", "k/<var>r<sub>k</sub></var> &lt; 1", r"k/$r_{\mathrm{k}}$ < 1"),
        ("no_feed", "no_feed", r"no\_feed"),
        ("partner_image_x", "partner_image_x", r"partner\_image\_x"),
        ("3 ± 1 × 2 – 5", "3 ± 1 × 2 – 5", r"3 $\pm$ 1 $\times$ 2 -- 5"),
        ("a\\b {c}", "a\\b {c}", r"a\textbackslash b \{c\}"),
    ],
)
def test_symbols(text: str, html: str, latex: str | None) -> None:
    assert html_symbols(text) == html
    if latex:
        assert latex_symbols(text) == latex
