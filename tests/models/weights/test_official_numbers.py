"""An import keeps every number: networks compute what an independent network does on the published names.

The reference below is written from the description, in plain functional arithmetic in float64: it shares nothing with
dgnet but the input.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from dgnet.config import BackboneConfig, preset

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Two images of 96 x 64: their structure code, 24 x 16, is large enough for a reflection pad of 9.

    The second has so little contrast that the norms' eps of 1e-5 matters.
    """
    x = torch.randn(2, 3, 96, 64, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x[1] *= 0.01
    return x


def lrelu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.2 * x)


def conv(p: State, name: str, x: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    weight = p[f"{name}.weight"]
    pad = dilation * (weight.shape[-1] // 2)
    if pad:
        x = F.pad(x, (pad, pad, pad, pad), mode="reflect")
    return F.conv2d(x, weight, p[f"{name}.bias"], stride=stride, dilation=dilation)


def instance_norm(x: Tensor) -> Tensor:
    mean = x.mean((2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((2, 3), keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5)


def map_layer_norm(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    result = []
    for image in x:
        centred = image - image.mean()
        std = torch.sqrt((centred**2).sum() / (image.numel() - 1))
        result.append(centred / (std + 1e-5) * gamma[:, None, None] + beta[:, None, None])
    return torch.stack(result)


def structure_code(p: State, x: Tensor) -> Tensor:
    root = "enc_content.model"
    x = (x[:, 0:1] + x[:, 1:2] + x[:, 2:3]) / 3
    for k, stride in enumerate((2, 1, 1, 2)):
        x = lrelu(instance_norm(conv(p, f"{root}.{k}.conv", x, stride)))
    for k in range(4):
        y = lrelu(instance_norm(conv(p, f"{root}.4.model.{k}.model.0.conv", x)))
        x = x + instance_norm(conv(p, f"{root}.4.model.{k}.model.1.conv", y))
    parts = [instance_norm(conv(p, f"{root}.5.conv1.conv", x))]
    for name, dilation in (("conv6", 3), ("conv12", 6), ("conv18", 9)):
        y = lrelu(instance_norm(conv(p, f"{root}.5.{name}.0.conv", x)))
        parts.append(instance_norm(conv(p, f"{root}.5.{name}.1.conv", y, dilation=dilation)))
    return instance_norm(conv(p, f"{root}.5.fuse.conv", torch.cat(parts, 1)))


def mlp(p: State, name: str, x: Tensor) -> Tensor:
    for layer in range(3):
        x = x @ p[f"{name}.model.{layer}.fc.weight"].T + p[f"{name}.model.{layer}.fc.bias"]
        x = lrelu(x) if layer < 2 else x
    return x


def decode(p: State, a: Tensor, s: Tensor) -> Tensor:
    x = s
    for k in range(4):
        quarter = torch.stack([torch.stack(list(code[512 * k : 512 * (k + 1)])).reshape(-1) for code in a])
        w, b = mlp(p, f"mlp_w{k + 1}", quarter), mlp(p, f"mlp_b{k + 1}", quarter)
        y = x
        for unit in range(2):
            y = instance_norm(conv(p, f"dec.model.1.model.{k}.model.{unit}.conv", y))
            y = w[:, 128 * unit : 128 * unit + 128, None, None] * y + b[:, 128 * unit : 128 * unit + 128, None, None]
            y = lrelu(y) if unit == 0 else y
        x = x + y
    for k in (3, 5):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = conv(p, f"dec.model.{k}.conv", x)
        x = lrelu(map_layer_norm(x, p[f"dec.model.{k}.norm.gamma"], p[f"dec.model.{k}.norm.beta"]))
    x = lrelu(conv(p, "dec.model.6.conv", x))
    x = lrelu(conv(p, "dec.model.7.conv", x))
    return conv(p, "dec.model.8.conv", x)


def batch_norm(p: State, name: str, x: Tensor) -> Tensor:
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, variance, weight, bias = (
        p[f"{name}.{leaf}"].view(shape) for leaf in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(variance + 1e-5) * weight + bias


def resnet50(p: State, x: Tensor, last_stride: int) -> Tensor:
    x = F.conv2d(x, p["model.conv1.weight"], stride=2, padding=3)
    x = F.max_pool2d(torch.relu(batch_norm(p, "model.bn1", x)), 3, 2, 1)
    for stage, (depth, first) in enumerate(zip((3, 4, 6, 3), (1, 2, 2, last_stride), strict=True), start=1):
        for k in range(depth):
            name, stride = f"model.layer{stage}.{k}", first if k == 0 else 1
            y = torch.relu(batch_norm(p, f"{name}.bn1", F.conv2d(x, p[f"{name}.conv1.weight"])))
            y = F.conv2d(y, p[f"{name}.conv2.weight"], stride=stride, padding=1)
            y = torch.relu(batch_norm(p, f"{name}.bn2", y))
            y = batch_norm(p, f"{name}.bn3", F.conv2d(y, p[f"{name}.conv3.weight"]))
            if k == 0:
                x = F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride)
                x = batch_norm(p, f"{name}.downsample.1", x)
            x = torch.relu(x + y)
    return x


def head(p: State, name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    feature = x @ p[f"{name}.add_block.0.weight"].T + p[f"{name}.add_block.0.bias"]
    feature = batch_norm(p, f"{name}.add_block.1", feature)
    return feature, feature @ p[f"{name}.classifier.0.weight"].T + p[f"{name}.classifier.0.bias"]


def stripes(x: Tensor) -> Tensor:
    """Adaptive max pool to 4 x 1: stripe k spans rows floor(kH/4) to ceil((k+1)H/4)."""
    H = x.shape[2]
    return torch.stack([x[:, :, k * H // 4 : -(-(k + 1) * H // 4)].amax((2, 3)) for k in range(4)], 2)


def discriminate(p: State, x: Tensor) -> list[Tensor]:
    scores = []
    for scale in range(3):
        y = x
        for k, stride in enumerate((1, 1, 2, 1, 2)):
            y = lrelu(conv(p, f"cnns.{scale}.{k}.conv", y, stride))
        for k in range(5, 9):
            z = conv(p, f"cnns.{scale}.{k}.model.1.conv", lrelu(conv(p, f"cnns.{scale}.{k}.model.0.conv", y)))
            y = y + z
        scores.append(conv(p, f"cnns.{scale}.9", y))
        total = F.conv2d(x, x.new_ones(3, 1, 3, 3), stride=2, padding=1, groups=3)
        count = F.conv2d(torch.ones_like(x), x.new_ones(3, 1, 3, 3), stride=2, padding=1, groups=3)
        x = total / count
    return scores


def assert_same(ours: Tensor, reference: Tensor) -> None:
    """Assert that both are equal to 1e-5 of the reference's size, and that the reference is not near 0."""
    scale = float(reference.abs().max())
    assert 1e-2 < scale < 1e6
    torch.testing.assert_close(ours, reference, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("width", [64, 40])
def test_structure_encoder(published: Any, images: Tensor, width: int) -> None:
    model = published.model.model
    x = images[..., :width]
    with torch.no_grad():
        ours = model.structure_encoder(x)
    assert ours.shape == (2, 128, 24, width // 4)
    assert_same(ours, structure_code(published.state("gen"), x))


@pytest.mark.parametrize("size", [(24, 16), (3, 2)])
def test_decoder(published: Any, size: tuple[int, int]) -> None:
    """A small map is included for the layer norm: biased and unbiased deviations of so few numbers differ clearly."""
    model = published.model.model
    generator = torch.Generator().manual_seed(2)
    a = torch.randn(2, 2048, 4, generator=generator, dtype=torch.float64)
    s = torch.randn(2, 128, *size, generator=generator, dtype=torch.float64)
    s[1] *= 0.003
    with torch.no_grad():
        ours = model.compose(a, s)
    assert ours.shape == (2, 3, 4 * size[0], 4 * size[1])
    assert_same(ours, decode(published.state("gen"), a, s))


def test_appearance_encoder_and_swap(published: Any, images: Tensor) -> None:
    model = published.model.model
    state = published.state("id")
    feature_map = resnet50(state, images, last_stride=1)
    a, pooled = stripes(feature_map), feature_map.amax((2, 3))
    with torch.no_grad():
        ours, swapped = model.appearance_encoder(images), model.swap(images, images.flip(0))
    assert ours.a.shape == (2, 2048, 4)
    assert_same(ours.a, a)
    for found, name in ((ours.prim, "classifier1"), (ours.fine, "classifier2")):
        feature, logits = head(state, name, pooled)
        assert_same(found.feature, feature)
        assert_same(found.logits, logits)
    gen = published.state("gen")
    assert_same(swapped, decode(gen, a, structure_code(gen, images.flip(0))))


def test_discriminator(published: Any, images: Tensor) -> None:
    with torch.no_grad():
        ours = published.discriminator.model(images[..., :62])  # an odd size at the third scale
    reference = discriminate(published.state("dis"), images[..., :62])
    assert len(ours) == len(reference) == 3
    for found, expected in zip(ours, reference, strict=True):
        assert_same(found, expected)


def test_teacher(published: Any, images: Tensor) -> None:
    teacher = published.teacher.model
    assert published.teacher.config.teacher.backbone.last_stride == 2
    state = published.state("net")
    pooled = resnet50(state, images, last_stride=2).mean((2, 3))
    feature, logits = head(state, "classifier", pooled)
    assert_same(teacher.features(images), feature)
    assert_same(teacher(images), logits)


def test_what_the_import_says(published: Any) -> None:
    imported = published.imported
    assert [path.name for path in imported.files] == [
        "discriminator.safetensors",
        "teacher.safetensors",
        "model.safetensors",
    ]
    assert imported.num_classes == 751
    assert published.model.model.appearance_encoder.fine.classifier.out_features == 751
    counters = sum(name.endswith("num_batches_tracked") for kind in ("id", "net") for name in published.states[kind])
    assert {reason: len(names) for reason, names in imported.dropped.items()} == {
        "running statistics of AdaIN, which uses each image's own": 16,
        "ImageNet classifier": 2,
        "counters of batches": counters,
    }
    assert imported.dropped["ImageNet classifier"] == (
        "id_00100000.pt: model.fc.weight",
        "id_00100000.pt: model.fc.bias",
    )
    assert "Left out, ImageNet classifier: id_00100000.pt: model.fc.weight and 1 more" in str(imported)
    assert str(imported).startswith("A model of 751 identities:\n  ")
    market = preset("market1501")
    for loaded in (published.model, published.discriminator, published.teacher):
        assert loaded.config == replace(market, teacher=replace(market.teacher, backbone=BackboneConfig(last_stride=2)))
        assert "gen_00100000.pt, id_00100000.pt, dis_00100000.pt, net_last.pth" in loaded.card["source"]
