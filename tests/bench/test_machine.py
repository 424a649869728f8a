"""The fastest matrix product of the machine: every function that is timed computes the product."""

from __future__ import annotations

import pytest
import torch

from dgnet.bench import machine
from dgnet.bench.machine import matmul_rate, products
from dgnet.retrieval.kernel.products import onednn_product

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_way_gives_the_product(dtype: torch.dtype) -> None:
    a, b = (torch.randn(64, 64, generator=torch.Generator().manual_seed(seed)).to(dtype) for seed in range(2))
    ways = products(CPU, dtype)
    if dtype == torch.float32:  # whether bf16 goes through oneDNN is the processor's affair
        assert len(ways) == 1 + (onednn_product() is not None)
    for product in ways:
        torch.testing.assert_close(product(a, b).double(), a.double() @ b.double().T, atol=0.2, rtol=0.02)


def test_the_rate_is_the_fastest_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 5.0, 5.0, 6.0, 6.0, 6.5, 6.5, 9.0])  # two ways, two attempts each: 5, 1, 0.5 and 2.5 seconds
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(machine, "ATTEMPTS", 2)
    monkeypatch.setattr(machine, "SIDE", 8)
    monkeypatch.setattr(machine, "products", lambda *_: [torch.nn.functional.linear] * 2)
    assert matmul_rate(CPU, torch.float32) == 2 * 8**3 / 0.5
