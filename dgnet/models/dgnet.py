"""DGNet: the three networks that are kept after training, E_a, E_s and G, in one module."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from dgnet.config import NetworkConfig
from dgnet.models.appearance import AppearanceEncoder
from dgnet.models.decoder import Decoder
from dgnet.models.structure import StructureEncoder


class Codes(NamedTuple):
    """An image's appearance code `a` (N x A x 4) and structure code `s` (N x S x H/4 x W/4)."""

    a: Tensor
    s: Tensor


class Features(NamedTuple):
    """The two re-id features f_prim and f_fine, N x F each: the heads' BatchNorm outputs."""

    prim: Tensor
    fine: Tensor


class DGNet(nn.Module):
    """Recognises people and draws them: E_a, E_s and G.

    Args:
        config: the networks' widths.
        num_classes: number of training identities, for the classifiers, which only training uses; may be 0.
    """

    def __init__(self, config: NetworkConfig, num_classes: int) -> None:
        super().__init__()
        self.appearance_encoder = AppearanceEncoder(config, num_classes)
        self.structure_encoder = StructureEncoder(config)
        self.decoder = Decoder(config, self.appearance_encoder.channels)

    def encode(self, x: Tensor) -> Codes:
        """The codes a_i and s_i of images x_i, N x 3 x H x W."""
        return Codes(self.appearance_encoder.code(x), self.structure_encoder(x))

    def compose(self, a: Tensor, s: Tensor) -> Tensor:
        """G(a, s): images N x 3 x H x W, normalised as the inputs are."""
        image: Tensor = self.decoder(a, s)
        return image

    def features(self, x: Tensor) -> Features:
        """f_prim and f_fine of images."""
        E_a = self.appearance_encoder
        output = E_a(x)
        return Features(E_a.prim.retrieval_feature(output.prim), E_a.fine.retrieval_feature(output.fine))

    def swap(self, x_i: Tensor, x_j: Tensor) -> Tensor:
        """x_ij = G(a_i, s_j): the people of x_j, with their bodies, poses and backgrounds, in the clothes of x_i."""
        return self.compose(self.appearance_encoder.code(x_i), self.structure_encoder(x_j))

    forward = swap
