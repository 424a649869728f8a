"""The five networks: the paper's parameter counts, shapes at both sizes, and what each output may depend on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import NetworkConfig, RunConfig, preset
from dgnet.models.appearance import AppearanceEncoder, Teacher
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


def test_detail_in_colour_is_the_image_itself_behind_the_learnt_code() -> None:
    """With p = 0 and q = 1 in G's last layer the image comes back in colour; the learnt channels see no colour."""
    torch.manual_seed(0)
    model = DGNet(replace(SIZES["small"].network, detail_colour=True), 4).eval()
    x, S = random_images(2, (64, 32)), model.structure_encoder.channels
    with torch.no_grad():
        a, s = model.encode(x)
        assert s.shape == (2, S + 48, 16, 8)
        torch.testing.assert_close(F.pixel_shuffle(s[:, S:], 4), x)
        recoloured = model.structure_encoder(x[:, [2, 0, 1]])
        torch.testing.assert_close(recoloured[:, :S], s[:, :S], rtol=1e-4, atol=1e-4)
        last = model.decoder.refine[-1].conv
        last.weight.zero_()
        torch.testing.assert_close(model.compose(a, s), x)


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


# ---------------------------------------------------------------- initial values


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
