"""The five networks: the paper's parameter counts, shapes at both sizes, and what each output may depend on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import BackboneConfig, NetworkConfig, RunConfig, preset
from dgnet.models.appearance import AppearanceEncoder, Teacher
from dgnet.models.backbones.resnet import ResNet
from dgnet.models.decoder import Decoder
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.structure import StructureEncoder

SIZES = {"full": preset("market1501"), "small": preset("mannequin")}
IMAGENET_CLASSIFIER = 2048 * 1000 + 1000


def num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def random_images(n: int, size: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(seed))


def small_model() -> DGNet:
    torch.manual_seed(0)
    return DGNet(SIZES["small"].network, 10).eval()


# ---------------------------------------------------------------- counts and shapes


def test_parameter_counts_of_the_paper() -> None:
    with torch.device("meta"):
        model, discriminator = DGNet(NetworkConfig(), 751), Discriminator(NetworkConfig())
    generator = num_parameters(model.structure_encoder) + num_parameters(model.decoder)
    assert round(generator / 1e6, 2) == 13.38
    assert round(num_parameters(discriminator) / 1e6, 2) == 1.03
    assert round((num_parameters(model.appearance_encoder) + IMAGENET_CLASSIFIER) / 1e6, 2) == 28.43
    assert round(IMAGENET_CLASSIFIER / 1e6, 2) == 2.05


def test_the_small_model_fits_in_eight_megabytes() -> None:
    with torch.device("meta"):
        model = DGNet(SIZES["small"].network, 300)
    assert num_parameters(model) * 2 < 8e6  # two bytes a weight


@pytest.mark.parametrize("name", SIZES)
def test_shapes(name: str) -> None:
    """On the meta device, which computes shapes alone."""
    config = SIZES[name]
    height, width = config.data.size
    A, S = config.network.backbone.channels, 8 * config.network.structure_width
    with torch.device("meta"):
        model, discriminator = DGNet(config.network, 751).eval(), Discriminator(config.network)
        teacher = Teacher(config.teacher.backbone, config.network.feature_dim, 751).eval()
        x = torch.empty(2, 3, height, width)
    codes = model.encode(x)
    assert codes.a.shape == (2, A, 4)
    assert codes.s.shape == (2, S + 16 * config.network.detail, height // 4, width // 4)
    assert model.compose(*codes).shape == x.shape
    assert model.swap(x, x).shape == x.shape
    output = model.appearance_encoder(x)
    for head in (output.prim, output.fine):
        assert head.feature.shape == (2, config.network.feature_dim)
        assert head.logits.shape == (2, 751)
    assert [feature.shape for feature in model.features(x)] == [(2, config.network.feature_dim)] * 2
    assert [scores.shape[2:] for scores in discriminator(x)] == [(height // d, width // d) for d in (4, 8, 16)]
    assert teacher(x).shape == (2, 751)
    assert teacher.features(x).shape == (2, config.network.feature_dim)
    if name == "full":
        assert (A, S) == (2048, 128)
        assert model.appearance_encoder.backbone(x).shape == (2, 2048, 16, 8)


def test_every_preset_size_is_at_ease_with_its_dilations() -> None:
    """The smallest image that a configuration admits goes through E_s without a padding error."""
    config = RunConfig(data=replace(RunConfig().data, size=(64, 40)))
    x = random_images(1, (64, 40))
    assert StructureEncoder(config.network)(x).shape == (1, 128, 16, 10)


# ---------------------------------------------------------------- what depends on what


def test_structure_does_not_see_colour() -> None:
    """E_s sees the mean of the three channels: images with equal means but other colours have the same code."""
    model = small_model()
    x = random_images(2, (64, 32))
    tint = random_images(2, (64, 32), seed=1)
    recoloured = x + tint - tint.mean(dim=1, keepdim=True)
    with torch.no_grad():
        code = model.structure_encoder(x)
        torch.testing.assert_close(model.structure_encoder(recoloured), code, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(model.structure_encoder(x[:, [2, 0, 1]]), code, rtol=1e-4, atol=1e-4)
        assert (model.structure_encoder(tint) - code).abs().max() > 0.1


def test_detail_is_the_grey_image_behind_the_learnt_code_and_the_image_follows_it() -> None:
    """With p = 0 and q = 1 in G's last layer every channel is the grey image, pixel by pixel, for any clothes."""
    model, x = small_model(), random_images(2, (64, 32))
    grey, S = x.mean(dim=1, keepdim=True), model.structure_encoder.channels
    with torch.no_grad():
        a, s = model.encode(x)
        plain = StructureEncoder(replace(SIZES["small"].network, detail=False))
        plain.load_state_dict(model.structure_encoder.state_dict())
        torch.testing.assert_close(s[:, :S], plain(x))
        torch.testing.assert_close(F.pixel_shuffle(s[:, S:], 4), grey)
        last = model.decoder.refine[-1].conv
        assert last.bias.tolist() == [0, 0, 0, 1, 1, 1]
        last.weight.zero_()
        torch.testing.assert_close(model.compose(a, s), grey.expand_as(x))


def test_swap_takes_appearance_from_the_first_and_structure_from_the_second() -> None:
    model = small_model()
    x_i, x_j = random_images(2, (64, 32)), random_images(2, (64, 32), seed=1)
    with torch.no_grad():
        first, second = model.encode(x_i), model.encode(x_j)
        swapped = model.swap(x_i, x_j)
        assert torch.equal(swapped, model.compose(first.a, second.s))
        assert torch.equal(model(x_i, x_j), swapped)
        assert not torch.allclose(swapped, model.compose(second.a, first.s))
        assert not torch.allclose(swapped, model.compose(second.a, second.s))


def test_features_are_the_batch_norms_outputs() -> None:
    model = small_model()
    x = random_images(2, (64, 32))
    caught: dict[str, Tensor] = {}
    for name in ("prim", "fine"):
        norm = getattr(model.appearance_encoder, name).norm
        norm.register_forward_hook(lambda _module, _inputs, output, name=name: caught.update({name: output}))
    with torch.no_grad():
        features = model.features(x)
    assert torch.equal(features.prim, caught["prim"])
    assert torch.equal(features.fine, caught["fine"])
    assert not torch.equal(features.prim, features.fine)


@pytest.mark.parametrize("rows", [4, 6, 7, 16])
def test_appearance_code_is_four_stripes_and_the_head_sees_the_global_maximum(rows: int) -> None:
    encoder = AppearanceEncoder(SIZES["small"].network, 10).eval()
    feature_map = random_images(2, (rows, 4))[:, :1].expand(2, encoder.channels, rows, 4).clone()
    feature_map += torch.randn(feature_map.shape, generator=torch.Generator().manual_seed(1))
    encoder.backbone.forward = lambda _: feature_map  # type: ignore[method-assign]
    with torch.no_grad():
        output = encoder(torch.zeros(2, 3, 8, 8))
        for k in range(4):
            stripe = feature_map[:, :, (k * rows) // 4 : -(-(k + 1) * rows // 4)]
            assert torch.equal(output.a[:, :, k], stripe.flatten(2).amax(2))
        assert torch.equal(output.prim.feature, encoder.prim.norm(encoder.prim.embed(feature_map.amax((2, 3)))))


def test_heads_start_as_the_design_says() -> None:
    torch.manual_seed(0)
    encoder = AppearanceEncoder(NetworkConfig(), 751)
    for head, dropout in ((encoder.prim, 0.5), (encoder.fine, 0.75)):
        assert head.dropout.p == dropout
        assert head.classifier.weight.std().item() == pytest.approx(0.001, rel=0.01)
        assert head.embed.weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.01)  # Kaiming, fan-out
        assert not head.embed.bias.any()
        assert not head.classifier.bias.any()


def test_generator_and_discriminator_start_as_the_design_says() -> None:
    torch.manual_seed(0)
    structure, decoder = StructureEncoder(NetworkConfig()), Decoder(NetworkConfig(), 2048)
    for layer in (*structure.modules(), *decoder.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert layer.bias is not None
            assert not layer.bias.any()
            if layer.weight.numel() > 20_000:
                fan_in = layer.weight[0].numel()
                assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.05)
    for layer in Discriminator(NetworkConfig()).modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 20_000:
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)


# ---------------------------------------------------------------- the decoder


@pytest.mark.parametrize("split", ["channels", "stripes"])
def test_each_block_reads_its_part_of_the_code_alone(split: str) -> None:
    """If the numbers that block k reads change, so do its parameters, and no other block's."""
    network = replace(SIZES["small"].network, code_split=split)
    A = network.backbone.channels
    decoder = Decoder(network, A)
    a = torch.randn(2, A, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        weights, biases = decoder.adain_parameters(a)
        for k in range(4):
            changed = a.clone()
            part = changed[:, k * A // 4 : (k + 1) * A // 4] if split == "channels" else changed[:, :, k]
            part += 1
            for before, after in zip((weights, biases), decoder.adain_parameters(changed), strict=True):
                moved = (before - after).abs().amax(dim=(0, 2)) > 0
                assert moved.tolist() == [block == k for block in range(4)]


@pytest.mark.parametrize("split", ["channels", "stripes"])
def test_the_order_of_numbers_within_a_part(split: str) -> None:
    """By channels: all four stripes of a channel, then those of the next. By stripes: the channels in order."""
    network = replace(SIZES["small"].network, code_split=split)
    A = network.backbone.channels
    decoder = Decoder(network, A)
    a = torch.arange(4.0 * A).view(1, A, 4)
    read: list[Tensor] = []
    for mlp in decoder.weight_mlps:
        mlp.register_forward_pre_hook(lambda _module, inputs: read.append(inputs[0]))
    decoder.adain_parameters(a)
    for k in range(4):
        quarter = range(k * A // 4, (k + 1) * A // 4)
        if split == "channels":
            expected = [a[0, channel, stripe].item() for channel in quarter for stripe in range(4)]
        else:
            expected = [a[0, channel, k].item() for channel in range(A)]
        assert read[k][0].tolist() == expected


def test_decoder_is_adain_parameters_then_draw_and_keeps_no_state() -> None:
    model = small_model()
    codes = model.encode(random_images(2, (64, 32)))
    before = set(vars(model.decoder))
    with torch.no_grad():
        weights, biases = model.decoder.adain_parameters(codes.a)
        S = model.structure_encoder.channels
        assert weights.shape == biases.shape == (2, 4, 2 * S)
        drawn = model.decoder.draw(codes.s, weights, biases)
        assert torch.equal(drawn, model.compose(*codes))
        assert not torch.allclose(model.decoder.draw(codes.s, biases, weights), drawn)
        one = model.decoder.draw(codes.s[1:], weights[1:], biases[1:])
    torch.testing.assert_close(one, drawn[1:], rtol=1e-4, atol=1e-5)  # each image by its own parameters
    assert set(vars(model.decoder)) == before


# ---------------------------------------------------------------- the discriminator


def test_each_scale_sees_the_image_halved_once_more() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator(SIZES["small"].network).eval()
    x = random_images(2, (64, 32))
    seen: list[Tensor] = []
    for scale in discriminator.scales:
        scale.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    discriminator(x)
    assert torch.equal(seen[0], x)
    for before, after in pairwise(seen):
        H, W = before.shape[2:]
        for row, column in ((0, 0), (0, 3), (2, 5), (H // 2 - 1, W // 2 - 1)):
            window = before[:, :, max(0, 2 * row - 1) : 2 * row + 2, max(0, 2 * column - 1) : 2 * column + 2]
            torch.testing.assert_close(after[:, :, row, column], window.mean((2, 3)))


# ---------------------------------------------------------------- ResNet


def torchvision_names(layers: tuple[int, ...], num_convolutions: int) -> set[str]:
    """The names in torchvision's ResNet state dicts, without `fc`, made by rule."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight"} | {f"bn1.{leaf}" for leaf in norm}
    for stage, depth in enumerate(layers, start=1):
        for block in range(depth):
            for k in range(1, num_convolutions + 1):
                names |= {f"layer{stage}.{block}.conv{k}.weight"}
                names |= {f"layer{stage}.{block}.bn{k}.{leaf}" for leaf in norm}
            if block == 0 and (stage > 1 or num_convolutions == 3):
                names |= {f"layer{stage}.0.downsample.0.weight"}
                names |= {f"layer{stage}.0.downsample.1.{leaf}" for leaf in norm}
    return names


@pytest.mark.parametrize(
    ("config", "num_convolutions", "num_tensors", "num_millions"),
    [
        (BackboneConfig(), 3, 318, 23.51),  # ResNet-50
        (BackboneConfig(bottleneck=False, layers=(2, 2, 2, 2)), 2, 120, 11.18),  # ResNet-18
    ],
)
def test_torchvision_names(
    config: BackboneConfig, num_convolutions: int, num_tensors: int, num_millions: float
) -> None:
    with torch.device("meta"):
        resnet = ResNet(config)
    assert set(resnet.state_dict()) == torchvision_names(config.layers, num_convolutions)
    assert len(resnet.state_dict()) == num_tensors
    assert round(num_parameters(resnet) / 1e6, 2) == num_millions


@pytest.mark.parametrize(("last_stride", "size"), [(1, (16, 8)), (2, (8, 4))])
def test_last_stride(last_stride: int, size: tuple[int, int]) -> None:
    with torch.device("meta"):
        resnet = ResNet(BackboneConfig(last_stride=last_stride))  # type: ignore[arg-type]
        x = torch.empty(1, 3, 256, 128)
    assert resnet(x).shape == (1, 2048, *size)
    assert resnet.channels == 2048


# ---------------------------------------------------------------- the teacher


def small_teacher() -> Teacher:
    torch.manual_seed(0)
    config = SIZES["small"]
    return Teacher(config.teacher.backbone, config.network.feature_dim, 10)


def test_the_teacher_pools_by_the_mean() -> None:
    teacher = small_teacher().eval()
    x = random_images(2, (64, 32))
    with torch.no_grad():
        pooled = F.adaptive_avg_pool2d(teacher.backbone(x), 1).flatten(1)
        assert torch.allclose(teacher.features(x), teacher.head(pooled).feature)
        assert torch.equal(teacher(x), teacher.describe(x).logits)
    assert teacher.num_classes == 10


def test_a_frozen_teacher_is_unmoved_by_train() -> None:
    """train() on it or on a module that holds it changes neither outputs nor statistics, and gives it no gradient."""
    teacher = small_teacher()
    assert teacher.train().head.dropout.training  # it can be trained until it is frozen
    frozen = teacher.freeze()
    assert frozen is teacher
    x = random_images(4, (64, 32))
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    logits = teacher(x)
    house = nn.ModuleDict({"teacher": teacher, "other": nn.Dropout()})
    for call in (teacher.train, house.train):
        call()
        assert not any(module.training for module in teacher.modules())
        assert torch.equal(teacher(x), logits)
    assert house["other"].training
    assert not logits.requires_grad
    for name, tensor in teacher.state_dict().items():
        assert torch.equal(tensor, before[name]), name
