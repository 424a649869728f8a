"""Networks that are built to be filled from a file."""

from __future__ import annotations

import subprocess
import sys

import torch
from torch import nn

from dgnet.models.layers.unfilled import unfilled


def test_tensors_have_a_shape_and_no_values() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with unfilled():
        network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 2))
        nn.init.kaiming_normal_(network[0].weight)
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
    assert network[0].weight.shape == (8, 3, 3, 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert nn.Linear(8, 2).weight.std() > 0, "outside, weights are random as ever"


def test_loading_a_model_does_not_import_torchs_compiler() -> None:
    code = "import sys, dgnet; dgnet.load('bundled-small'); assert 'torch._dynamo' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
