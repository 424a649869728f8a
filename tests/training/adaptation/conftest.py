"""People of one colour each, a small model, and what a run gives to adaptation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dgnet.config import AdaptConfig, RunConfig
from dgnet.data.people import Group, Identity, People
from dgnet.data.store.crops import Crops
from dgnet.models.dgnet import DGNet
from dgnet.training.adaptation.adapt import Unlabelled
from dgnet.training.distributed import World
from dgnet.training.session import Context

SETTINGS = AdaptConfig(
    epochs=2, steps=2, num_ids=2, num_images=2, k1=5, k2=2, min_samples=3, backbone_lr=0.02, copies=0
)
NUM_PEOPLE, EACH = 4, 6


@pytest.fixture
def settings() -> AdaptConfig:
    return SETTINGS


@pytest.fixture
def images(tmp_path: Path) -> Unlabelled:
    """Four people, each of one colour and with some noise, by two cameras."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    colours = np.array([[230, 40, 40], [40, 210, 40], [40, 40, 230], [220, 220, 50]])
    people = np.arange(NUM_PEOPLE * EACH) % NUM_PEOPLE
    pixels = colours[people][:, None, None] + rng.normal(0, 12, (len(people), 64, 32, 3))
    path = tmp_path / "images.npy"
    np.save(path, np.clip(pixels, 0, 255).astype(np.uint8))
    crops = Crops(np.load(path, mmap_mode="r"), path, np.zeros((len(people), 16), np.uint8))
    return Unlabelled(crops, np.arange(len(people)), np.arange(len(people)) // NUM_PEOPLE % 2)


@pytest.fixture
def model(config: RunConfig) -> DGNet:
    torch.manual_seed(0)
    return DGNet(config.network, 0).eval()


@pytest.fixture
def context(config: RunConfig, tmp_path: Path) -> Context:
    people = People((Group("crops", (Identity("1", 24, "x"),)),), "order")
    own = replace(config, adapt=SETTINGS, log_every=1, checkpoint_every=100)
    autocast = torch.autocast("cpu", enabled=False)
    return Context(own, people, tmp_path / "states", tmp_path / "log.jsonl", autocast, World())
