"""Which network gives E_a, or the teacher, its feature map; and what it starts from."""

from __future__ import annotations

import torch

from dgnet.config import BackboneConfig, ConfigError
from dgnet.models.foreign import load_backbone
from dgnet.models.resnet import ResNet
from dgnet.models.timm_backbone import TimmBackbone

Backbone = ResNet | TimmBackbone


def build_backbone(config: BackboneConfig) -> Backbone:
    """A network N x 3 x H x W -> N x `channels` x h x w, with weights drawn at random.

    Raises:
        ConfigError: `config.timm` names a model that timm cannot make here.
    """
    return TimmBackbone(config) if config.timm else ResNet(config)


def start_from(backbone: Backbone, config: BackboneConfig) -> None:
    """Fill a new backbone from `config.weights`, where there are any.

    Raises:
        WeightsError: the file does not fit.
        ConfigError: timm has no weights for its model.
    """
    if not config.weights:
        return
    if isinstance(backbone, TimmBackbone):
        backbone.load_pretrained()
    else:
        load_backbone(backbone, config.weights)


@torch.no_grad()
def map_size(config: BackboneConfig, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the feature map of an image of `size` (height, width), found by trying.

    Raises:
        ConfigError: timm's model cannot be made, takes no such image, or gives something else than a map.
    """
    # A ResNet of ours is tried without memory or arithmetic; timm's models are not made for that.
    with torch.device("cpu" if config.timm else "meta"):
        backbone, x = build_backbone(config).eval(), torch.zeros(1, 3, *size)
    try:
        shape = backbone(x).shape
    except Exception as error:  # whatever a model of another package may raise
        found = f"{config.timm!r} does not take images of {size[0]} x {size[1]}"
        raise ConfigError(f"backbone.timm: {found}: {error}") from error
    if len(shape) != 4 or shape[1] != backbone.channels:
        raise ConfigError(
            f"backbone.timm: {config.timm!r} gives {' x '.join(map(str, shape))} for one image, must be "
            f"1 x {backbone.channels} x height x width"
        )
    return shape[2], shape[3]
