"""Times as users write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from dgnet.data.records import DataError
from dgnet.experiment.galleries.times import seconds


@pytest.mark.parametrize(
    ("text", "time"),
    [("3", 3.0), (" 3.5 ", 3.5), ("-.5", -0.5), ("1.8e9", 1.8e9), ("1790000000", 1.79e9), ("20261128.0", 20261128.0)],
)
def test_plain_numbers_are_seconds(text: str, time: float) -> None:
    assert seconds(text, "--time") == time


@pytest.mark.parametrize("text", ["00000151", "20261332", "15000101", "20261128123"])
def test_digits_that_are_no_date_are_seconds(text: str) -> None:
    assert seconds(text, "--time") == float(text)


@pytest.mark.parametrize("text", ["2026-11-28T08:00", "2026-11-28 08:00:00", "20261128T0800"])
def test_dates_are_seconds_since_1970(text: str) -> None:
    assert seconds(text, "--time") == datetime(2026, 11, 28, 8).timestamp()


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("20261128", "2026-11-28T00:00:00"),
        ("202611280805", "2026-11-28T08:05:00"),
        ("20261128080501", "2026-11-28T08:05:01"),
    ],
)
def test_digits_that_may_be_a_date_are_refused(text: str, date: str) -> None:
    """As seconds they would be of 1970, or of a year far ahead."""
    with pytest.raises(DataError, match=f"^--after: found '{text}', .* write {date} for the date, or {text}.0 for"):
        seconds(text, "--after")


@pytest.mark.parametrize("text", ["", "nan", "inf", "28.11.2026", "1e999", "9999-99-99", "2026_11_28", "1_0", "\u0661"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="--after: found "):
        seconds(text, "--after")
