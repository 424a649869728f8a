"""ResNet-IBN-a against loops and against a network written here on the published names; which files load."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dgnet.config import BackboneConfig
from dgnet.files.tensors import WeightsError
from dgnet.models.backbones.ibn import InstanceBatchNorm
from dgnet.models.backbones.resnet import ResNet
from dgnet.models.weights.foreign import load_backbone

TINY = BackboneConfig(layers=(1, 2, 1, 1), width=8, ibn=True)
BASIC = BackboneConfig(bottleneck=False, layers=(1, 1, 1, 1), width=9, stem="small", last_stride=2, ibn=True)
State = dict[str, Tensor]


def drawn_state(resnet: ResNet) -> State:
    """The state dict with every tensor drawn at random, variances positive."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(tensor.shape, generator=generator, dtype=torch.float64) - (0 if "var" in name else 0.4)
        if tensor.is_floating_point()
        else torch.tensor(7)
        for name, tensor in resnet.state_dict().items()
    }


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("channels", [4, 5])
def test_the_first_half_by_image_the_rest_by_batch(channels: int, training: bool) -> None:
    """Against loops in float64; of an odd number of channels, batch norm gets the larger part."""
    norm = InstanceBatchNorm(channels).double().train(training)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (*norm.parameters(), norm.BN.running_mean, norm.BN.running_var):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)  # type: ignore[union-attr]
    mean, var = norm.BN.running_mean.clone(), norm.BN.running_var.clone()  # type: ignore[union-attr]
    x = torch.randn(3, channels, 4, 2, generator=generator, dtype=torch.float64)
    found = norm(x)
    for c in range(channels):
        for n in range(3):
            if c < 2:
                weight, bias, centre, spread = norm.IN.weight[c], norm.IN.bias[c], x[n, c].mean(), x[n, c].var(False)
            else:
                weight, bias = norm.BN.weight[c - 2], norm.BN.bias[c - 2]
                centre, spread = (x[:, c].mean(), x[:, c].var(False)) if training else (mean[c - 2], var[c - 2])
            torch.testing.assert_close(found[n, c], weight * (x[n, c] - centre) / (spread + 1e-5).sqrt() + bias)


def naive(x: Tensor, state: State, config: BackboneConfig) -> Tensor:
    """The network in eval mode as plain functions of named tensors, written from the public description."""

    def conv(x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[2] // 2)

    def batch_norm(x: Tensor, name: str) -> Tensor:
        return F.batch_norm(x, *(state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")))

    def first_norm(x: Tensor, name: str, stage: int) -> Tensor:
        if stage == 4:
            return batch_norm(x, name)
        half = x.shape[1] // 2
        instance = F.instance_norm(x[:, :half], weight=state[f"{name}.IN.weight"], bias=state[f"{name}.IN.bias"])
        return torch.cat([instance, batch_norm(x[:, half:], f"{name}.BN")], dim=1)

    x = F.relu(batch_norm(conv(x, "conv1", 2), "bn1"))
    x = F.max_pool2d(x, 3, 2, 1) if config.stem == "imagenet" else x
    for stage, depth in enumerate(config.layers, start=1):
        for k in range(depth):
            block = f"layer{stage}.{k}"
            stride = (1, 2, 2, config.last_stride)[stage - 1] if k == 0 else 1
            y = conv(x, f"{block}.conv1", 1 if config.bottleneck else stride)
            y = F.relu(first_norm(y, f"{block}.bn1", stage))
            y = batch_norm(conv(y, f"{block}.conv2", stride if config.bottleneck else 1), f"{block}.bn2")
            if config.bottleneck:
                y = batch_norm(conv(F.relu(y), f"{block}.conv3"), f"{block}.bn3")
            if f"{block}.downsample.0.weight" in state:
                x = batch_norm(conv(x, f"{block}.downsample.0", stride), f"{block}.downsample.1")
            x = F.relu(x + y)
    return x


@pytest.mark.parametrize("config", [TINY, BASIC])
def test_the_network_is_the_naive_one(config: BackboneConfig) -> None:
    resnet = ResNet(config).double().eval()
    state = drawn_state(resnet)
    resnet.load_state_dict(state)
    x = torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    expected = naive(x, state, config)
    assert expected.std() > 0
    torch.testing.assert_close(resnet(x), expected)


def public_names(layers: tuple[int, ...]) -> set[str]:
    """The names in IBN-Net's ResNet-IBN-a state dicts, without `fc`, made by rule."""
    batch = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight"} | {f"bn1.{leaf}" for leaf in batch}
    for stage, depth in enumerate(layers, start=1):
        for block in (f"layer{stage}.{k}" for k in range(depth)):
            names |= {f"{block}.conv{k}.weight" for k in (1, 2, 3)}
            names |= {f"{block}.bn{k}.{leaf}" for k in (2, 3) for leaf in batch}
            mixed = {f"{block}.bn1.IN.weight", f"{block}.bn1.IN.bias", *(f"{block}.bn1.BN.{leaf}" for leaf in batch)}
            names |= mixed if stage < 4 else {f"{block}.bn1.{leaf}" for leaf in batch}
        names |= {f"layer{stage}.0.downsample.0.weight", *(f"layer{stage}.0.downsample.1.{leaf}" for leaf in batch)}
    return names


def test_names_and_size_of_resnet_50_ibn_a() -> None:
    with torch.device("meta"):
        resnet, plain = ResNet(BackboneConfig(ibn=True)), ResNet(BackboneConfig())
    state = resnet.state_dict()
    assert set(state) == public_names((3, 4, 6, 3))
    assert len(state) == 318 + 2 * 13  # in 13 blocks a norm of 5 tensors became one of 2 and one of 5
    assert [state[f"layer{k}.0.bn1.IN.weight"].shape[0] for k in (1, 2, 3)] == [32, 64, 128]
    sizes = [sum(parameter.numel() for parameter in network.parameters()) for network in (resnet, plain)]
    assert sizes[0] == sizes[1]


def test_a_public_state_dict_loads(tmp_path: Path) -> None:
    resnet = ResNet(TINY)
    state = drawn_state(resnet)
    assert set(state) == public_names(TINY.layers)
    torch.save(state | {"fc.weight": torch.rand(1000, 256), "fc.bias": torch.rand(1000)}, tmp_path / "ibn_a.pth")
    load_backbone(resnet, tmp_path / "ibn_a.pth")
    for name, tensor in resnet.state_dict().items():
        assert torch.equal(tensor, state[name].to(tensor.dtype)), name


def test_every_strange_tensor_is_named(tmp_path: Path) -> None:
    state = drawn_state(ResNet(TINY))
    state["layer4.0.bn1.IN.weight"] = torch.ones(32)
    state["layer2.0.bn1.BN.bias"] = torch.ones(9)
    del state["layer1.0.bn1.IN.bias"]
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(WeightsError) as raised:
        load_backbone(ResNet(TINY), tmp_path / "a.pth")
    assert str(raised.value) == (
        f"{tmp_path / 'a.pth'}: its tensors do not fit the network; 1 missing: layer1.0.bn1.IN.bias; "
        "1 unknown: layer4.0.bn1.IN.weight; 1 of another shape: layer2.0.bn1.BN.bias (found 9, must be 8)"
    )


def test_a_plain_resnets_file_does_not_pass_for_one(tmp_path: Path) -> None:
    torch.save(ResNet(BackboneConfig(layers=TINY.layers, width=8)).state_dict(), tmp_path / "plain.pth")
    with pytest.raises(WeightsError, match=r"missing: layer1\.0\.bn1\.IN\.weight.*unknown: layer1\.0\.bn1\.weight"):
        load_backbone(ResNet(TINY), tmp_path / "plain.pth")
