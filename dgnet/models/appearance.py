"""The appearance encoder E_a, which is also the re-id model; and the teacher T."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from dgnet.config import BackboneConfig, NetworkConfig
from dgnet.models.backbones.choice import build_backbone

NUM_STRIPES = 4


class HeadOutput(NamedTuple):
    """A head's feature (BatchNorm output, N x F) and its class scores (N x C)."""

    feature: Tensor
    logits: Tensor


class AppearanceOutput(NamedTuple):
    """All outputs of E_a: the code `a` (N x A x 4, with A the backbone's channels) and those of its two heads."""

    a: Tensor
    prim: HeadOutput
    fine: HeadOutput


class Head(nn.Module):
    """Linear, BatchNorm1d (its output is the feature f), Dropout, Linear to the classes.

    `whitening`, where there is one, is a matrix W (F x F): people are searched for by W f (`retrieval_feature`), while
    all training is of f.
    """

    whitening: Tensor | None

    def __init__(self, in_features: int, feature_dim: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Linear(in_features, feature_dim)
        self.norm = nn.BatchNorm1d(feature_dim)
        self.dropout = nn.Dropout(dropout)
        with warnings.catch_warnings():  # after training a model may have no classes: torch warns of empty weights
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            self.classifier = nn.Linear(feature_dim, num_classes)
        self.register_buffer("whitening", None)
        nn.init.kaiming_normal_(self.embed.weight, a=0, mode="fan_out")
        nn.init.zeros_(self.embed.bias)
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> HeadOutput:
        feature = self.norm(self.embed(x))
        return HeadOutput(feature, self.classifier(self.dropout(feature)))

    def begin_as(self, other: Head, *, classifier: bool = True) -> bool:
        """Take over the weights of a head of the same width, but not its whitening, which training makes untrue.

        Its classifier is taken over only with `classifier`, and where it tells as many people apart.

        Returns:
            Whether the classifier was taken over.
        """
        own = self.state_dict()
        classifier = classifier and other.classifier.weight.shape == self.classifier.weight.shape
        kept = {
            name: value
            for name, value in other.state_dict().items()
            if name in own and (classifier or not name.startswith("classifier."))
        }
        self.load_state_dict(own | kept)
        return classifier

    def retrieval_feature(self, output: HeadOutput) -> Tensor:
        """W f, or f where nothing was whitened; N x F."""
        return output.feature if self.whitening is None else output.feature @ self.whitening.T


class AppearanceEncoder(nn.Module):
    """E_a: N x 3 x H x W -> code a (N x A x 4, the maxima over four stripes), f_prim, f_fine and class scores.

    Args:
        config: widths and dropouts.
        num_classes: number of training identities; 0 for a model that only gives features and draws.
    """

    def __init__(self, config: NetworkConfig, num_classes: int) -> None:
        super().__init__()
        self.backbone = build_backbone(config.backbone)
        self.channels = self.backbone.channels
        self.pool = config.pool
        self.prim = Head(self.channels, config.feature_dim, num_classes, config.prim_dropout)
        self.fine = Head(self.channels, config.feature_dim, num_classes, config.fine_dropout)

    def code(self, x: Tensor) -> Tensor:
        """The appearance code alone: N x A x 4."""
        return stripes(self.backbone(x))

    def forward(self, x: Tensor) -> AppearanceOutput:
        feature_map = self.backbone(x)
        a = stripes(feature_map)
        # The stripes cover the whole map, so their maximum is the global one.
        pooled = a.amax(dim=2) if self.pool == "max" else global_mean(feature_map)
        return AppearanceOutput(a, self.prim(pooled), self.fine(pooled))

    def start_heads_from(self, teacher: Head) -> bool:
        """Give both heads the weights of T's, if they read the same pooled map and are as wide.

        T's classifier is taken over only where it tells as many people apart.

        Returns:
            Whether they were given.
        """
        fits = self.pool == "mean" and self.prim.embed.weight.shape == teacher.embed.weight.shape
        if fits:
            for head in (self.prim, self.fine):
                head.begin_as(teacher)
        return fits


def make_room(network: nn.Module, names: Iterable[str]) -> None:
    """Give heads of `network` an empty whitening wherever `names` of tensors have one, so that these can be loaded."""
    heads = {f"{place}.whitening".lstrip("."): one for place, one in network.named_modules() if isinstance(one, Head)}
    for name in names:
        if name in heads:
            size = heads[name].embed.out_features
            heads[name].whitening = heads[name].embed.weight.new_empty(size, size)


def stripes(feature_map: Tensor) -> Tensor:
    """The maxima over four horizontal stripes of a map N x A x h x w: the appearance code, N x A x 4."""
    return F.adaptive_max_pool2d(feature_map, (NUM_STRIPES, 1)).squeeze(3)


def global_mean(feature_map: Tensor) -> Tensor:
    """N x A x h x w -> N x A."""
    return F.adaptive_avg_pool2d(feature_map, 1).flatten(1)


class Teacher(nn.Module):
    """T: backbone, global average pool, one head; also the Baseline of the paper's tables.

    It is trained on real images alone, and labels generated ones. After `freeze` it takes no gradients and stays in
    eval mode, even if `train()` is called on it or on a module that contains it.
    """

    def __init__(self, backbone: BackboneConfig, feature_dim: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.backbone = build_backbone(backbone)
        self.head = Head(self.backbone.channels, feature_dim, num_classes, dropout)
        self.frozen = False

    @property
    def num_classes(self) -> int:
        """The number of identities that it was trained on."""
        return self.head.classifier.out_features

    def describe(self, x: Tensor) -> HeadOutput:
        """Feature (N x F) and class scores (N x C)."""
        output: HeadOutput = self.head(global_mean(self.backbone(x)))
        return output

    def forward(self, x: Tensor) -> Tensor:
        return self.describe(x).logits

    def features(self, x: Tensor) -> Tensor:
        """The Baseline's re-id feature, N x F."""
        return self.head.retrieval_feature(self.describe(x))

    def freeze(self) -> Teacher:
        """Switch to eval mode for good, and take no gradients from now on; returns self."""
        self.requires_grad_(False)
        self.frozen = True
        return self.train(False)

    def train(self, mode: bool = True) -> Teacher:
        super().train(mode and not self.frozen)
        return self
