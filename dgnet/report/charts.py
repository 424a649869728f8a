"""Line charts as inline SVG, without script. Colours come from the page's style sheet, in light and dark mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from dgnet.report.symbols import html_symbols

Float64Array = npt.NDArray[np.float64]

_MOST_POINTS = 240  # a curve is thinned to this many; a chart is a few hundred pixels wide


@dataclass(frozen=True)
class Series:
    """Points (x, y) of one curve, x ascending; a `faint` curve is drawn thin and pale."""

    name: str
    x: Float64Array
    y: Float64Array
    faint: bool = False


@dataclass(frozen=True)
class Axes:
    """Maps data to places in the drawing, from the data's ranges and the drawing's size and margins (SVG units)."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    log_x: bool = False

    def x(self, value: float) -> float:
        low, high = (self._log(bound) for bound in self.x_range)
        return self.left + (self._log(value) - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self.height - self.bottom - (value - low) / (high - low) * (self.height - self.top - self.bottom)

    def _log(self, value: float) -> float:
        return math.log10(value) if self.log_x else value


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    log_x: bool = False,
) -> str:
    """A chart of named curves, with ticks, and a legend below; from the seventh curve on, colours repeat."""
    axes = Axes(x_range, y_range, width=420, height=270, left=44, right=14, top=14, bottom=40, log_x=log_x)
    x_ticks = _decades(*x_range) if log_x else sorted({x_range[0], *round_ticks(*x_range)})
    parts = [_grid(axes, x_ticks, round_ticks(*y_range))]
    parts += [_path(axes, one, f"s{index % 6}") for index, one in enumerate(series)]
    middle = (axes.left + axes.width - axes.right) / 2
    parts.append(
        f'<text class="axis" x="{middle:.0f}" y="{axes.height - 6}" text-anchor="middle">{escape(x_label)}</text>'
    )
    parts.append(
        f'<text class="axis" transform="translate(11 {(axes.top + axes.height - axes.bottom) / 2:.0f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    keys = "".join(
        f'<span class="key"><i class="s{index % 6}"></i>{html_symbols(one.name)}</span>'
        for index, one in enumerate(series)
    )
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>{_svg(axes, title, parts)}'
        f'<div class="legend">{keys}</div></figure>'
    )


def small_chart(name: str, steps: Float64Array, values: Float64Array, colour: str = "s1") -> str:
    """One curve: its raw values faint, their running mean over them, and the last mean as a figure in the caption.

    `colour` is a class of the style sheet. Values that are not finite are left out; where none is left, the chart is
    an empty string.
    """
    finite = np.isfinite(values)
    steps, values = steps[finite], values[finite]
    if len(values) == 0:
        return ""
    low, high = _robust_range(values)
    last_step = float(steps[-1]) if steps[-1] > steps[0] else float(steps[0]) + 1
    axes = Axes((float(steps[0]), last_step), (low, high), width=260, height=120, left=38, right=8, top=8, bottom=18)
    smooth = running_mean(values)
    parts = [_grid(axes, [float(steps[0]), last_step], [low, high])]
    parts.append(_area(axes, Series(name, *thin(steps, smooth)), colour))
    parts.append(_path(axes, Series(name, *thin(steps, values), faint=True), colour))
    parts.append(_path(axes, Series(name, *thin(steps, smooth)), colour))
    caption = f"<figcaption>{escape(name)}<b>{short(float(smooth[-1]))}</b></figcaption>"
    return f'<figure class="small">{caption}{_svg(axes, name, parts)}</figure>'


def running_mean(values: Float64Array) -> Float64Array:
    """Mean over a window around each value; the window is a twentieth of the curve, and narrower near both ends."""
    number = len(values)
    index = np.arange(number)
    reach = np.minimum(np.minimum(index, number - 1 - index), number // 40)
    total = np.concatenate([[0.0], np.cumsum(values)])
    return (total[index + reach + 1] - total[index - reach]) / (2 * reach + 1)


def thin(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """At most 240 points: the first and the last point, and between them the means of equally long runs of points."""
    if len(x) <= _MOST_POINTS:
        return x, y
    edges = np.linspace(0, len(x), _MOST_POINTS - 1).astype(int)
    counts = np.diff(edges)
    inner_x, inner_y = np.add.reduceat(x, edges[:-1]) / counts, np.add.reduceat(y, edges[:-1]) / counts
    return np.concatenate([x[:1], inner_x, x[-1:]]), np.concatenate([y[:1], inner_y, y[-1:]])


def round_ticks(low: float, high: float) -> list[float]:
    """Four to seven round numbers inside [low, high]."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number in about five characters at most: 0.0312, 4.71, 12.5k."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6:
        return f"{value / 1e6:.3g}M"
    if size >= 1e4:
        return f"{value / 1e3:.3g}k"
    if size < 0.001:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.4g}" if size >= 1000 else f"{value:.3g}"


def _robust_range(values: Float64Array) -> tuple[float, float]:
    """A range of the y axis with 0 and all values but the outermost hundredths, so that a spike does not flatten it."""
    low, high = min(0.0, float(np.quantile(values, 0.01))), max(0.0, float(np.quantile(values, 0.99)) * 1.05)
    if high <= low:
        return low, low + 1
    # Round outwards to two digits, so that the axis has short numbers.
    unit = 10 ** (math.floor(math.log10(max(high, -low))) - 1)
    return math.floor(low / unit) * unit, math.ceil(high / unit) * unit


def _decades(low: float, high: float) -> list[float]:
    return [10.0**power for power in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]


def _grid(axes: Axes, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> str:
    parts = []
    for tick in y_ticks:
        y = axes.y(tick)
        parts.append(f'<line class="grid" x1="{axes.left}" x2="{axes.width - axes.right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{axes.left - 5}" y="{y + 3.5:.1f}" text-anchor="end">{short(tick)}</text>')
    for index, tick in enumerate(x_ticks):
        x = axes.x(tick)
        anchor = (
            "end" if index == len(x_ticks) - 1 and len(x_ticks) == 2 else "start" if len(x_ticks) == 2 else "middle"
        )
        parts.append(
            f'<text x="{x:.1f}" y="{axes.height - axes.bottom + 13}" text-anchor="{anchor}">{short(tick)}</text>'
        )
    return "".join(parts)


def _path(axes: Axes, series: Series, colour: str) -> str:
    low, high = axes.y_range
    points = " ".join(
        f"{axes.x(float(x)):.1f},{axes.y(min(max(float(y), low), high)):.1f}"
        for x, y in zip(series.x, series.y, strict=True)
    )
    return f'<polyline class="{colour}{" faint" if series.faint else ""}" points="{points}"/>'


def _area(axes: Axes, series: Series, colour: str) -> str:
    """The area between a curve and zero, in a pale shade of its colour."""
    floor = axes.y(min(max(0.0, axes.y_range[0]), axes.y_range[1]))
    edge = " ".join(
        f"{axes.x(float(x)):.1f},{axes.y(min(max(float(y), axes.y_range[0]), axes.y_range[1])):.1f}"
        for x, y in zip(series.x, series.y, strict=True)
    )
    first, last = axes.x(float(series.x[0])), axes.x(float(series.x[-1]))
    return f'<polygon class="area {colour}" points="{first:.1f},{floor:.1f} {edge} {last:.1f},{floor:.1f}"/>'


def _svg(axes: Axes, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {axes.width:g} {axes.height:g}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )
