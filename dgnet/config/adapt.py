"""Adaptation to images without labels (docs/adapt.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dgnet.config.drawing import DrawingConfig
from dgnet.config.errors import require
from dgnet.config.setting import (
    AT_LEAST_1,
    AT_LEAST_2,
    BELOW_1,
    LEARNING,
    NOT_NEGATIVE,
    POSITIVE,
    SOURCE,
    Range,
    check,
    part,
    setting,
)

EPOCHS: Final = Range("from 1 to 100000", least=1, most=100_000)  # a score is kept of each


@dataclass(frozen=True)
class AdaptConfig:
    """How `dgnet adapt` finds clusters of images and learns from them as identities.

    Args:
        epochs: how many times the images are clustered and learnt from, at most.
        steps: of training per epoch.
        num_ids: clusters per step (in each process, where several train together).
        num_images: images of each of these clusters per step.
        temperature: tau, by which similarities are divided before the softmax over the memory of centres.
        momentum: how much of a centre stays when it moves towards the batch's features of it.
        backbone_lr: learning rate of the backbone, by Nesterov SGD with `optim.momentum` and `optim.weight_decay`.
        head_lr: learning rate of the heads.
        eps: the distance within which two images are neighbours for DBSCAN, from 0 to 1; 0: chosen in every epoch,
            without labels.
        min_samples: how many images within eps, itself included, make an image the core of a cluster.
        copies: of images that are as alike as one image moved by some pixels (`augment.pad`), as those of a film are,
            so many are clustered and learnt from; 0: all.
        k1: neighbours that the k-reciprocal encodings are made from.
        k2: neighbours whose encodings are averaged.
        ema: decay per step of the mean teacher, the running average of the network that is trained.
        soft: weight of the mean teacher's soft labels, beside the weight 1 of the clusters' labels.
        whitening: the ridge with which the kept network's features are whitened by its clusters in the end (`dgnet
            whiten`); 0: they are not.
        patience: training stops when the score of the clusters has not risen for so many epochs.
        generate: E_s, G and D learn too, and E_a learns from images that they draw.
        source: with `generate`, the data set whose people exchange clothes with those in the images, as NAME=DIR or
            DIR; empty: the one that the model was trained on, if it is there; `none`: no other.
        drawing: with `generate`, how E_s, G and D learn.
    """

    epochs: int = setting(10, EPOCHS, LEARNING)
    steps: int = setting(100, AT_LEAST_1, LEARNING)
    num_ids: int = setting(8, AT_LEAST_2, LEARNING)
    num_images: int = setting(4, AT_LEAST_2, LEARNING)
    temperature: float = setting(0.05, POSITIVE, LEARNING)
    momentum: float = setting(0.2, BELOW_1, LEARNING)
    backbone_lr: float = setting(0.002, NOT_NEGATIVE, LEARNING)
    head_lr: float = setting(0.005, NOT_NEGATIVE, LEARNING)
    eps: float = setting(0.0, BELOW_1, LEARNING)
    min_samples: int = setting(4, AT_LEAST_2, LEARNING)
    copies: int = setting(8, NOT_NEGATIVE, LEARNING)
    k1: int = setting(20, AT_LEAST_1, LEARNING)
    k2: int = setting(6, AT_LEAST_1, LEARNING)
    ema: float = setting(0.99, BELOW_1, LEARNING)
    soft: float = setting(0.5, NOT_NEGATIVE, LEARNING)
    whitening: float = setting(0.1, NOT_NEGATIVE, LEARNING)
    patience: int = setting(3, AT_LEAST_1, LEARNING)
    generate: bool = setting(False, role=LEARNING)
    source: str = setting("", role=SOURCE)
    drawing: DrawingConfig = part(DrawingConfig)

    def __post_init__(self) -> None:
        check(self, "adapt")
        source = "used with --generate true alone, since the source's people are drawn in other clothes"
        require(self.generate or not self.source, "adapt.source", self.source, source)
        require(self.k2 <= self.k1 + 1, "adapt.k2", self.k2, f"at most adapt.k1 + 1 = {self.k1 + 1}")
