"""MobileNetV2 and EfficientNet-Lite0 as torchvision and timm name their parameters: facts about file formats.

In every library a network's convolutions and norms come in one order, so names are matched place by place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn

Stages = Sequence[tuple[int, ...]]  # expansion, channels, number of blocks, ...


def in_own_names(network: nn.Module, stages: Stages, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of a network of inverted residuals in the names of `network`; unknown tensors keep theirs.

    Args:
        stages: of the network, as its module lists them.
        found: in its own names, in torchvision's or in timm's.
    """
    own = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    for naming in (torchvision_names, timm_names):
        foreign = list(naming(stages))
        if set(foreign) <= {name.rpartition(".")[0] for name in found}:
            ours = dict(zip(foreign, own, strict=True))
            parts = ((*name.rpartition("."), tensor) for name, tensor in found.items())
            return {f"{ours.get(layer, layer)}{dot}{leaf}": tensor for layer, dot, leaf, tensor in parts}
    return dict(found)


def torchvision_names(stages: Stages) -> Iterator[str]:
    """Convolutions and norms of torchvision's MobileNetV2 in order."""
    yield from ("features.0.0", "features.0.1")
    place = 1
    for expansion, _, num_blocks, *_ in stages:
        for _ in range(num_blocks):
            activated = 2 if expansion > 1 else 1  # convolutions with an activation, each a Sequential of its own
            block = f"features.{place}.conv"
            for index in range(activated):
                yield from (f"{block}.{index}.0", f"{block}.{index}.1")
            yield from (f"{block}.{activated}", f"{block}.{activated + 1}")
            place += 1
    yield from (f"features.{place}.0", f"features.{place}.1")


def timm_names(stages: Stages) -> Iterator[str]:
    """Convolutions and norms of timm's `mobilenetv2_100` and `tf_efficientnet_lite0` in order."""
    yield from ("conv_stem", "bn1")
    for stage, (expansion, _, num_blocks, *_) in enumerate(stages):
        parts = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3") if expansion > 1 else _FIRST
        for block in range(num_blocks):
            yield from (f"blocks.{stage}.{block}.{part}" for part in parts)
    yield from ("conv_head", "bn2")


_FIRST = ("conv_dw", "bn1", "conv_pw", "bn2")  # of a block that does not widen its input
