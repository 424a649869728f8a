"""The decoder G: which numbers of the appearance code each block reads, and how the image is drawn from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dgnet.config import preset
from dgnet.models.decoder import Decoder
from dgnet.models.dgnet import DGNet

SMALL = preset("mannequin")


def random_images(n: int, size: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(seed))


def small_model() -> DGNet:
    torch.manual_seed(0)
    return DGNet(SMALL.network, 10).eval()


@pytest.mark.parametrize("split", ["channels", "stripes"])
def test_each_block_reads_its_part_of_the_code_alone(split: str) -> None:
    """If the numbers that block k reads change, so do its parameters, and no other block's."""
    network = replace(SMALL.network, code_split=split)
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
    network = replace(SMALL.network, code_split=split)
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
