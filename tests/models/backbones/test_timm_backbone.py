"""timm models as backbones, against a stand-in for the functions used: list_models, is_model, create_model."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dgnet.config import BackboneConfig, ConfigError, preset
from dgnet.models.appearance import Teacher
from dgnet.models.backbones.choice import build_backbone, map_size, start_from
from dgnet.models.backbones.timm_backbone import TimmBackbone
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import load_model, save_model
from dgnet.training.execution.modes import running
from dgnet.training.execution.recompute import recomputing

CHANNELS = [8, 24]
NAMES = ["tiny_net", "coarse_net", "token_net", "nhwc_net", "fixed_net"]


class FeaturesOnly(nn.Module):
    """The stand-in's `create_model(features_only=True)`: maps of two stages, finest first, and `feature_info`."""

    scale: Tensor

    def __init__(self, name: str, reduction: int, pretrained: bool) -> None:
        super().__init__()
        self.name = name
        self.first = nn.Conv2d(3, CHANNELS[0], 4, 4)
        self.norm = nn.BatchNorm2d(CHANNELS[0])
        self.second = nn.Conv2d(CHANNELS[0], CHANNELS[1], reduction // 4, reduction // 4)
        self.register_buffer("scale", torch.full((1,), 0.5), persistent=False)
        self.feature_info = SimpleNamespace(channels=lambda: CHANNELS)
        if pretrained:
            nn.init.constant_(self.first.bias, 3.0)

    def forward(self, x: Tensor) -> list[Tensor]:
        if self.name == "fixed_net":
            raise AssertionError("Input height (64) doesn't match model (224)")
        first = self.norm(self.first(x)) * self.scale
        last = self.second(first.relu())
        as_others = {"token_net": last.flatten(2), "nhwc_net": last.permute(0, 2, 3, 1)}
        return [first, as_others.get(self.name, last)]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Put the stand-in in timm's place; gives the arguments with which `create_model` is called."""
    seen: list[dict[str, Any]] = []

    def create_model(name: str, pretrained: bool = False, **settings: Any) -> nn.Module:
        seen.append({"name": name, "pretrained": pretrained, **settings})
        if name == "coarse_net" and "output_stride" in settings:
            raise TypeError("no argument output_stride")
        return FeaturesOnly(name, settings.get("output_stride", 32), pretrained)

    timm = ModuleType("timm")
    for name, value in {
        "create_model": create_model,
        "list_models": lambda: NAMES,
        "is_model": NAMES.__contains__,
    }.items():
        setattr(timm, name, value)
    monkeypatch.setitem(sys.modules, "timm", timm)
    return seen


@pytest.mark.parametrize(("last_stride", "asked", "rows"), [(1, {"output_stride": 16}, 4), (2, {}, 2)])
def test_the_last_map_and_its_channels(
    calls: list[dict[str, Any]], last_stride: int, asked: dict[str, int], rows: int
) -> None:
    config = BackboneConfig(timm="tiny_net", last_stride=last_stride)  # type: ignore[arg-type]
    backbone = build_backbone(config)
    assert calls == [{"name": "tiny_net", "pretrained": False, "features_only": True, **asked}]
    assert backbone.channels == 24
    assert backbone(torch.zeros(2, 3, 64, 32)).shape == (2, 24, rows, rows // 2)
    assert map_size(config, (64, 32)) == (rows, rows // 2)


def test_student_and_teacher_of_timm_models_come_back_from_their_files(
    calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A buffer that timm's model keeps out of its state dict comes back too."""
    config = preset("mannequin")
    backbone = BackboneConfig(timm="tiny_net", weights="pretrained")
    config = replace(config, network=replace(config.network, backbone=backbone))
    model = DGNet(config.network, 5).eval()
    x = torch.randn(2, 3, 64, 32)
    assert model.encode(x).a.shape == (2, 24, 4)
    save_model(tmp_path / "model", model, config, {})
    loaded = load_model(tmp_path / "model")
    assert loaded.config.network.backbone == replace(backbone, weights="")
    with torch.no_grad():
        assert torch.equal(loaded.model.swap(x, x.flip(0)), model.swap(x, x.flip(0)))
    assert Teacher(backbone, 8, 5)(x).shape == (2, 5)
    assert not any(call["pretrained"] for call in calls)  # nothing is downloaded to build or to load


def test_a_timm_model_is_recomputed_as_a_whole(calls: list[dict[str, Any]]) -> None:
    config = replace(preset("mannequin").network, backbone=BackboneConfig(timm="tiny_net"))
    model = DGNet(config, 5).eval()
    x, gradients = torch.randn(2, 3, 64, 32), []
    for forwards in ({}, recomputing(model)):
        model.zero_grad()
        with running(forwards):
            model.appearance_encoder(x).prim.logits.sum().backward()
        gradients.append([p.grad for p in model.appearance_encoder.backbone.parameters()])
    assert model.appearance_encoder.backbone in forwards
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))  # type: ignore[arg-type]


def test_pretrained_weights_are_timms(calls: list[dict[str, Any]]) -> None:
    for weights, bias in (("", False), ("pretrained", True)):
        config = BackboneConfig(timm="tiny_net", weights=weights)
        backbone = build_backbone(config)
        assert isinstance(backbone, TimmBackbone)
        start_from(backbone, config)
        assert bool((backbone.body.first.bias == 3).all()) == bias


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tiny_nett", "found 'tiny_nett', but timm has no such model; did you mean 'tiny_net'"),
        ("vgg", "found 'vgg', but timm has no such model; timm.list_models() names them all"),
        (
            "coarse_net",
            "'coarse_net': no argument output_stride; where it knows no output_stride, set backbone.last_stride 2",
        ),
        ("token_net", "'token_net' gives 1 x 24 x 8 for one image, must be 1 x 24 x height x width"),
        ("nhwc_net", "'nhwc_net' gives 1 x 4 x 2 x 24 for one image, must be 1 x 24 x height x width"),
        ("fixed_net", "'fixed_net' does not take images of 64 x 32: Input height (64) doesn't match model (224)"),
    ],
)
def test_a_model_that_cannot_serve_is_named(calls: list[dict[str, Any]], name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^backbone.timm: .*{re.escape(message)}"):
        map_size(BackboneConfig(timm=name), (64, 32))


def test_timm_missing_or_beside_another_torchvision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(
        ConfigError, match=r"^backbone\.timm: found 'resnet50', but timm cannot be imported here \(Module"
    ):
        build_backbone(BackboneConfig(timm="resnet50"))
    (tmp_path / "timm.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.delitem(sys.modules, "timm")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as raised:
        build_backbone(BackboneConfig(timm="resnet50"))
    assert "(RuntimeError: operator torchvision::nms does not exist)" in str(raised.value)
    assert f"pip install 'dgnet[timm]') and the torchvision built for torch {torch.__version__}" in str(raised.value)
