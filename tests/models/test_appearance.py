"""How E_a pools its map for the heads, and how it begins as T."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from dgnet.config import NetworkConfig, RunConfig
from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.models.backbones.choice import start_from


@pytest.fixture
def network(config: RunConfig) -> NetworkConfig:
    return replace(config.network, pool="mean")


def test_heads_read_the_mean_of_the_map_and_the_code_its_maxima(network: NetworkConfig) -> None:
    x = torch.randn(2, 3, 64, 32)
    torch.manual_seed(0)
    mean = AppearanceEncoder(network, 5).eval()
    found, feature_map = mean(x), mean.backbone(x)
    torch.testing.assert_close(found.prim, mean.prim(feature_map.mean(dim=(2, 3))))
    maximum = AppearanceEncoder(replace(network, pool="max"), 5).eval()
    maximum.load_state_dict(mean.state_dict())
    torch.testing.assert_close(maximum(x).a, found.a, rtol=0, atol=0)
    torch.testing.assert_close(maximum(x).fine, mean.fine(feature_map.amax(dim=(2, 3))))
    assert not torch.equal(maximum(x).prim.feature, found.prim.feature)


def test_begins_as_the_teacher(network: NetworkConfig) -> None:
    torch.manual_seed(0)
    teacher = Teacher(network.backbone, network.feature_dim, 5).eval()
    encoder = AppearanceEncoder(network, 5).eval()
    start_from(encoder.backbone, replace(network.backbone, weights="teacher"), teacher.backbone)
    assert encoder.start_heads_from(teacher.head)
    x = torch.randn(3, 3, 64, 32)
    for head in (encoder(x).prim, encoder(x).fine):
        torch.testing.assert_close(head, teacher.describe(x), rtol=0, atol=0)


@pytest.mark.parametrize("other", [{"pool": "max"}, {"feature_dim": 24}])
def test_heads_of_another_pooling_or_width_keep_their_own_start(network: NetworkConfig, other: dict[str, str]) -> None:
    teacher = Teacher(network.backbone, network.feature_dim, 5)
    encoder = AppearanceEncoder(replace(network, **other), 5)
    before = encoder.prim.embed.weight.clone()
    assert not encoder.start_heads_from(teacher.head)
    assert torch.equal(encoder.prim.embed.weight, before)


def test_heads_of_other_people_take_everything_but_the_classifier(network: NetworkConfig) -> None:
    teacher, encoder = Teacher(network.backbone, network.feature_dim, 0), AppearanceEncoder(network, 6)
    before = encoder.fine.classifier.weight.clone()
    assert encoder.start_heads_from(teacher.head)
    assert torch.equal(encoder.fine.embed.weight, teacher.head.embed.weight)
    assert torch.equal(encoder.fine.classifier.weight, before)
