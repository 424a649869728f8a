"""MixStyle against its equation, and where it must not act."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dgnet.config import BackboneConfig, ConfigError
from dgnet.models.backbones.choice import build_backbone
from dgnet.models.layers.mixstyle import EPS, MixStyle, beta, mix_styles
from dgnet.training.execution.modes import generated_statistics, running_statistics

LIGHT = BackboneConfig(kind="mobilenet_v2", last_stride=2, mixstyle=1.0)
LITE = BackboneConfig(kind="efficientnet_lite0", last_stride=2, mixstyle=1.0)
SMALL = BackboneConfig(bottleneck=False, layers=(1, 1, 1, 1), width=8, stem="small", mixstyle=1.0)


def test_is_the_equation_in_naive_loops() -> None:
    torch.manual_seed(0)
    x, other = torch.randn(3, 2, 5, 4) * 3 + 1, torch.tensor([2, 0, 1])
    share = torch.tensor([0.9, 0.2, 0.5]).view(3, 1, 1, 1)
    mixed = mix_styles(x, share, other).numpy().astype(np.float64)
    maps = x.numpy().astype(np.float64)
    for n in range(3):
        for c in range(2):
            own, its = maps[n, c], maps[int(other[n]), c]
            lam = float(share[n])
            sigma = lam * (own.std() + EPS) + (1 - lam) * (its.std() + EPS)
            wanted = sigma * (own - own.mean()) / (own.std() + EPS) + lam * own.mean() + (1 - lam) * its.mean()
            np.testing.assert_allclose(mixed[n, c], wanted, rtol=1e-5, atol=1e-5)


def test_a_whole_share_of_the_own_style_changes_nothing() -> None:
    x = torch.randn(4, 3, 6, 6)
    torch.testing.assert_close(mix_styles(x, torch.ones(4, 1, 1, 1), torch.tensor([1, 2, 3, 0])), x)


def test_shares_are_drawn_from_beta() -> None:
    torch.manual_seed(0)
    shares = beta(20_000, torch.empty(0)).flatten()
    assert shares.mean().item() == pytest.approx(0.5, abs=0.02)
    assert shares.var().item() == pytest.approx(0.25 / 1.2, abs=0.01)  # ab / ((a + b)^2 (a + b + 1)), a = b = 0.1


@pytest.mark.parametrize("config", [LIGHT, LITE, SMALL])
def test_acts_in_training_alone_and_has_no_parameters(config: BackboneConfig) -> None:
    torch.manual_seed(0)
    backbone, x = build_backbone(config), torch.randn(4, 3, 64, 32)
    assert not [name for name in backbone.state_dict() if "mixstyle" in name]
    mixed = [backbone.train()(x) for _ in range(2)]
    assert not torch.equal(*mixed), "each pass draws its own mixture"
    backbone.eval()
    torch.testing.assert_close(backbone(x), backbone(x), rtol=0, atol=0)


@pytest.mark.parametrize("active", [True, False])
def test_generated_images_and_codes_keep_their_styles(active: bool) -> None:
    backbone, x = build_backbone(SMALL).train(), torch.randn(4, 3, 64, 32)
    for context in (generated_statistics, running_statistics):
        with torch.no_grad(), context(backbone, active):
            torch.testing.assert_close(backbone(x), backbone(x), rtol=0, atol=0)
        assert isinstance(backbone.mixstyle, MixStyle)
        assert backbone.mixstyle.training


def test_the_step_that_is_seeded_alike_mixes_alike() -> None:
    backbone, x = build_backbone(SMALL).train(), torch.randn(4, 3, 64, 32)
    drawn = []
    for _ in range(2):
        torch.manual_seed(5)
        drawn.append(backbone(x))
    torch.testing.assert_close(*drawn, rtol=0, atol=0)


def test_timm_models_refuse_it() -> None:
    with pytest.raises(ConfigError, match=r"backbone\.mixstyle: found 0\.5"):
        BackboneConfig(timm="resnet18", mixstyle=0.5)
