"""Schedules at the published numbers, and their scaling to other lengths."""

from dataclasses import fields, replace

import pytest

from dgnet.config import LossConfig, ScheduleConfig, preset
from dgnet.training.optim.schedules import cosine_factor, lr_factor, ramp, ramped_weights

PUBLISHED = ScheduleConfig()


def test_ramps_start_after_step_30_000_and_grow_by_0_0005_a_step() -> None:
    assert ramp(30_000, PUBLISHED, 2.0) == 0.0
    assert ramp(30_001, PUBLISHED, 2.0) == pytest.approx(0.0005)
    assert ramp(32_000, PUBLISHED, 1.0) == ramp(32_000, PUBLISHED, 2.0) == pytest.approx(1.0)
    assert ramp(34_000, PUBLISHED, 2.0) == ramp(99_999, PUBLISHED, 2.0) == 2.0


def test_ramped_weights_end_at_the_published_ones() -> None:
    ended = ramped_weights(100_000, PUBLISHED, LossConfig())
    assert (ended.code_a, ended.code_s, ended.cycle, ended.prim, ended.fine) == (1, 1, 2, 2, pytest.approx(0.4))


def test_learning_rates_drop_at_the_milestones() -> None:
    factors = [lr_factor(step, PUBLISHED) for step in (0, 59_999, 60_000, 89_999, 90_000, 105_000)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.001])


def test_generated_identity_counts_from_its_start_on() -> None:
    assert ramped_weights(0, PUBLISHED, LossConfig()).id_generated == 0.5
    late = replace(PUBLISHED, id_generated_start=10)
    assert [ramped_weights(step, late, LossConfig()).id_generated for step in (0, 9, 10, 11)] == [0, 0, 0.5, 0.5]
    assert late.scaled(50_000).id_generated_start == 5


def test_cosine_decay_ends_at_nothing_and_has_no_milestones() -> None:
    schedule = replace(PUBLISHED, decay="cosine", warmup=1_000)
    factors = [lr_factor(step, schedule) for step in (499, 999, 1_000, 50_500, 100_000)]
    assert factors == pytest.approx([0.5, 1, 1, 0.5, 0])


def test_warm_up_is_linear() -> None:
    schedule = ScheduleConfig(warmup=4)
    assert [lr_factor(step, schedule) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [cosine_factor(step, 10, 2) for step in (0, 1, 2, 10)] == pytest.approx([0.5, 1.0, 1.0, 0.0])


@pytest.mark.parametrize("steps", [10_000, 150_000])
def test_a_scaled_schedule_has_the_same_shape(steps: int) -> None:
    scaled, ratio = PUBLISHED.scaled(steps), steps / PUBLISHED.steps
    for step in range(0, PUBLISHED.steps, 2_500):
        there = round(step * ratio)
        assert ramp(there, scaled, 2.0) == pytest.approx(ramp(step, PUBLISHED, 2.0))
        assert lr_factor(there, scaled) == lr_factor(step, PUBLISHED)


def test_msmt17_is_one_and_a_half_times_as_long() -> None:
    assert preset("msmt17").schedule == PUBLISHED.scaled(150_000)


def test_each_ramp_ends_at_its_own_weight() -> None:
    loss = LossConfig(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, id_generated=0.9, prim=1.1, fine=0.5)
    assert (loss.code_a, loss.code_s, loss.cycle) == (0.3, 0.4, 0.5)
    ended = ramped_weights(100_000, PUBLISHED, loss)
    in_order = [getattr(ended, item.name) for item in fields(ended)]
    assert in_order == pytest.approx([0.9, 0.3, 0.4, 0.5, 0.6, 1.1, 0.55])


def test_on_the_way_up_all_ramps_are_as_high_but_fine_which_is_a_fraction_of_prim() -> None:
    loss = LossConfig(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, id_generated=0.9, prim=1.1, fine=0.5)
    on_the_way = ramped_weights(30_000 + 400, PUBLISHED, loss)  # 0.2
    assert [getattr(on_the_way, item.name) for item in fields(on_the_way)] == pytest.approx(
        [0.9, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1]
    )
    before = ramped_weights(30_000, PUBLISHED, loss)
    assert [getattr(before, item.name) for item in fields(before)] == [0.9, 0, 0, 0, 0, 0, 0]


def test_warm_up_meets_the_milestones() -> None:
    schedule = replace(PUBLISHED, warmup=10, milestones=(5,))
    assert [lr_factor(step, schedule) for step in (4, 5, 9, 10)] == pytest.approx([0.5, 0.06, 0.1, 0.1])


def test_a_run_that_is_all_warm_up_ends_at_its_full_rate() -> None:
    assert [cosine_factor(step, 4, 4) for step in (3, 4)] == [1.0, 1.0]
    assert [cosine_factor(step, 6, 4) for step in (5, 6)] == pytest.approx([0.5, 0.0])
    assert [cosine_factor(step, 5, 4) for step in (4, 5)] == pytest.approx([1.0, 0.0])
