"""Tensors from elsewhere: are they what a network needs? And torchvision's ResNet weights, read into ours."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from dgnet.files.tensors import PATH_LIKE, WeightsError, read_foreign
from dgnet.models.backbones.resnet import ResNet


def load_backbone(resnet: ResNet, path: PATH_LIKE) -> None:
    """Fill a ResNet from a torchvision state dict, `.pth` or `.safetensors`; its ImageNet classifier `fc` is ignored.

    Raises:
        WeightsError: naming every tensor that is missing, unknown or of another shape; the ResNet is then unchanged.
    """
    found = {name: tensor for name, tensor in as_state_dict(path, read_foreign(path)).items() if name[:3] != "fc."}
    # Files from before torch 0.4 lack the counters of batches, which nothing reads at a fixed momentum.
    expected = {name: tensor for name, tensor in resnet.state_dict().items() if not is_counter(name) or name in found}
    check_tensors(path, expected, found)
    resnet.load_state_dict(found, strict=False)


def as_state_dict(path: PATH_LIKE, contents: object) -> dict[str, Tensor]:
    """`contents` of a foreign file as named tensors.

    Raises:
        WeightsError: it is something else; what was found is named.
    """
    if not isinstance(contents, Mapping):
        raise WeightsError(f"{path}: found a {type(contents).__name__}, must be named tensors (a state dict)")
    for name, value in contents.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{path}: found a {type(value).__name__} at {name!r}, must be named tensors alone (a state dict)"
            )
    return dict(contents)


def check_tensors(path: PATH_LIKE, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Raise WeightsError naming every tensor that is missing, unknown, or of another shape or kind of number."""
    missing = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    wrong = [
        f"{name} (found {_describe(found[name])}, must be {_describe(expected[name])})"
        for name in expected
        if name in found and _describe(found[name]) != _describe(expected[name])
    ]
    problems = [
        f"{len(names)} {what}: {', '.join(names)}"
        for what, names in (("missing", missing), ("unknown", unknown), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise WeightsError(f"{path}: its tensors do not fit the network; {'; '.join(problems)}")


def is_counter(name: str) -> bool:
    """Is this one of batch norm's counters of batches?"""
    return name.endswith(".num_batches_tracked")


def _describe(tensor: Tensor) -> str:
    shape = "x".join(str(size) for size in tensor.shape) or "a scalar"
    return shape if tensor.is_floating_point() else f"{shape} of {str(tensor.dtype).removeprefix('torch.')}"
