"""The names that torchvision and timm give to the layers of MobileNetV2 and EfficientNet-Lite0: facts about formats.

The convolutions and norms of a network are in the same order in every library, so the n-th name here is the n-th there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from dgnet.models.backbones import efficientnet_lite, mobilenet_v2
from dgnet.models.backbones.efficientnet_lite import EfficientNetLite0
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2


def namings(network: nn.Module) -> list[dict[str, str]]:
    """One dict per naming of a network's convolutions and norms, own name -> theirs; the first keeps all names."""
    own = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    match network:
        case MobileNetV2():
            others = [torchvision_names(), timm_names(mobilenet_v2.STAGES)]
        case EfficientNetLite0():
            others = [timm_names(efficientnet_lite.STAGES)]
        case _:  # a ResNet has one naming everywhere
            others = []
    return [{name: name for name in own}, *(dict(zip(own, names, strict=True)) for names in others)]


def torchvision_names() -> Iterator[str]:
    """Convolutions and norms of torchvision's MobileNetV2 in order."""
    yield from ("features.0.0", "features.0.1")
    place = 1
    for expansion, _, num_blocks, *_ in mobilenet_v2.STAGES:
        for _ in range(num_blocks):
            activated = 2 if expansion > 1 else 1  # convolutions with an activation; each is in its own Sequential
            block = f"features.{place}.conv"
            for index in range(activated):
                yield from (f"{block}.{index}.0", f"{block}.{index}.1")
            yield from (f"{block}.{activated}", f"{block}.{activated + 1}")
            place += 1
    yield from (f"features.{place}.0", f"features.{place}.1")


def timm_names(stages: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """Convolutions and norms of timm's `mobilenetv2_100` and `tf_efficientnet_lite0` in order."""
    yield from ("conv_stem", "bn1")
    for stage, (expansion, _, num_blocks, *_) in enumerate(stages):
        parts = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3") if expansion > 1 else _FIRST
        for block in range(num_blocks):
            yield from (f"blocks.{stage}.{block}.{part}" for part in parts)
    yield from ("conv_head", "bn2")


_FIRST = ("conv_dw", "bn1", "conv_pw", "bn2")  # of a block that does not widen its input
