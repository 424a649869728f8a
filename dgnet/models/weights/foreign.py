"""Weights that other programs saved: finding the state dict that fits a network in a file, and checking it."""

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
# The keys under which programs save a network's state dict; if several state dicts fit, the first of these is taken.
OWN_KEYS = ("state_dict", "model_state_dict", "model", "net", "network", "module")
MAX_DEPTH = 3


def load_backbone(network: ResNet | MobileNetV2 | EfficientNetLite0, path: PATH_LIKE) -> None:
    """Load another program's file (`.pth` or `.safetensors`) into a backbone, by our names or another library's.

    The state dict may be nested under keys (`state_dict`, `model`, ...) beside other things, and its names may share a
    prefix (`module.`, `backbone.`). Tensors of modules that the backbone does not have (`fc.`, `classifier.`) are left
    out, and the log names some.

    Raises:
        WeightsError: no network in the file fits, or several do; or tensors are missing, unknown or of another shape
            (some are named). The backbone is then unchanged.
    """
    own = network.state_dict()
    contents = read_foreign(path)
    names = max(namings(network), key=lambda names: _num_named(path, contents, _renamed(own, names)))
    found, others = select(path, contents, _renamed(own, names))
    found = _renamed(found, {theirs: ours for ours, theirs in names.items()})
    modules = {name.split(".")[0] for name in own}
    left_out = [*others, *(name for name in found if name.split(".")[0] not in modules)]
    found = {name: tensor for name, tensor in found.items() if name.split(".")[0] in modules}
    # Files from before torch 0.4 lack batch norm's counters of batches, which are not used with a fixed momentum.
    expected = {name: tensor for name, tensor in own.items() if not is_counter(name) or name in found}
    check_tensors(path, expected, found)
    network.load_state_dict(found, strict=False)
    if left_out:
        logger.info("%s: left out, as no part of the backbone: %s", path, name_some(left_out))


def _renamed(tensors: Mapping[str, Tensor], layers: Mapping[str, str]) -> dict[str, Tensor]:
    """The same tensors, with each layer renamed by `layers` (old -> new) if it is there."""
    parts = ((*name.rpartition("."), tensor) for name, tensor in tensors.items())
    return {f"{layers.get(layer, layer)}{dot}{leaf}": tensor for layer, dot, leaf, tensor in parts}


def _num_named(path: PATH_LIKE, contents: object, own: Mapping[str, Tensor]) -> int:
    """How many of a network's tensor names are in a file, under the best prefix."""
    return max(
        sum(prefix + name in tensors for name in own)
        for _, tensors in state_dicts(path, contents)
        for prefix in ("", *prefixes(tensors, own))
    )


def select(path: PATH_LIKE, contents: object, own: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors in a file that fit the network `own` best, without their prefix; and the names of the others there.

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
    """The prefixes that stand before names of the network `own`: "", or text that ends in a dot, as `module.`."""
    ours = set(own)
    parts = [name.split(".") for name in tensors]
    return {
        "".join(f"{part}." for part in name[:start])
        for name in parts
        for start in range(len(name))
        if ".".join(name[start:]) in ours
    }


def state_dicts(path: PATH_LIKE, contents: object) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """(key, tensors by name) of each state dict in another program's file; the key of the outermost is "".

    Other contents (an epoch, an optimiser's state, settings) are passed over.

    Raises:
        WeightsError: there is no state dict; the message says what was found.
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
    """Whether this is the name of a batch norm's counter of batches."""
    return name.endswith(".num_batches_tracked")


def name_some(names: Sequence[str]) -> str:
    """The first five, and how many more there are."""
    more = len(names) - NUM_NAMED
    return ", ".join(names[:NUM_NAMED]) + (f" and {more} more" if more > 0 else "")


def _describe(tensor: Tensor) -> str:
    shape = "x".join(str(size) for size in tensor.shape) or "a scalar"
    return shape if tensor.is_floating_point() else f"{shape} of {str(tensor.dtype).removeprefix('torch.')}"
