"""The benchmarks' tables: every phase is timed and operations are counted rightly; no time is asserted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from dgnet.bench import step as bench
from dgnet.bench.data import bench_data
from dgnet.bench.evaluate import bench_evaluate
from dgnet.bench.machine import matmul_rate, table
from dgnet.config import RunConfig

CPU = torch.device("cpu")


def test_a_step_is_timed_phase_by_phase(config: RunConfig) -> None:
    found = bench.measure_step(config, CPU, steps=2)
    assert list(found.seconds) == ["draw", "discriminator", "generator", "appearance", "feeding"]
    assert all(seconds > 0 for seconds in found.seconds.values())
    assert found.peak > 1 << 20
    without = replace(config, loss=replace(config.loss, prim=0.0))
    assert bench.measure_step(without, CPU, steps=1).seconds["feeding"] == 0
    assert bench.measure_step(without, CPU, steps=1).flops < found.flops
    mixed = replace(config, network=replace(config.network, backbone=replace(config.network.backbone, ibn=True)))
    assert bench.measure_step(mixed, CPU, steps=1).flops == found.flops  # norms are not counted


def test_operations_are_those_of_the_backward_too() -> None:
    """A layer m x k times k x n inside a network costs 2 m k n forward and twice that backward."""
    layers = nn.Sequential(nn.Linear(3, 5, bias=False), nn.Linear(5, 7, bias=False))
    with bench.Operations() as counter:
        layers(torch.ones(2, 3)).sum().backward()
    assert counter.count == 2 * 2 * (3 * 5 + 5 * 7) + 2 * 2 * (3 * 5 + 2 * 5 * 7)


def test_tables_say_what_was_measured(config: RunConfig, tmp_path: Path) -> None:
    shown = bench.bench_step(config, CPU, "fp32", 1)
    assert all(
        name in shown for name in ("discriminator", "images per second", "TFLOP", "of the matrix product's in fp32")
    )
    shown = bench_data(config, CPU, 2)
    assert "24 training images at 64 x 32" in shown
    assert "8 images in" in shown
    shown = bench_evaluate(config, CPU, images=9, queries=20, gallery=40)
    assert "20 queries against 40" in shown


def test_rate_and_table() -> None:
    assert matmul_rate(CPU, torch.float32) > 1e8
    assert table([("a", "1"), ("long", "2")]) == "a     1\nlong  2"
