"""A run small enough to take in a second: narrow networks, 64 x 32 images, four identities."""

from dataclasses import replace

import pytest
import torch

from dgnet.config import BackboneConfig, NetworkConfig, RunConfig, preset
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.training.step import Batch, Networks

NUM_CLASSES = 4


@pytest.fixture
def config() -> RunConfig:
    backbone = BackboneConfig(bottleneck=False, layers=(1, 1, 1, 1), width=8, stem="small")
    network = NetworkConfig(
        structure_width=2, dilations=(1, 2, 3), mlp_width=8, discriminator_width=4, feature_dim=8, backbone=backbone
    )
    base = preset("mannequin").scaled(8)
    teacher = replace(base.teacher, backbone=backbone, batch_size=4, steps=4, min_accuracy=0.0)
    schedule = replace(base.schedule, ramp_start=2, ramp_rate=0.5, warmup=0)
    return replace(
        base,
        batch_size=2,
        network=network,
        teacher=teacher,
        schedule=schedule,
        log_every=1,
        sample_every=4,
        checkpoint_every=1,
    )


@pytest.fixture
def networks(config: RunConfig) -> Networks:
    torch.manual_seed(0)
    teacher = Teacher(config.teacher.backbone, config.network.feature_dim, NUM_CLASSES).freeze()
    return Networks(DGNet(config.network, NUM_CLASSES), Discriminator(config.network), teacher)


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = [torch.randn(4, 3, 64, 32, generator=generator) for _ in range(4)]
    return Batch(*images, label=torch.tensor([0, 1, 2, 3]))
