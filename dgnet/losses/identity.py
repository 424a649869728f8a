"""Identity terms: cross-entropy, and the soft supervision of generated images by the teacher."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """-log p(y | x), the mean over the batch, summed over both directions: L_id^s, L_id^c and L_fine.

    Args:
        logits: 2B x C.
        label: 2B, int64.
    """
    return 2 * F.cross_entropy(logits.float(), label)


def divergence(logits: Tensor, q: Tensor) -> Tensor:
    """L_prim = KL(q || p) = sum_k q(k) log(q(k) / p(k)), the mean over the batch, summed over both directions.

    Args:
        logits: of p, 2B x C.
        q: the generated images' soft labels, 2B x C, rows summing to one; 0 log 0 is 0.
    """
    log_p = F.log_softmax(logits.float(), dim=1)
    return 2 * (torch.xlogy(q, q) - q * log_p).sum(dim=1).mean()
