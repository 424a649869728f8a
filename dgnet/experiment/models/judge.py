"""Who judges generated people: a network that recognises people, and a discriminator."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from dgnet.config import from_saved
from dgnet.experiment.evaluation.features import features_by
from dgnet.experiment.models.find import BUNDLED_MODELS, RUN, find
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.tensors import WeightsError, read_metadata, read_tensors
from dgnet.models.device import pick_device
from dgnet.models.discriminator import Discriminator
from dgnet.models.weights.ours import load_discriminator, load_model, load_teacher
from dgnet.retrieval.features.extract import FeatureFunction
from dgnet.retrieval.rows import BASELINE, PRIM


@dataclass(frozen=True)
class Judge:
    """A network that says who is seen in an image: its features by name, and which of them is used."""

    name: str
    function: FeatureFunction
    feature: str
    size: tuple[int, int]
    device: torch.device


def judge_of(run: RUN, judge: RUN | None, device: str, size: tuple[int, int]) -> Judge:
    """The network of `judge`; None means the teacher of `run`, which G was not trained against, or else its model.

    Args:
        size: (height, width) of the images that are judged.

    Raises:
        WeightsError: there is no such network, or it takes images of another size, or is an ONNX file.
    """
    found, there = find(run if judge is None else judge), pick_device(device)
    if found.teacher and (judge is None or not found.model):
        teacher = load_teacher(found.teacher)
        function = features_by(teacher.model.to(there), None)
        judging = Judge("the teacher", function, BASELINE, teacher.config.data.size, there)
    elif found.model:
        whole = load_model(found.model)
        function = features_by(None, whole.model.to(there))
        judging = Judge("f_prim of the model", function, PRIM, whole.config.data.size, there)
    else:
        raise WeightsError(f"--judge: {found.name} is an ONNX file; give a run's folder or a model's file")
    if judging.size != size:
        raise WeightsError(
            f"--judge: {found.name} takes images of {judging.size[0]} x {judging.size[1]}, and {size[0]} x {size[1]} "
            "are drawn"
        )
    return judging


def discriminator_of(run: RUN, device: torch.device) -> Discriminator:
    """D: of a run's newest checkpoint, or of a file that holds one. Raises WeightsError where there is none."""
    if run in BUNDLED_MODELS:
        raise WeightsError(f"--discriminator: {run} has none, D is not part of a model; give a run with checkpoints")
    path = Path(run)
    if path.is_dir():
        found = sorted(RunFolder(path).checkpoints.glob("step_*.safetensors"))
        if not found:
            raise WeightsError(f"--discriminator: {run}: no checkpoint is kept here, which D would be read from")
        path = found[-1]
    if read_metadata(path).get("kind") == "discriminator":
        return load_discriminator(path).model.to(device)
    tensors, metadata = read_tensors(path)
    prefix = "discriminator."
    state = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    if not state:
        raise WeightsError(f"--discriminator: {path}: holds no discriminator; give a run's folder or its checkpoint")
    discriminator = Discriminator(from_saved(json.loads(metadata["config"])).network)
    discriminator.load_state_dict(state)
    return discriminator.eval().to(device)
