"""The five strategies for labelling generated images: each is a pure function that gives a distribution q (2B x C)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from dgnet.config import LabelStrategy


def dynamic_soft(probabilities: Tensor) -> Tensor:
    """The paper's strategy: the teacher's softmax, which the caller has averaged over the image and its mirror."""
    return probabilities


def pseudo(probabilities: Tensor) -> Tensor:
    """The teacher's most likely identity, one-hot."""
    return F.one_hot(probabilities.argmax(dim=1), probabilities.shape[1]).to(probabilities.dtype)


def appearance(probabilities: Tensor, label_i: Tensor) -> Tensor:
    """The identity that gave the appearance, one-hot."""
    return F.one_hot(label_i, probabilities.shape[1]).to(probabilities.dtype)


def lsro(probabilities: Tensor) -> Tensor:
    """Uniform over all identities (Zheng et al. 2017)."""
    return probabilities.new_full(probabilities.shape, 1 / probabilities.shape[1])


def two_label(probabilities: Tensor, label_i: Tensor, label_j: Tensor) -> Tensor:
    """The teacher's probabilities of the labels of i and j alone, scaled so that their sum is 1."""
    givers = F.one_hot(label_i, probabilities.shape[1]) + F.one_hot(label_j, probabilities.shape[1])
    # Adding much less than any probability that matters avoids 0 / 0 where the teacher gives both probability 0.
    kept = (probabilities + 1e-12) * (givers > 0)
    return kept / kept.sum(dim=1, keepdim=True)


def soft_label(strategy: LabelStrategy, probabilities: Tensor, label_i: Tensor, label_j: Tensor) -> Tensor:
    """q of x_ij by the named strategy.

    Args:
        probabilities: the teacher's, 2B x C.
        label_i, label_j: labels of the appearance giver i and of the structure giver j, 2B.
    """
    match strategy:
        case "dynamic_soft":
            return dynamic_soft(probabilities)
        case "pseudo":
            return pseudo(probabilities)
        case "appearance":
            return appearance(probabilities, label_i)
        case "lsro":
            return lsro(probabilities)
        case "two_label":
            return two_label(probabilities, label_i, label_j)
