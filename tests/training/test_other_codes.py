"""G for the codes of another E_a: exact where they tell everything, and never worse than the mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dgnet.config import NetworkConfig
from dgnet.models.decoder import Decoder
from dgnet.training.other_codes import fit_to_codes


@pytest.fixture
def network() -> NetworkConfig:
    return NetworkConfig(structure_width=2, mlp_width=8, dilations=(1, 2, 3))


@pytest.fixture
def old_codes() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(400, 8, 4)


@pytest.mark.parametrize("split", ["channels", "stripes"])
def test_it_draws_the_same_for_codes_that_tell_the_same(network: NetworkConfig, old_codes: Tensor, split: str) -> None:
    torch.manual_seed(0)
    network = replace(network, code_split=split)  # type: ignore[arg-type]
    old, new = Decoder(network, 8), Decoder(network, 12)
    new.load_state_dict({n: v for n, v in old.state_dict().items() if ".layers.0." not in n}, strict=False)
    # The new code mixes the old one's numbers within each part that a block reads, and has others besides.
    parts = torch.stack(old.parts(old_codes), dim=1)  # N x 4 x 8
    mixed = torch.einsum("nkc,kdc->nkd", parts, torch.randn(4, 12, 8))
    codes = mixed.reshape(400, 12, 4) if split == "channels" else mixed.transpose(1, 2)
    met = fit_to_codes(new, codes, old, old_codes)
    assert met > 0.999
    s = torch.randn(5, 16, 4, 2)
    drawn, wanted = new(codes[:5], s), old(old_codes[:5], s)
    assert (drawn - wanted).abs().mean() < 0.05 * (wanted - wanted.mean(0)).abs().mean()


@pytest.mark.parametrize("code", [torch.randn, torch.ones])
def test_codes_that_tell_nothing_give_the_mean(network: NetworkConfig, old_codes: Tensor, code) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    old, new = Decoder(network, 8), Decoder(network, 12)
    codes = code(400, 12, 4)
    met = fit_to_codes(new, codes, old, old_codes)
    assert abs(met) < 0.15
    wanted = old.weight_mlps[0].layers[0](old.parts(old_codes)[0])[:360].mean(0)
    torch.testing.assert_close(new.weight_mlps[0].layers[0](new.parts(codes)[0]).mean(0), wanted, atol=0.05, rtol=0)
