"""Building the backbone of E_a or of the teacher, which computes the feature map; and the weights it starts from."""

from __future__ import annotations

from contextlib import nullcontext

import torch

from dgnet.config import FROM_TEACHER, IMAGENET, BackboneConfig, ConfigError
from dgnet.models.backbones.efficientnet_lite import EfficientNetLite0
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2
from dgnet.models.backbones.resnet import ResNet
from dgnet.models.backbones.timm_backbone import TimmBackbone
from dgnet.models.layers.unfilled import unfilled
from dgnet.models.weights.foreign import load_backbone
from dgnet.models.weights.imagenet import imagenet_weights

Backbone = ResNet | MobileNetV2 | EfficientNetLite0 | TimmBackbone

_OTHER_LAYERS = (
    f"network.backbone.weights: found {FROM_TEACHER!r}, but the teacher's backbone has other layers; give "
    "network.backbone and teacher.backbone the same settings"
)


def build_backbone(config: BackboneConfig) -> Backbone:
    """A backbone N x 3 x H x W -> N x `channels` x h x w, with random weights.

    Raises:
        ConfigError: `config.timm` names a model that timm cannot make here.
    """
    if config.timm:
        return TimmBackbone(config)
    match config.kind:
        case "mobilenet_v2":
            return MobileNetV2(config.last_stride, config.mixstyle)
        case "efficientnet_lite0":
            return EfficientNetLite0(config.last_stride, config.mixstyle)
        case "resnet":
            return ResNet(config)


def start_from(backbone: Backbone, config: BackboneConfig, teacher: Backbone | None = None) -> None:
    """Load what `config.weights` names into a new backbone: a file, shipped weights, or the teacher's backbone.

    Raises:
        WeightsError: the file does not fit, or the package that ships it is not installed.
        ConfigError: timm has no weights for its model, or the teacher's backbone has other layers.
    """
    if not config.weights:
        return
    if config.weights == FROM_TEACHER:
        assert teacher is not None, "a teacher does not start from itself"
        _take_over(backbone, teacher)
    elif isinstance(backbone, TimmBackbone):
        backbone.load_pretrained()
    else:
        load_backbone(backbone, imagenet_weights(config.kind) if config.weights == IMAGENET else config.weights)


def check_start(config: BackboneConfig, teacher: BackboneConfig) -> None:
    """Check, before the teacher is trained for hours, that E_a can start from its `weights`.

    Raises:
        ConfigError: it is to start from a teacher whose backbone has other layers.
        WeightsError: it is to start from ImageNet weights, and the package that ships them is not installed.
    """
    if config.weights == IMAGENET:
        imagenet_weights(config.kind)
    if config.weights == FROM_TEACHER and config.layers_alone != teacher.layers_alone:
        raise ConfigError(_OTHER_LAYERS)


def _take_over(backbone: Backbone, teacher: Backbone) -> None:
    """Copy the parameters and running statistics of the teacher's backbone. Raises ConfigError if they do not fit."""
    found, own = teacher.state_dict(), backbone.state_dict()
    if {k: v.shape for k, v in found.items()} != {k: v.shape for k, v in own.items()}:
        raise ConfigError(_OTHER_LAYERS)
    backbone.load_state_dict(found)


@torch.no_grad()
def map_size(config: BackboneConfig, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the feature map of an image of `size` (height, width), found by running the network.

    Raises:
        ConfigError: timm's model cannot be made, does not take such an image, or does not give a feature map.
    """
    # Our own networks run on `meta`, without memory or arithmetic; timm's models are not made for that.
    with nullcontext() if config.timm else unfilled():
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
