"""Starting T's training from a network that is trained already: the E_a of a model, or another T."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import NamedTuple

from dgnet.config import BackboneConfig, ConfigError, RunConfig
from dgnet.data.people import People
from dgnet.experiment.models.find import find_network
from dgnet.experiment.training.start import knows_others
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
    if _is_same_network(loaded, config):
        return loaded
    raise ConfigError(
        f"start: the Baseline is another network than that of {config.start} (teacher.backbone, network.feature_dim, "
        "or not the mean of the map), so it cannot begin with it; give them the same settings"
    )


def teach_on_from(start: TeacherStart, teacher: Teacher, config: RunConfig, people: People) -> bool:
    """Copy the E_a of `start` with the head of f_prim, or the T that it is, into a new T of the same network.

    The classifier is new, unless `start` was trained on the same people; the whitening is left out, since T's feature
    will change.

    Returns:
        Whether they are the same network.
    """
    if not _is_same_network(start, config):
        logger.info("start: T is another network than E_a of %s, so it begins without it", config.start)
        return False
    found, own = _describer(start), teacher.head.state_dict()
    others = knows_others(start, people)
    kept = {
        name: tensor
        for name, tensor in found.head.state_dict().items()
        if name in own and tensor.shape == own[name].shape and not (others and name.startswith("classifier."))
    }
    teacher.backbone.load_state_dict(found.backbone.state_dict())
    teacher.head.load_state_dict(own | kept)
    logger.info(
        "start: T begins as that of %s%s", config.start, "" if kept.keys() == own.keys() else ", new classifier"
    )
    return True


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


def _is_same_network(start: TeacherStart, config: RunConfig) -> bool:
    """Whether T has the backbone, the pooling and the width of feature of `start`, its E_a or the T that it is."""
    found = _describer(start)
    ours, theirs = (replace(one, weights="", mixstyle=0.0) for one in (config.teacher.backbone, found.config))
    return ours == theirs and found.pool == "mean" and found.head.embed.out_features == config.network.feature_dim
