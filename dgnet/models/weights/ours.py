"""Our own model files: safetensors with the configuration and a card (text about the model) inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from dgnet.config import RunConfig, from_saved, to_dict, without_local
from dgnet.files.tensors import PATH_LIKE, WeightsError, read_metadata, read_tensors, write_tensors
from dgnet.models.appearance import Teacher, make_room
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.unfilled import unfilled
from dgnet.models.weights.foreign import check_tensors

FORMAT = "1"
Network = TypeVar("Network", DGNet, Teacher, Discriminator)


@dataclass(frozen=True)
class LoadedModel(Generic[Network]):
    """A network from a file, in eval mode on the CPU; the configuration it was trained with; and its card.

    The configuration does not contain the paths of the machine that the file was written on.
    """

    model: Network
    config: RunConfig
    card: dict[str, str]


def without_figures(card: Mapping[str, str], *others: str) -> dict[str, str]:
    """A card without what it says of recognising people, and without headings that begin with one of `others`.

    For a model whose features were changed: what was measured is no longer true of it.
    """
    outdated = ("re-id", "on real people", "measured on", *others)
    return {heading: text for heading, text in card.items() if not heading.startswith(outdated)}


def save_model(
    path: PATH_LIKE, model: DGNet, config: RunConfig, card: dict[str, str], *, dtype: torch.dtype = torch.float32
) -> None:
    """Write a model; an older file is replaced only once the new one is complete.

    Args:
        path: the file, `.safetensors` by custom.
        model: in any mode, on any device.
        config: what it was trained with; the paths in it are left out.
        card: text for whoever gets the file: the command that made it, its figures, its licence.
        dtype: float32, or float16 for half the size (norms and biases stay float32).

    Raises:
        WeightsError: the file cannot be written, or a weight is too large for float16.
    """
    numbers = {"num_classes": model.appearance_encoder.prim.classifier.out_features}
    _save(path, "model", model, config, numbers, card, dtype)


def load_model(path: PATH_LIKE) -> LoadedModel[DGNet]:
    """Read what `save_model` wrote.

    Raises:
        WeightsError: the file is missing, truncated, damaged or not a model of dgnet's; or its tensors do not fit the
            configuration in it.
        ConfigError: its backbone is a timm model, and timm cannot make it here.
    """
    tensors, config, numbers, card = _load(path, "model")
    with unfilled():
        model = DGNet(config.network, numbers["num_classes"])
    return LoadedModel(_fill(path, model, tensors), config, card)


def save_teacher(
    path: PATH_LIKE, teacher: Teacher, config: RunConfig, card: dict[str, str], *, dtype: torch.dtype = torch.float32
) -> None:
    """Write a teacher, as `save_model` does."""
    numbers = {
        "num_classes": teacher.num_classes,
        "feature_dim": teacher.head.embed.out_features,
        "dropout": teacher.head.dropout.p,
    }
    _save(path, "teacher", teacher, config, numbers, card, dtype)


def load_teacher(path: PATH_LIKE) -> LoadedModel[Teacher]:
    """Read what `save_teacher` wrote; the teacher is frozen. Raises as `load_model` does."""
    tensors, config, numbers, card = _load(path, "teacher")
    with unfilled():
        teacher = Teacher(config.teacher.backbone, **numbers)
    return LoadedModel(_fill(path, teacher, tensors).freeze(), config, card)


def describe_teacher(path: PATH_LIKE) -> tuple[RunConfig, dict[str, str]]:
    """The configuration and the card of a teacher, without its tensors; its checksum is not compared.

    Raises as `load_teacher` does, but for what is wrong with the tensors.
    """
    return _description(path, read_metadata(path), "teacher")


def save_discriminator(path: PATH_LIKE, discriminator: Discriminator, config: RunConfig, card: dict[str, str]) -> None:
    """Write a discriminator, as `save_model` does; it is only used to continue training from a model."""
    _save(path, "discriminator", discriminator, config, {}, card, torch.float32)


def load_discriminator(path: PATH_LIKE) -> LoadedModel[Discriminator]:
    """Read what `save_discriminator` wrote. Raises as `load_model` does."""
    tensors, config, _, card = _load(path, "discriminator")
    with unfilled():
        discriminator = Discriminator(config.network)
    return LoadedModel(_fill(path, discriminator, tensors), config, card)


def _save(
    path: PATH_LIKE,
    kind: str,
    module: nn.Module,
    config: RunConfig,
    numbers: Mapping[str, float],
    card: dict[str, str],
    dtype: torch.dtype,
) -> None:
    assert dtype in (torch.float32, torch.float16)
    metadata = {
        "format": FORMAT,
        "kind": kind,
        "config": json.dumps(to_dict(without_local(config))),
        "numbers": json.dumps(numbers),
        "card": json.dumps(card),
    }
    tensors = {}
    for name, tensor in module.state_dict().items():
        # Vectors (norms and biases) stay float32: they are small, and a running variance may be below float16's range.
        tensors[name] = tensor.to(dtype) if tensor.ndim > 1 else tensor
        if not tensors[name].isfinite().all() and tensor.isfinite().all():
            raise WeightsError(f"{path}: {name} has numbers too large for float16; save in float32")
    write_tensors(path, tensors, metadata)


def _load(path: PATH_LIKE, kind: str) -> tuple[dict[str, Tensor], RunConfig, dict[str, Any], dict[str, str]]:
    tensors, metadata = read_tensors(path)
    config, card = _description(path, metadata, kind)
    return tensors, config, json.loads(metadata["numbers"]), card


def _description(path: PATH_LIKE, metadata: Mapping[str, str], kind: str) -> tuple[RunConfig, dict[str, str]]:
    found = metadata.get("kind", "file of something else")
    if found != kind:
        raise WeightsError(f"{path}: found a {found}, must be a {kind} of dgnet's")
    if metadata["format"] != FORMAT:
        raise WeightsError(
            f"{path}: written in format {metadata['format']}, this dgnet reads {FORMAT}: install a newer one"
        )
    try:
        config = from_saved(json.loads(metadata["config"]))
    except ValueError as error:
        raise WeightsError(f"{path}: the configuration in it cannot be used: {error}") from error
    return config, json.loads(metadata["card"])


def _fill(path: PATH_LIKE, network: Network, tensors: dict[str, Tensor]) -> Network:
    """Give a network built on `meta`, without memory, the tensors as its own, in float32; returns it in eval mode."""
    make_room(network, tensors)
    check_tensors(path, network.state_dict(), tensors)
    whole = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    network.load_state_dict(whole, assign=True)
    return network.eval()
