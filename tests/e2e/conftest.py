"""What two whole runs have in common: every tensor and every result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dgnet.files.tensors import read_tensors
from dgnet.training.checkpoint import latest_checkpoint

TensorsOf = Callable[[Path], dict[str, torch.Tensor]]


@pytest.fixture
def tensors_of() -> TensorsOf:
    """Read all tensors of a run's last checkpoint and of its model."""

    def read(run: Path) -> dict[str, torch.Tensor]:
        path = latest_checkpoint(run / "checkpoints")
        assert path is not None
        return read_tensors(path)[0] | {f"kept.{k}": v for k, v in read_tensors(run / "model.safetensors")[0].items()}

    return read


@pytest.fixture
def assert_same(tensors_of: TensorsOf) -> Callable[[Path, Path], None]:
    """Two runs have bit for bit the same tensors, and the same results."""

    def compare(first: Path, second: Path) -> None:
        one, other = tensors_of(first), tensors_of(second)
        assert one.keys() == other.keys()
        assert [name for name in one if not torch.equal(one[name], other[name])] == []
        results = [json.loads((run / "results.json").read_text()) for run in (first, second)]
        assert results[0] == results[1]

    return compare
