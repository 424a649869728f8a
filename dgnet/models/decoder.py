"""The decoder G: draws an image from a structure code, in the clothes of an appearance code."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import NetworkConfig
from dgnet.models.appearance import NUM_STRIPES
from dgnet.models.layers.units import ConvUnit, adain, kaiming_normal_, leaky_relu_
from dgnet.models.layers.upsample import UpsampleUnit
from dgnet.models.structure import SHRINK

NUM_BLOCKS = 4


class AdainMLP(nn.Module):
    """Three linear layers with LeakyReLU between them: a quarter of the appearance code -> 2C numbers.

    They are the weights, or the biases, of the two AdaINs of a block with C channels.
    """

    def __init__(self, in_features: int, hidden: int, out_features: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.Linear(in_features, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, out_features)]
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = leaky_relu_(layer(x))
        parameters: Tensor = self.layers[-1](x)
        return parameters


class AdainBlock(nn.Module):
    """x + AdaIN(conv(LeakyReLU(AdaIN(conv(x))))); the AdaIN parameters are arguments of `forward`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvUnit(channels, channels, 3, activate=False)
        self.second = ConvUnit(channels, channels, 3, activate=False)

    def forward(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """x: N x C x H x W; weight, bias: N x 2C, the first C for the first AdaIN."""
        weight_1, weight_2 = weight.chunk(2, dim=1)
        bias_1, bias_2 = bias.chunk(2, dim=1)
        y = leaky_relu_(adain(self.first(x), weight_1, bias_1))
        return x + adain(self.second(y), weight_2, bias_2)


class Decoder(nn.Module):
    """G: structure code s (N x S x h x w) and appearance code a (N x A x 4) -> image, N x 3 x 4h x 4w, linear output.

    With `config.detail`, the last 16 channels of s are the grey image g; with `config.detail_colour` the last 48 are
    the image in colour. The last three layers take g as input, and each channel of the image is p + q g, with p and q
    from the last layer, so that G need not draw anew what g shows.

    Args:
        config: widths and the code split.
        appearance_channels: A. Block k of four reads channels kA/4 .. (k+1)A/4 of all four stripes, channel-major
            (`code_split="channels"`, as published), or all channels of stripe k (`"stripes"`).
    """

    def __init__(self, config: NetworkConfig, appearance_channels: int) -> None:
        super().__init__()
        channels = 8 * config.structure_width
        self.channels, self.code_split, self.detail = channels, config.code_split, config.detail
        self.weight_mlps, self.bias_mlps = (
            nn.ModuleList(AdainMLP(appearance_channels, config.mlp_width, 2 * channels) for _ in range(NUM_BLOCKS))
            for _ in range(2)
        )
        self.blocks = nn.ModuleList(AdainBlock(channels) for _ in range(NUM_BLOCKS))
        self.upsample = nn.Sequential(
            UpsampleUnit(channels, channels // 2),
            UpsampleUnit(channels // 2, channels // 4),
        )
        last = ConvUnit(channels // 4, 6 if self.detail else 3, 1, activate=False)
        shown = 0 if not self.detail else 3 if config.detail_colour else 1  # channels of g
        self.refine = nn.Sequential(
            ConvUnit(channels // 4 + shown, channels // 4, 3), ConvUnit(channels // 4, channels // 4, 3), last
        )
        kaiming_normal_(self)
        if self.detail:
            assert last.conv.bias is not None
            nn.init.ones_(last.conv.bias[3:])  # q starts near 1, so G starts from g

    def parts(self, a: Tensor) -> tuple[Tensor, ...]:
        """The part of the code that each block's MLPs read, N x A each."""
        # N x A x 4 is channel-major already: a reshape gives block k its quarter of the channels, all stripes of each.
        by_channels = self.code_split == "channels"
        quarters = a.reshape(a.shape[0], NUM_BLOCKS, -1) if by_channels else a.transpose(1, 2)
        return quarters.unbind(1)

    def adain_parameters(self, a: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and biases of all AdaINs, N x 4 x 2C each: per block, C for the first AdaIN and C for the second."""
        parts = self.parts(a)
        weights = torch.stack([mlp(part) for mlp, part in zip(self.weight_mlps, parts, strict=True)], dim=1)
        biases = torch.stack([mlp(part) for mlp, part in zip(self.bias_mlps, parts, strict=True)], dim=1)
        return weights, biases

    def draw(self, s: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
        """The image, from the structure code and the AdaIN parameters that `adain_parameters` gave."""
        x = s[:, : self.channels]
        for k, block in enumerate(self.blocks):
            x = block(x, weights[:, k], biases[:, k])
        x = self.upsample(x)
        if not self.detail:
            image: Tensor = self.refine(x)
            return image
        g = F.pixel_shuffle(s[:, self.channels :], SHRINK)
        p, q = self.refine(torch.cat([x, g], dim=1)).chunk(2, dim=1)
        return p + q * g

    def forward(self, a: Tensor, s: Tensor) -> Tensor:
        return self.draw(s, *self.adain_parameters(a))


assert NUM_BLOCKS == NUM_STRIPES  # "stripes" gives each block one stripe
