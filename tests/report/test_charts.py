"""Charts: round ticks, thinned and smoothed curves, valid SVG."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgnet.report.charts import Series, line_chart, round_ticks, running_mean, short, small_chart, thin
from dgnet.report.parts.training import group_of, training_curves


@given(low=st.floats(-1e6, 1e6), size=st.floats(1e-3, 1e6))
def test_ticks_are_inside_evenly_spaced_and_few(low: float, size: float) -> None:
    ticks = round_ticks(low, low + size)
    assert 2 <= len(ticks) <= 8
    slack = 1e-6 * max(size, abs(low) * 1e-3)
    assert low - slack <= ticks[0]
    assert ticks[-1] <= low + size + slack
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0], rtol=1e-3)


@given(values=st.lists(st.floats(-100, 100), min_size=1, max_size=200))
def test_running_mean_equals_the_mean_of_each_window(values: list[float]) -> None:
    number = len(values)
    expected = []
    for i in range(number):
        reach = min(i, number - 1 - i, number // 40)
        window = values[i - reach : i + reach + 1]
        expected.append(sum(window) / len(window))
    np.testing.assert_allclose(running_mean(np.array(values)), expected, atol=1e-9)


def test_thin_keeps_the_ends_and_the_mean() -> None:
    x = np.arange(10_000.0)
    thin_x, thin_y = thin(x, 3 * x)
    assert len(thin_x) <= 240
    assert (thin_x[0], thin_x[-1], thin_y[-1]) == (0, 9999, 29997)
    np.testing.assert_allclose(thin_y, 3 * thin_x)
    assert (np.diff(thin_x) > 0).all()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0312, "0.0312"), (12500, "12.5k"), (5990, "5990"), (2e6, "2M"), (1e-4, "1e-4"), (-0.5, "-0.5")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text


def svg_of(html: str) -> ElementTree.Element:
    found = re.search(r"<svg.*?</svg>", html, re.DOTALL)
    assert found
    return ElementTree.fromstring(found.group())


def test_line_chart_draws_every_series_in_the_frame() -> None:
    x = np.geomspace(1e-4, 1, 50)
    html = line_chart(
        [Series("f_prim", x, np.sqrt(x)), Series("<fine>", x, 2 * x)],  # the second leaves the range: it is clipped
        title="ROC & more",
        x_label="false",
        y_label="true",
        x_range=(1e-4, 1),
        y_range=(0, 1),
        log_x=True,
    )
    assert "ROC &amp; more" in html
    assert "&lt;fine&gt;" in html
    lines = svg_of(html).findall("polyline")
    assert len(lines) == 2
    for line in lines:
        points = np.array([[float(v) for v in pair.split(",")] for pair in line.attrib["points"].split()])
        assert points[0, 0] == pytest.approx(44)
        assert points[-1, 0] == pytest.approx(420 - 14)
        assert (points[:, 1] >= 14 - 0.1).all()
        assert (points[:, 1] <= 270 - 40 + 0.1).all()
        np.testing.assert_allclose(np.diff(points[:, 0]), (420 - 14 - 44) / 49, atol=0.11)  # even on a log axis


def test_small_chart_survives_spikes_and_gaps() -> None:
    values = np.exp(-np.arange(200) / 50)
    values[0], values[10] = 1e9, math.nan
    html = small_chart("loss", np.arange(200.0), values)
    svg = svg_of(html)
    points = svg.findall("polyline")[0].attrib["points"]
    assert "nan" not in points
    assert "inf" not in points
    heights = [float(pair.split(",")[1]) for pair in points.split()]
    assert heights[100] > heights[1] + 30  # the spike has not flattened the curve
    assert small_chart("loss", np.arange(3.0), np.full(3, math.nan)) == ""


def test_constant_curves_are_drawn() -> None:
    for level in (0.0, 1e-4, -2.0):
        assert svg_of(small_chart("lr", np.arange(5.0), np.full(5, level))).findall("polyline")


def test_training_curves_by_phase_and_group() -> None:
    log: list[dict[str, object]] = [
        {"phase": "teacher", "step": s, "cross_entropy": 1.0 / (s + 1), "accuracy": 0.5, "seconds": s} for s in range(3)
    ]
    log += [{"phase": "joint", "step": s, "image": 0.1, "adversarial": 1.0, "r1": 0.0, "odd": 3} for s in range(3)]
    log += [{"phase": "joint", "step": 3, "prim": 0.1, "note": "text", "flag": True}, {"event": "no step"}]
    html = training_curves(log)
    headings = re.findall(r"<h3>(.*?)</h3>", html)
    assert headings == [
        "teacher · Identity",
        "joint · Adversarial",
        "joint · Reconstruction",
        "joint · Other",
    ]
    names = re.findall(r"<figcaption>(.*?)<b>", html)
    assert names == ["cross_entropy", "accuracy", "adversarial", "r1", "image", "odd"]  # one point alone is no curve
    assert training_curves([]) == ""


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("image", "Reconstruction"),
        ("partner_image", "Reconstruction"),
        ("code_s", "Reconstruction"),
        ("cycle", "Reconstruction"),
        ("redressed", "Reconstruction"),
        ("adversarial", "Adversarial"),
        ("discriminator", "Adversarial"),
        ("r1", "Adversarial"),
        ("id_real", "Identity"),
        ("fine_real", "Identity"),
        ("prim", "Identity"),
        ("lr", "Other"),
    ],
)
def test_groups(key: str, group: str) -> None:
    assert group_of(key) == group
