"""Averages, the log file, and the watch that stops a run which diverges."""

import math
from pathlib import Path

import pytest
import torch

from dgnet.training.log import Averages, DivergenceError, JsonLines, Watch, read_log


def test_averages_are_of_the_steps_since_the_last_look() -> None:
    averages = Averages()
    averages.add([("a", torch.tensor(1.0)), ("b", torch.tensor(5.0))])
    averages.add([("a", torch.tensor(3.0))])
    assert averages.take() == {"a": 2.0, "b": 5.0}
    averages.add([("a", torch.tensor(7.0))])
    assert averages.take() == {"a": 7.0}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_term_that_is_not_finite_stops_the_run_by_name(value: float) -> None:
    with pytest.raises(DivergenceError, match=r"step 30: cycle = (nan|inf)\. Begin a new run .*\(tau\)"):
        Watch("tau").check(30, {"image": 1.0, "cycle": value})


def test_a_term_that_stays_far_above_its_median_stops_the_run() -> None:
    watch = Watch("rate")
    for step in range(20):
        watch.check(step, {"image": 1.0, "adversarial": 2.0})
    watch.check(20, {"image": 1.0, "adversarial": 900.0})
    watch.check(21, {"image": 1.0, "adversarial": 2.0})  # one jump is forgiven
    watch.check(22, {"image": 1.0, "adversarial": 900.0})
    watch.check(23, {"image": 1.0, "adversarial": 900.0})
    with pytest.raises(DivergenceError, match="adversarial = 900"):
        watch.check(24, {"image": 1.0, "adversarial": 900.0})


def test_a_term_that_starts_at_almost_nothing_may_grow() -> None:
    """R1 is 1e-5 before D has learnt anything, and about 1 soon after."""
    watch = Watch("rate")
    for step in range(20):
        watch.check(step, {"r1": 1e-5})
    for step in range(20, 30):
        watch.check(step, {"r1": 2.0})


def test_resuming_drops_the_lines_after_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    first = JsonLines(path, "joint", 0)
    JsonLines(path, "teacher", 0).write(9, {"loss": 9.0})
    for step in (1, 2, 3):
        first.write(step, {"loss": float(step)})
    JsonLines(path, "joint", 2).write(3, {"loss": 30.0})
    rows = read_log(path)
    assert [(row["phase"], row["step"], row["loss"]) for row in rows] == [
        ("teacher", 9, 9.0),
        ("joint", 1, 1.0),
        ("joint", 2, 2.0),
        ("joint", 3, 30.0),
    ]


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    whole = [{"phase": "joint", "step": 1}, {"phase": "joint", "step": 3}]
    path.write_text('{"phase": "joint", "step": 1}\n{"phase": "jo\n{"phase": "joint", "step": 3}\n{"phase')
    assert read_log(path) == whole
    JsonLines(path, "joint", 3).write(4, {})  # whoever goes on keeps all that can be read
    assert read_log(path) == [*whole, {"phase": "joint", "step": 4}]
