"""Tensors from elsewhere: the one state dict in a file, and whether it is what a network needs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from torch import Tensor

from dgnet.files.foreign import read_foreign
from dgnet.files.tensors import PATH_LIKE, WeightsError
from dgnet.models.backbones.efficientnet_lite import EfficientNetLite0
from dgnet.models.backbones.mobilenet_v2 import MobileNetV2
from dgnet.models.backbones.resnet import ResNet
from dgnet.models.weights.other_names import namings

logger = logging.getLogger(__name__)

NUM_NAMED = 5
# Under which keys programs keep the network's own state dict; where a file has several, the first of these counts.
OWN_KEYS = ("state_dict", "model_state_dict", "model", "net", "network", "module")
MAX_DEPTH = 3


def load_backbone(network: ResNet | MobileNetV2 | EfficientNetLite0, path: PATH_LIKE) -> None:
    """Fill a backbone from another program's file, `.pth` or `.safetensors`, in its own names or another library's.

    The state dict may lie below keys (`state_dict`, `model`, ...) beside an epoch and the like, and its names may all
    begin alike (`module.`, `backbone.`). Tensors of other modules than the backbone's (`fc.`, `classifier.`) are left
    out, and the log names some.

    Raises:
        WeightsError: no or several networks in the file fit, or, naming some, tensors are missing, unknown or of
                another shape; the backbone is then unchanged.
    """
    own = network.state_dict()
    contents = read_foreign(path)
    names = max(namings(network), key=lambda names: _num_named(path, contents, _renamed(own, names)))
    found, others = select(path, contents, _renamed(own, names))
    found = _renamed(found, {theirs: ours for ours, theirs in names.items()})
    modules = {name.split(".")[0] for name in own}
    left_out = [*others, *(name for name in found if name.split(".")[0] not in modules)]
    found = {name: tensor for name, tensor in found.items() if name.split(".")[0] in modules}
    # Files from before torch 0.4 lack the counters of batches, which nothing reads at a fixed momentum.
    expected = {name: tensor for name, tensor in own.items() if not is_counter(name) or name in found}
    check_tensors(path, expected, found)
    network.load_state_dict(found, strict=False)
    if left_out:
        logger.info("%s: left out, as no part of the backbone: %s", path, name_some(left_out))


def _renamed(tensors: Mapping[str, Tensor], layers: Mapping[str, str]) -> dict[str, Tensor]:
    """The same tensors, each layer called as `layers` says, or as before."""
    parts = ((*name.rpartition("."), tensor) for name, tensor in tensors.items())
    return {f"{layers.get(layer, layer)}{dot}{leaf}": tensor for layer, dot, leaf, tensor in parts}


def _num_named(path: PATH_LIKE, contents: object, own: Mapping[str, Tensor]) -> int:
    """How many of a network's names are in a file, whatever stands before them."""
    return max(
        sum(prefix + name in tensors for name in own)
        for _, tensors in state_dicts(path, contents)
        for prefix in ("", *prefixes(tensors, own))
    )


def select(path: PATH_LIKE, contents: object, own: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors in a file that fit a network best, by the network's names; and the names of those beside them.

    Raises:
        WeightsError: there are no named tensors, none has a name of the network's, or two networks fit equally well.
    """
    candidates = dict(state_dicts(path, contents))
    fits = {
        (key, prefix): sum(prefix + name in tensors for name in own)
        for key, tensors in candidates.items()
        for prefix in prefixes(tensors, own)
    }
    if not fits:
        first = next(name for tensors in candidates.values() for name in tensors)
        raise WeightsError(
            f"{path}: none of its tensors has a name of this network's: its first is {first}, the network's "
            f"{next(iter(own))}; is it a network of another kind?"
        )
    best = [place for place, number in fits.items() if number == max(fits.values())]
    known = [key for key in ("", *OWN_KEYS) if any(key == one for one, _ in best)]
    chosen = [place for place in best if not known or place[0] == known[0]]
    if len(chosen) > 1:
        places = " and ".join(f"{'.'.join(filter(None, place))}{'' if place[1] else '.'}*" for place in chosen)
        raise WeightsError(f"{path}: holds several networks that fit, {places}: save the one you mean by itself")
    key, prefix = chosen[0]
    tensors = candidates[key]
    inside = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return inside, [name for name in tensors if not name.startswith(prefix)]


def prefixes(tensors: Mapping[str, Tensor], own: Iterable[str]) -> set[str]:
    """What stands before names of the network's, as `module.` does: "", or something that ends in a dot."""
    ours = set(own)
    parts = [name.split(".") for name in tensors]
    return {
        "".join(f"{part}." for part in name[:start])
        for name in parts
        for start in range(len(name))
        if ".".join(name[start:]) in ours
    }


def state_dicts(path: PATH_LIKE, contents: object) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """(key, tensors by name) of each state dict in a foreign file's contents; the outermost's key is "".

    What lies beside them (an epoch, an optimiser's state, settings) is passed over.

    Raises:
        WeightsError: there is none; what was found is named.
    """
    found = list(_search(contents, ""))
    if not found:
        beside = _kinds(contents) if isinstance(contents, Mapping) else f"a {type(contents).__name__}"
        raise WeightsError(f"{path}: found {beside}, must be named tensors (a state dict)")
    yield from found


def _search(contents: object, key: str) -> Iterator[tuple[str, dict[str, Tensor]]]:
    if not isinstance(contents, Mapping) or key.count(".") >= MAX_DEPTH:
        return
    named = {name: value for name, value in contents.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if named:
        yield key, named
    for name, value in contents.items():
        if isinstance(name, str) and isinstance(value, Mapping):
            yield from _search(value, f"{key}.{name}" if key else name)


def _kinds(contents: Mapping) -> str:
    """What a mapping without tensors holds, such as `int at 'epoch'`."""
    items = [f"{type(value).__name__} at {name!r}" for name, value in contents.items()]
    return name_some(items) if items else "nothing"


def check_tensors(path: PATH_LIKE, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Raise WeightsError naming tensors that are missing, unknown, or of another shape or kind of number."""
    missing = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    wrong = [
        f"{name} (found {_describe(found[name])}, must be {_describe(expected[name])})"
        for name in expected
        if name in found and _describe(found[name]) != _describe(expected[name])
    ]
    problems = [
        f"{len(names)} {what}: {name_some(names)}"
        for what, names in (("missing", missing), ("unknown", unknown), ("of another shape", wrong))
        if names
    ]
    if problems:
        raise WeightsError(f"{path}: its tensors do not fit the network; {'; '.join(problems)}")


def is_counter(name: str) -> bool:
    """Is this one of batch norm's counters of batches?"""
    return name.endswith(".num_batches_tracked")


def name_some(names: Sequence[str]) -> str:
    """The first five, and how many more there are."""
    more = len(names) - NUM_NAMED
    return ", ".join(names[:NUM_NAMED]) + (f" and {more} more" if more > 0 else "")


def _describe(tensor: Tensor) -> str:
    shape = "x".join(str(size) for size in tensor.shape) or "a scalar"
    return shape if tensor.is_floating_point() else f"{shape} of {str(tensor.dtype).removeprefix('torch.')}"
