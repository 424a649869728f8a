"""Converting the authors' released checkpoints into ours, without unpickling; every tensor is used or reported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from dgnet.config import RunConfig, preset
from dgnet.files.foreign import read_foreign
from dgnet.files.outputs import OutputError, check_output_folder
from dgnet.files.tensors import PATH_LIKE, WeightsError
from dgnet.models.appearance import Teacher
from dgnet.models.dgnet import DGNet
from dgnet.models.discriminator import Discriminator
from dgnet.models.layers.unfilled import unfilled
from dgnet.models.weights.foreign import OWN_KEYS, check_tensors, is_counter, state_dicts
from dgnet.models.weights.official_names import appearance_names, discriminator_names, generator_names, teacher_names
from dgnet.models.weights.ours import save_discriminator, save_model, save_teacher

MODEL_FILE = "model.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"
TEACHER_FILE = "teacher.safetensors"

# Tensors in the published files that are not used here, and why.
UNUSED = {
    r"dec\.model\.1\..*\.norm\.running_(mean|var)": "running statistics of AdaIN, which uses each image's own",
    r"model\.fc\.(weight|bias)": "ImageNet classifier",
    r".*\.num_batches_tracked": "counters of batches",
}
# The data set a published model was trained on, by its number of identities.
DATA_BY_CLASSES = {751: "market1501", 702: "dukemtmc", 1041: "msmt17", 767: "cuhk03np"}


@dataclass(frozen=True)
class OfficialModel:
    """A published model as our networks, on the CPU in eval mode.

    Args:
        model, discriminator, teacher: the networks; the last two are None where their files were not given.
        config: the published settings for the data set that has as many training identities as the model.
        sources: names of the files.
        dropped: the published tensors (`file: name`) that are not used, by reason.
    """

    model: DGNet
    discriminator: Discriminator | None
    teacher: Teacher | None
    config: RunConfig
    sources: tuple[str, ...]
    dropped: dict[str, list[str]]


@dataclass(frozen=True)
class ImportedCheckpoint:
    """The result of an import: the files written, the number of identities, and the tensors left out, by reason."""

    files: tuple[Path, ...]
    num_classes: int
    dropped: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        lines = [f"A model of {self.num_classes} identities:", *(f"  {path}" for path in self.files)]
        lines += [f"Left out, {reason}: {names[0]} and {len(names) - 1} more" for reason, names in self.dropped.items()]
        return "\n".join(lines)


def import_official(
    generator: PATH_LIKE,
    appearance: PATH_LIKE,
    discriminator: PATH_LIKE | None = None,
    teacher: PATH_LIKE | None = None,
    *,
    out: PATH_LIKE,
    teacher_stride: Literal[1, 2] = 2,
) -> ImportedCheckpoint:
    """Read published files (`read_official`) and write ours (`write_official`); all are checked before any is written.

    Raises:
        OutputError: `out` cannot be written to, or holds a model.
        WeightsError: as those two do.
    """
    check_output_folder(Path(out), "--out")
    written = (MODEL_FILE, DISCRIMINATOR_FILE, TEACHER_FILE)
    there = [path for path in (Path(out) / name for name in written) if path.exists()]
    if there:
        raise OutputError(f"--out: {there[0]} is there already, and not written over; name another folder")
    official = read_official(generator, appearance, discriminator, teacher, teacher_stride=teacher_stride)
    num_classes = official.model.appearance_encoder.prim.classifier.out_features
    dropped = {reason: tuple(names) for reason, names in official.dropped.items()}
    return ImportedCheckpoint(write_official(official, out), num_classes, dropped)


def read_official(
    generator: PATH_LIKE,
    appearance: PATH_LIKE,
    discriminator: PATH_LIKE | None = None,
    teacher: PATH_LIKE | None = None,
    *,
    teacher_stride: Literal[1, 2] = 2,
) -> OfficialModel:
    """Read a published model.

    Args:
        generator, appearance, discriminator: `gen_XXXXXXXX.pt`, `id_XXXXXXXX.pt` and `dis_XXXXXXXX.pt`.
        teacher: `net_last.pth`.
        teacher_stride: stride of the last stage of the teacher's ResNet, which its file does not contain.

    Raises:
        WeightsError: a file cannot be read; tensors (named as published) are missing, unknown or of another shape; or
            model and teacher have different numbers of identities.
    """
    generator_tensors, appearance_tensors = _read(generator), _read(appearance)
    num_classes = _num_classes(appearance, appearance_tensors, "classifier1.classifier.0.weight")
    config = _config(num_classes, teacher_stride)
    dropped: dict[str, list[str]] = {}
    judge = labeller = None
    with unfilled():  # without memory: every tensor comes from the files
        model = DGNet(config.network, num_classes)
        if discriminator is not None:
            judge = Discriminator(config.network)
        if teacher is not None:
            labeller = Teacher(config.teacher.backbone, config.network.feature_dim, num_classes)
    _fill(model, generator, generator_tensors, generator_names(), dropped)
    _fill(model, appearance, appearance_tensors, appearance_names(model.appearance_encoder.backbone), dropped)
    if judge is not None and discriminator is not None:
        _fill(judge, discriminator, _read(discriminator), discriminator_names(), dropped)
    if labeller is not None and teacher is not None:
        tensors = _read(teacher)
        found = _num_classes(teacher, tensors, "classifier.classifier.0.weight")
        if found != num_classes:
            raise WeightsError(
                f"{teacher}: a teacher of {found} identities, but {appearance} knows {num_classes}: "
                "they belong to different data sets"
            )
        _fill(labeller, teacher, tensors, teacher_names(labeller.backbone), dropped)
        labeller.freeze()
    files = [generator, appearance, *(path for path in (discriminator, teacher) if path is not None)]
    return OfficialModel(model.eval(), judge, labeller, config, tuple(Path(path).name for path in files), dropped)


def write_official(official: OfficialModel, out: PATH_LIKE) -> tuple[Path, ...]:
    """Write `model.safetensors`, and `discriminator.safetensors` and `teacher.safetensors` if `official` has them.

    Args:
        official: what `read_official` gave.
        out: the folder; made if need be.

    Returns:
        The files written. The model is written last, so if it exists, the import is complete.

    Raises:
        WeightsError: a file cannot be written.
    """
    card = {
        "source": f"converted from the authors' released checkpoints: {', '.join(official.sources)}",
        "licence": "the authors' own, non-commercial (CC BY-NC-SA)",
    }
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{folder}: cannot be made: {error}") from error
    files = []
    if official.discriminator is not None:
        files.append(folder / DISCRIMINATOR_FILE)
        save_discriminator(files[-1], official.discriminator, official.config, card)
    if official.teacher is not None:
        files.append(folder / TEACHER_FILE)
        save_teacher(files[-1], official.teacher, official.config, card)
    files.append(folder / MODEL_FILE)
    save_model(files[-1], official.model, official.config, card)
    return tuple(files)


def _config(num_classes: int, teacher_stride: Literal[1, 2]) -> RunConfig:
    """The published settings for the data set with `num_classes` training identities; `auto` data if none is known."""
    config = preset(DATA_BY_CLASSES.get(num_classes, "market1501"))
    if num_classes not in DATA_BY_CLASSES:
        config = replace(config, data=replace(config.data, name="auto"))
    backbone = replace(config.teacher.backbone, last_stride=teacher_stride)
    return replace(config, teacher=replace(config.teacher, backbone=backbone))


def _read(path: PATH_LIKE) -> dict[str, Tensor]:
    """The named tensors in a published file: under the key "a", or, in the teacher's file, outermost.

    If a user saved a file again, they may be under another key, with `module.` before all names.
    """
    contents = read_foreign(path)
    within = contents["a"] if isinstance(contents, Mapping) and "a" in contents else contents
    found = dict(state_dicts(path, within))
    tensors = next((found[key] for key in ("", *OWN_KEYS) if key in found), next(iter(found.values())))
    wrapped = all(name.startswith("module.") for name in tensors)
    return {name.removeprefix("module."): tensor for name, tensor in tensors.items()} if wrapped else tensors


def _num_classes(path: PATH_LIKE, tensors: Mapping[str, Tensor], classifier: str) -> int:
    if classifier not in tensors:
        raise WeightsError(f"{path}: has no {classifier}; {_first_name(tensors)}: is it another of the files?")
    return max(1, *tensors[classifier].shape[:1], 1)


def _fill(
    network: nn.Module,
    path: PATH_LIKE,
    found: Mapping[str, Tensor],
    names: Mapping[str, str],
    dropped: dict[str, list[str]],
) -> None:
    """Load the tensors of the modules in `names` (ours -> published); add those not used to `dropped`."""
    wanted: dict[str, str] = {}
    for ours in network.state_dict():
        module, _, leaf = ours.rpartition(".")
        if module in names and not is_counter(ours):
            if names[module].endswith(".norm"):  # the published layer norm calls its scale gamma, its shift beta
                leaf = {"weight": "gamma", "bias": "beta"}[leaf]
            wanted[ours] = f"{names[module]}.{leaf}"
    used: dict[str, Tensor] = {}
    for name, tensor in found.items():
        reasons = [reason for pattern, reason in UNUSED.items() if re.fullmatch(pattern, name)]
        if reasons:
            dropped.setdefault(reasons[0], []).append(f"{Path(path).name}: {name}")
        else:
            used[name] = tensor
    if used.keys().isdisjoint(wanted.values()):
        raise WeightsError(
            f"{path}: has none of the tensors looked for ({next(iter(wanted.values()))} and so on); "
            f"{_first_name(used)}: is it another of the files?"
        )
    state = network.state_dict()
    check_tensors(path, {published: state[ours] for ours, published in wanted.items()}, used)
    loaded = {ours: used[published].float() for ours, published in wanted.items()}
    counters = {
        ours: torch.zeros((), dtype=torch.int64)
        for ours in state
        if is_counter(ours) and ours.rpartition(".")[0] in names
    }
    network.load_state_dict(loaded | counters, strict=False, assign=True)


def _first_name(tensors: Mapping[str, Tensor]) -> str:
    return f"its first is {next(iter(tensors))}" if tensors else "it is empty"
