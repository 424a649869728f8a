"""Inner products against float64, by each library; equal features give equal products."""

from __future__ import annotations

import pytest
import torch

from dgnet.retrieval.kernel import products
from dgnet.retrieval.kernel.products import inner_products, onednn_product

LIBRARIES = [pytest.param(None, id="numpy"), pytest.param(onednn_product(), id="onednn")]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("num_gallery", [1, 63, 64, 65, 200, 256, 257, 1000])
def test_equal_those_in_float64(
    library: products.Product | None, num_gallery: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Galleries smaller than a tile, of whole tiles, and of one image more; features that are slices of wider ones."""
    monkeypatch.setattr(products, "_ONEDNN", library)
    monkeypatch.setattr(products, "_COLUMNS", 256)
    rng = torch.Generator().manual_seed(num_gallery)
    query, gallery = (torch.randn(number, 48, generator=rng)[:, 3:40] for number in (5, num_gallery))
    out = torch.full((5, num_gallery), torch.nan)
    inner_products(query, gallery, out)
    torch.testing.assert_close(out.double(), query.double() @ gallery.double().T, rtol=0, atol=1e-4)


@pytest.mark.parametrize("num_query", [1, 2, 33, 300])
@pytest.mark.skipif(onednn_product() is None, reason="NumPy's product rounds its edges otherwise")
def test_equal_features_have_equal_similarities_wherever_they_stand(num_query: int) -> None:
    """The gallery has one image more than one product takes; all are alike."""
    rng = torch.Generator().manual_seed(0)
    query, one = torch.randn(num_query, 1024, generator=rng), torch.randn(1, 1024, generator=rng)
    out = torch.empty(num_query, 4097)
    inner_products(query, one.expand(4097, 1024).contiguous(), out)
    assert torch.equal(out, out[:, :1].expand_as(out))
