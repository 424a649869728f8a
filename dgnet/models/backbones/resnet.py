"""ResNet with torchvision's parameter names, and ResNet-IBN-a with IBN-Net's, so that their state dicts load."""

from __future__ import annotations

from torch import Tensor, nn

from dgnet.config import BackboneConfig
from dgnet.models.backbones.ibn import InstanceBatchNorm
from dgnet.models.layers.mixstyle import MixStyle

NUM_IBN_STAGES = 3  # the last stage, which tells identities apart, has batch norm only (Pan et al. 2018)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al. 2016)."""

    expansion = 1

    def __init__(self, in_channels: int, channels: int, stride: int, *, ibn: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = InstanceBatchNorm(channels) if ibn else nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(in_channels, channels * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 (which carries the stride), 1x1 to four times the channels, and a shortcut (He et al. 2016)."""

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int, *, ibn: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = InstanceBatchNorm(channels) if ibn else nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(in_channels, channels * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


def shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """1x1 convolution and batch norm where the shapes differ, else nothing."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))


class ResNet(nn.Module):
    """A ResNet's feature map: N x 3 x H x W -> N x C x H/16 x W/16 (last stride 1; a `small` stem gives H/8, W/8).

    The ImageNet classifier (`fc`) is left out: nothing here uses it.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        block = Bottleneck if config.bottleneck else BasicBlock
        width = config.width
        if config.stem == "imagenet":
            self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
            self.maxpool: nn.Module = nn.MaxPool2d(3, 2, 1)
        else:
            self.conv1 = nn.Conv2d(3, width, 3, 2, 1, bias=False)
            self.maxpool = nn.Identity()
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        channels = width
        stages = []
        for index, (num_blocks, stride) in enumerate(zip(config.layers, (1, 2, 2, config.last_stride), strict=True)):
            blocks = []
            ibn = config.ibn and index < NUM_IBN_STAGES
            for position in range(num_blocks):
                blocks.append(block(channels, width * 2**index, stride if position == 0 else 1, ibn=ibn))
                channels = width * 2**index * block.expansion
            stages.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.channels = channels
        self.mixstyle = MixStyle(config.mixstyle)  # after the first two stages (Zhou et al. 2021)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.mixstyle(self.layer2(self.mixstyle(self.layer1(x))))
        feature_map: Tensor = self.layer4(self.layer3(x))
        return feature_map
