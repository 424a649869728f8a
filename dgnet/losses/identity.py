"""Identity terms: cross-entropy, and the divergence from the teacher's soft labels of generated images."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, label: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log p(y | x), averaged over each half of the batch and summed over both: L_id^s, L_id^c and L_fine.

    With smoothing s it is (1 - s) times that, plus s times the mean of -log p(k | x) over all C labels k.

    Args:
        logits: 2B x C.
        label: 2B, int64; or soft labels, 2B x C, each row with the sum 1: then -sum_k q(k) log p(k | x).
        smoothing: s, in [0, 1).
    """
    return 2 * F.cross_entropy(logits.float(), label, label_smoothing=smoothing)


def divergence(logits: Tensor, q: Tensor) -> Tensor:
    """L_prim = KL(q || p) = sum_k q(k) log(q(k) / p(k)), averaged over each half of the batch and summed over both.

    Args:
        logits: of p, 2B x C.
        q: the generated images' soft labels, 2B x C, each row with the sum 1; 0 log 0 counts as 0.
    """
    log_p = F.log_softmax(logits.float(), dim=1)
    return 2 * (torch.xlogy(q, q) - q * log_p).sum(dim=1).mean()
