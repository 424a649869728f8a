"""A linear map of a head's feature, put into its weights."""

from __future__ import annotations

import torch

from dgnet.models.appearance import Head
from dgnet.models.whiten import map_feature


def test_the_head_gives_the_mapped_feature_and_the_same_scores() -> None:
    torch.manual_seed(0)
    head = Head(12, 6, 5, dropout=0.5)
    x = torch.randn(4_000, 12) @ torch.randn(12, 12)
    with torch.no_grad():
        for _ in range(100):
            head(x)  # moves the running statistics to those of x
        head.norm.weight.copy_(torch.rand(6) + 0.5)
        head.norm.bias.copy_(torch.randn(6))
    before = head.eval()(x)
    W = torch.randn(6, 6, dtype=torch.float64)
    f = before.feature.double()
    map_feature(head, W, f.mean(0), torch.cov(f.T, correction=0))
    after = head(x)
    torch.testing.assert_close(after.feature.double(), f @ W.T, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.logits, before.logits, atol=1e-4, rtol=1e-4)
    head.dropout.p = 0.0
    learning = head.train()(x)  # normalised by the batch's own statistics
    torch.testing.assert_close(learning.feature, after.feature, atol=1e-3, rtol=1e-3)
