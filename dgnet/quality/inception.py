"""Inception-v3 as FID uses it: the network of 2015, whose 2048 pooled features are compared.

Parameters have torchvision's names, as in the file of weights that is in common use (`pt_inception-2015-12-05`, 1008
classes). Average pools do not count the padding, and the last block has a max pool where the published Inception has an
average pool. Weights for the 1000 ImageNet classes would give other figures and are refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from dgnet.files.download import download
from dgnet.retrieval.arrays import EvaluationError

WEIGHTS_URL = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth"
)
WEIGHTS_SHA256 = "6726825d"  # the first digits of the file's SHA-256, which its name carries too

NUM_FEATURES = 2048
_INPUT_SIZE = 299
_NUM_CLASSES = 1008


class Conv(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1, padded: bool = True
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if padded else 0
        self.conv = nn.Conv2d(inputs, outputs, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class InceptionA(nn.Module):
    """A block at 35×35, of four branches: 1×1; 5×5; two 3×3; pool."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(inputs, 64, 1)
        self.branch5x5_1 = Conv(inputs, 48, 1)
        self.branch5x5_2 = Conv(48, 64, 5)
        self.branch3x3dbl_1 = Conv(inputs, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3)
        self.branch3x3dbl_3 = Conv(96, 96, 3)
        self.branch_pool = Conv(inputs, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_mean_around(x))], dim=1)


class InceptionB(nn.Module):
    """A block from 35×35 to 17×17, of three branches: 3×3; two 3×3; max pool."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = Conv(inputs, 384, 3, stride=2, padded=False)
        self.branch3x3dbl_1 = Conv(inputs, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3)
        self.branch3x3dbl_3 = Conv(96, 96, 3, stride=2, padded=False)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, stride=2)], dim=1)


class InceptionC(nn.Module):
    """A block at 17×17, of four branches: 1×1; 7×7 as 1×7 and 7×1; the same twice; pool."""

    def __init__(self, inputs: int, inner: int) -> None:
        super().__init__()
        self.branch1x1 = Conv(inputs, 192, 1)
        self.branch7x7_1 = Conv(inputs, inner, 1)
        self.branch7x7_2 = Conv(inner, inner, (1, 7))
        self.branch7x7_3 = Conv(inner, 192, (7, 1))
        self.branch7x7dbl_1 = Conv(inputs, inner, 1)
        self.branch7x7dbl_2 = Conv(inner, inner, (7, 1))
        self.branch7x7dbl_3 = Conv(inner, inner, (1, 7))
        self.branch7x7dbl_4 = Conv(inner, inner, (7, 1))
        self.branch7x7dbl_5 = Conv(inner, 192, (1, 7))
        self.branch_pool = Conv(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), single, double, self.branch_pool(_mean_around(x))], dim=1)


class InceptionD(nn.Module):
    """A block from 17×17 to 8×8, of three branches: 3×3; 7×7 as 1×7 and 7×1, then 3×3; max pool."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3_1 = Conv(inputs, 192, 1)
        self.branch3x3_2 = Conv(192, 320, 3, stride=2, padded=False)
        self.branch7x7x3_1 = Conv(inputs, 192, 1)
        self.branch7x7x3_2 = Conv(192, 192, (1, 7))
        self.branch7x7x3_3 = Conv(192, 192, (7, 1))
        self.branch7x7x3_4 = Conv(192, 192, 3, stride=2, padded=False)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, F.max_pool2d(x, 3, stride=2)], dim=1)


class InceptionE(nn.Module):
    """A block at 8×8, of four branches: 1×1; 1×3 beside 3×1; 3×3, then 1×3 beside 3×1; pool."""

    def __init__(self, inputs: int, pool_maximum: bool) -> None:
        super().__init__()
        self.pool_maximum = pool_maximum
        self.branch1x1 = Conv(inputs, 320, 1)
        self.branch3x3_1 = Conv(inputs, 384, 1)
        self.branch3x3_2a = Conv(384, 384, (1, 3))
        self.branch3x3_2b = Conv(384, 384, (3, 1))
        self.branch3x3dbl_1 = Conv(inputs, 448, 1)
        self.branch3x3dbl_2 = Conv(448, 384, 3)
        self.branch3x3dbl_3a = Conv(384, 384, (1, 3))
        self.branch3x3dbl_3b = Conv(384, 384, (3, 1))
        self.branch_pool = Conv(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = F.max_pool2d(x, 3, stride=1, padding=1) if self.pool_maximum else _mean_around(x)
        parts = [self.branch1x1(x), self.branch3x3_2a(three), self.branch3x3_2b(three)]
        parts += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double), self.branch_pool(pooled)]
        return torch.cat(parts, dim=1)


class Inception(nn.Module):
    """Images N×3×H×W in [0, 1] to features N×2048. It resizes them bilinearly to 299×299 and scales them to [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, stride=2, padded=False)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3, padded=False)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3, padded=False)
        self.Mixed_5b = InceptionA(192, pooled=32)
        self.Mixed_5c = InceptionA(256, pooled=64)
        self.Mixed_5d = InceptionA(288, pooled=64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, inner=128)
        self.Mixed_6c = InceptionC(768, inner=160)
        self.Mixed_6d = InceptionC(768, inner=160)
        self.Mixed_6e = InceptionC(768, inner=192)
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280, pool_maximum=False)
        self.Mixed_7c = InceptionE(2048, pool_maximum=True)

    def forward(self, images_01: Tensor) -> Tensor:
        x = F.interpolate(images_01, size=(_INPUT_SIZE, _INPUT_SIZE), mode="bilinear", align_corners=False)
        x = 2 * x - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, stride=2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, stride=2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean(dim=(2, 3))


def download_inception(folder: Path) -> Path:
    """The file of the published weights (95 MB) in `folder`, downloaded if it is not there yet.

    Raises DownloadError where the download fails; no incomplete file is left.
    """
    return download(WEIGHTS_URL, folder / WEIGHTS_URL.rsplit("/", 1)[1], WEIGHTS_SHA256)


def load_inception(path: Path) -> Inception:
    """The network with the weights in `path` (.pth or .safetensors), in eval mode. No code in the file is executed.

    Raises EvaluationError where the file does not exist, cannot be read, or holds another network.
    """
    if not path.is_file():
        raise EvaluationError(
            f"{path}: no such file; FID needs the weights pt_inception-2015-12-05 (`--inception download`)"
        )
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (
        SafetensorError,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
        pickle.UnpicklingError,
    ) as error:
        raise EvaluationError(f"{path}: cannot be read as weights: {error}") from error
    classes = state["fc.weight"].shape[0] if "fc.weight" in state else None
    if classes not in (None, _NUM_CLASSES):
        raise EvaluationError(
            f"{path}: weights of {classes} classes; FID is defined on those of {_NUM_CLASSES} (pt_inception-2015-12-05)"
        )
    wanted = {name: value for name, value in state.items() if not name.startswith(("fc.", "AuxLogits."))}
    network = Inception()
    try:
        found = network.load_state_dict(wanted, strict=False)
    except RuntimeError as error:
        raise EvaluationError(f"{path}: not Inception-v3: {error}") from error
    missing = [name for name in found.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or found.unexpected_keys:
        raise EvaluationError(
            f"{path}: not Inception-v3: {len(missing)} parameters missing ({', '.join(missing[:3])}), "
            f"{len(found.unexpected_keys)} unknown ({', '.join(found.unexpected_keys[:3])})"
        )
    return network.eval()


def _mean_around(x: Tensor) -> Tensor:
    """3×3 average that does not count the padding."""
    return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
