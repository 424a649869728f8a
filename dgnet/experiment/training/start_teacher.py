"""Starting T's training from a network that is trained already: the E_a of a model, or another T."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import NamedTuple

from dgnet.config import BackboneConfig, ConfigError, RunConfig
from dgnet.data.people import People
from dgnet.experiment.models.find import find_network
from dgnet.experiment.training.start import as_options, knows_others
from dgnet.models.appearance import Head, Teacher
from dgnet.models.backbones.choice import Backbone
from dgnet.models.dgnet import DGNet
from dgnet.models.weights.ours import LoadedModel

logger = logging.getLogger(__name__)
TeacherStart = LoadedModel[DGNet] | LoadedModel[Teacher]


def find_teacher_start(config: RunConfig) -> TeacherStart | None:
    """What `config.start` names for a Baseline that is trained alone, a model or a T; None where it is empty.

    Raises:
        WeightsError: there is no such network.
        ConfigError: it is another network than the Baseline, or `teacher.weights` names a T that is trained already, so
            that nothing would begin with it.
    """
    if not config.start:
        return None
    if config.teacher.weights:
        raise ConfigError(
            f"start: teacher.weights names the Baseline itself, {config.teacher.weights}, so nothing would begin with "
            f"{config.start}; leave one of them out"
        )
    loaded = find_network(config.start)
    if _describer(loaded).pool != "mean":
        raise ConfigError(
            f"start: the features of {config.start} are maxima of its map (network.pool), and the Baseline's are "
            "means, so it cannot begin with it"
        )
    other = _differences(loaded, config)
    if other:
        raise ConfigError(f"start: {config.start} is another network than the Baseline of these settings; add {other}")
    return loaded


def can_begin_as(start: TeacherStart, config: RunConfig) -> bool:
    """Whether T is the same network as the E_a of `start`, or as the T that it is."""
    return _describer(start).pool == "mean" and not _differences(start, config)


def teach_on_from(start: TeacherStart, teacher: Teacher, config: RunConfig, people: People) -> None:
    """Copy the E_a of `start` with the head of f_prim, or the T that it is, into a new T of the same network.

    The classifier is new, unless `start` was trained on the same people; the whitening is left out, since T's feature
    will change.
    """
    found = _describer(start)
    teacher.backbone.load_state_dict(found.backbone.state_dict())
    whole = teacher.head.begin_as(found.head, classifier=not knows_others(start, people))
    logger.info("start: T begins as that of %s%s", config.start, "" if whole else ", new classifier")


class _Describer(NamedTuple):
    """The part of a network that T could be, and what it is."""

    backbone: Backbone
    head: Head
    config: BackboneConfig
    pool: str


def _describer(start: TeacherStart) -> _Describer:
    model, config = start.model, start.config
    if isinstance(model, Teacher):
        return _Describer(model.backbone, model.head, config.teacher.backbone, "mean")
    encoder = model.appearance_encoder
    return _Describer(encoder.backbone, encoder.prim, config.network.backbone, encoder.pool)


def _differences(start: TeacherStart, config: RunConfig) -> str:
    """The settings that would make T the network of `start`, its E_a or the T that it is; empty where it is that."""
    found = _describer(start)
    ours, theirs = (asdict(one.layers_alone) for one in (config.teacher.backbone, found.config))
    wanted = {f"teacher.backbone.{name}": theirs[name] for name in theirs if theirs[name] != ours[name]}
    if found.head.embed.out_features != config.network.feature_dim:
        wanted["network.feature_dim"] = found.head.embed.out_features
    return as_options(wanted)
