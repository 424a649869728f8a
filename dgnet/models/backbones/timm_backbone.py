"""A timm model in place of our ResNet. timm is imported only here, and only if `backbone.timm` is set."""

from __future__ import annotations

import difflib
from typing import Any

import torch
from torch import Tensor, nn

from dgnet.config import BackboneConfig, ConfigError

STRIDE = 16  # of the feature map at last_stride 1, as in our ResNet


class TimmBackbone(nn.Module):
    """The last feature map of a timm model: N x 3 x H x W -> N x C x H/16 x W/16 (mostly H/32 x W/32 at last stride 2).

    Args:
        config: `timm` is timm's name of the model; with `last_stride` 1 timm is asked for `output_stride` 16.

    Raises:
        ConfigError: timm does not import, knows no such model, or cannot make it give a feature map.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        self.config = config
        self.body = _create(config, pretrained=False)
        self.channels = int(self.body.feature_info.channels()[-1])

    def load_pretrained(self) -> None:
        """Load the weights that timm has for this model, and downloads. Raises ConfigError where it has none."""
        self.body.load_state_dict(_create(self.config, pretrained=True).state_dict())

    def forward(self, x: Tensor) -> Tensor:
        feature_map: Tensor = self.body(x)[-1]
        return feature_map


def _create(config: BackboneConfig, *, pretrained: bool) -> Any:
    """`timm.create_model` with `features_only`: the model gives a list of feature maps, one per stage."""
    name = config.timm
    try:
        import timm
    except Exception as error:  # it imports torchvision, which fails in many ways if built for another torch
        raise ConfigError(
            f"backbone.timm: found {name!r}, but timm cannot be imported here ({type(error).__name__}: {error}). "
            f"Install it (pip install 'dgnet[timm]') and the torchvision built for torch {torch.__version__}, or leave "
            "backbone.timm empty"
        ) from error
    if not timm.is_model(name):
        close = difflib.get_close_matches(name, timm.list_models(), n=3)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "timm.list_models() names them all"
        raise ConfigError(f"backbone.timm: found {name!r}, but timm has no such model; {hint}")
    stride = {"output_stride": STRIDE} if config.last_stride == 1 else {}
    try:
        # Always on the CPU: with the default device `meta`, buffers outside the state dict would stay empty.
        with torch.device("cpu"):
            return timm.create_model(name, pretrained=pretrained, features_only=True, **stride)
    except Exception as error:  # whatever a model of another package may raise
        reason = str(error) or type(error).__name__
        advice = "; where it knows no output_stride, set backbone.last_stride 2" if stride else ""
        raise ConfigError(f"backbone.timm: timm cannot make feature maps with {name!r}: {reason}{advice}") from error
