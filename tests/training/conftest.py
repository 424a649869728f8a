"""Untrained networks and a batch of noise."""

import pytest
import torch

from dgnet.config import RunConfig
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.step import Batch, Networks

NUM_CLASSES = 4


@pytest.fixture
def networks(config: RunConfig) -> Networks:
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, NUM_CLASSES).freeze()
    return Networks(DGNet(config.network, NUM_CLASSES), Discriminator(config.network), teacher)


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = [torch.randn(4, 3, 64, 32, generator=generator) for _ in range(5)]
    return Batch(*images, label=torch.tensor([0, 1, 2, 3]))
