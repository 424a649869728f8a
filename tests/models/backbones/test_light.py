"""MobileNetV2 and EfficientNet-Lite0 against plain forwards written from the papers, in three libraries' names."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.models.backbones import efficientnet_lite, mobilenet_v2
from dgnet.models.backbones.efficientnet_lite import EfficientNetLite0
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2
from dgnet.models.weights.other_names import in_own_names, timm_names, torchvision_names

# (expansion, channels, blocks, stride) of table 2 of the MobileNetV2 paper; and with kernels, of EfficientNet-B0's.
MOBILE = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
LITE = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5)]
LITE += [(6, 320, 1, 1, 3)]
LEAVES = ("weight", "bias", "running_mean", "running_var")


def settled(network: nn.Module) -> nn.Module:
    """Weights and statistics at random, so that no layer can be left out unnoticed."""
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values, low, high in ((layer.weight, 0.5, 1.5), (layer.running_var, 0.5, 1.5), (layer.bias, -0.3, 0.3)):
                values.data.copy_(torch.rand(values.shape, generator=generator) * (high - low) + low)
            layer.running_mean.copy_(torch.rand(layer.running_mean.shape, generator=generator) * 0.4 - 0.2)
    return network.eval()


class Plain:
    """Tensors of a state dict, convolutions and norms one after another, and a forward that takes them in order."""

    def __init__(self, network: nn.Module, eps: float, same: bool) -> None:
        state = {name: tensor.double() for name, tensor in network.state_dict().items()}
        layers = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
        self.pairs = iter(
            (state[f"{conv}.weight"], [state[f"{norm}.{leaf}"] for leaf in LEAVES])
            for conv, norm in zip(layers[::2], layers[1::2], strict=True)
        )
        self.eps, self.same = eps, same

    def conv(self, x: Tensor, stride: int = 1, groups: int = 1, active: bool = True) -> Tensor:
        weight, (scale, shift, mean, var) = next(self.pairs)
        size = weight.shape[-1]
        if self.same and size > 1:  # TensorFlow's SAME: as little as gives ceil(size / stride), the odd one at the end
            sides = []
            for length in (x.shape[3], x.shape[2]):
                total = max(0, (-(-length // stride) - 1) * stride + size - length)
                sides += [total // 2, total - total // 2]
            out = F.conv2d(F.pad(x, sides), weight, stride=stride, groups=groups)
        else:
            out = F.conv2d(x, weight, stride=stride, padding=size // 2, groups=groups)
        spread = (var + self.eps).sqrt()
        out = (out - mean[:, None, None]) / spread[:, None, None] * scale[:, None, None] + shift[:, None, None]
        return out.clamp(0, 6) if active else out


def plain_forward(network: nn.Module, x: Tensor, stages: list[tuple[int, ...]], last_stride: int, lite: bool) -> Tensor:
    """Stem, inverted residuals, 1x1 head, in float64."""
    plain = Plain(network, 1e-3 if lite else 1e-5, same=lite)
    x = plain.conv(x.double(), stride=2)
    for stage, (expansion, channels, blocks, stride, *_) in enumerate(stages):
        for block in range(blocks):
            step = 1 if block else (last_stride if stage == 5 else stride)
            out = plain.conv(x) if expansion > 1 else x
            out = plain.conv(out, stride=step, groups=out.shape[1])
            out = plain.conv(out, active=False)
            x = x + out if step == 1 and x.shape[1] == channels else out
    return plain.conv(x)


@pytest.mark.parametrize("last_stride", [1, 2])
@pytest.mark.parametrize("size", [(128, 64), (70, 45)])
@pytest.mark.parametrize(("kind", "stages"), [(MobileNetV2, MOBILE), (EfficientNetLite0, LITE)])
def test_the_map_is_that_of_a_plain_forward(kind, stages, size: tuple[int, int], last_stride: int) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(1)
    network = settled(kind(last_stride))
    x = torch.randn(2, 3, *size)
    with torch.no_grad():
        found, wanted = network(x), plain_forward(network, x, stages, last_stride, kind is EfficientNetLite0)
    assert found.shape[1] == network.channels == 1280
    torch.testing.assert_close(found.double(), wanted, atol=1e-5, rtol=1e-5)


def test_a_last_stride_of_1_gives_a_map_twice_as_fine() -> None:
    for kind in (MobileNetV2, EfficientNetLite0):
        shapes = [kind(stride).eval()(torch.zeros(1, 3, 128, 64)).shape[2:] for stride in (1, 2)]
        assert shapes == [(8, 4), (4, 2)]


def renamed(network: nn.Module, names: dict[str, str]) -> dict[str, Tensor]:
    """A state dict as another library would write it."""
    state = {}
    for name, tensor in network.state_dict().items():
        layer, _, leaf = name.rpartition(".")
        state[f"{names[layer]}.{leaf}"] = tensor
    return state


@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_other_libraries_names_are_understood(library: str) -> None:
    """Some names as those libraries write them, checked by hand; all of them by the values that arrive."""
    network = settled(MobileNetV2(2))
    known = {
        "torchvision": {
            "features.1.conv.0": "features.1.conv.0.0",
            "features.1.conv.3": "features.1.conv.1",
            "features.2.conv.3": "features.2.conv.1.0",
            "features.17.conv.7": "features.17.conv.3",
            "features.18.0": "features.18.0",
        },
        "timm": {
            "features.0.0": "conv_stem",
            "features.1.conv.0": "blocks.0.0.conv_dw",
            "features.2.conv.3": "blocks.1.0.conv_dw",
            "features.17.conv.7": "blocks.6.0.bn3",
            "features.18.1": "bn2",
        },
    }[library]
    own = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    naming = {"torchvision": torchvision_names, "timm": timm_names}[library]
    names = dict(zip(own, naming(mobilenet_v2.STAGES), strict=True))
    assert {name: names[name] for name in known} == known
    state = {**renamed(network, names), "classifier.weight": torch.zeros(2, 2)}
    found = in_own_names(network, mobilenet_v2.STAGES, state)
    assert found.pop("classifier.weight").shape == (2, 2)
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in found.items())


def test_own_names_stay() -> None:
    network = EfficientNetLite0(1)
    state = network.state_dict()
    assert in_own_names(network, efficientnet_lite.STAGES, state).keys() == state.keys()
