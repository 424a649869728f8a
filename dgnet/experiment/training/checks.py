"""Checks before the first step, so that an error is not found only after hours of training."""

from __future__ import annotations

import logging
from pathlib import Path

from dgnet.config import ConfigError, RunConfig
from dgnet.data.records import ReidDataset
from dgnet.experiment.models.find import find
from dgnet.experiment.run_folder import RunFolder
from dgnet.files.tensors import WeightsError
from dgnet.mannequin.swaps import SWAPS_FILE, swap_targets
from dgnet.models.appearance import NUM_STRIPES
from dgnet.models.backbones.choice import check_start, map_size
from dgnet.training.draw_pairs import learns_from_pairs
from dgnet.training.optim.schedules import ramped_weights

logger = logging.getLogger(__name__)


def check_backbones(config: RunConfig) -> None:
    """Try the backbones that will be trained; warn where E_a's feature map has fewer rows than stripes are needed.

    Raises:
        ConfigError: a backbone cannot be built, or gives no feature map of images of this size.
    """
    if not config.teacher.weights:
        map_size(config.teacher.backbone, config.data.size)
        if config.joint:
            check_start(config.network.backbone, config.teacher.backbone)
    if config.joint:
        if not (config.network.backbone.weights or config.start) and config.data.size[0] >= 256:
            logger.warning(
                "network.backbone.weights is empty, so E_a starts from random weights; the paper's starts from "
                "ImageNet's (--network.backbone.weights FILE --teacher.backbone.weights FILE; torchvision's ResNet-50)"
            )
        height, _ = map_size(config.network.backbone, config.data.size)
        if height < NUM_STRIPES:
            logger.warning(
                "network.backbone: its map of a %d x %d image has %d rows, fewer than the %d stripes of the appearance "
                "code, so some stripes say the same; larger images (data.size) or last_stride 1 give more rows",
                *(*config.data.size, height, NUM_STRIPES),
            )


def check_drawing(config: RunConfig) -> None:
    """Raise ConfigError if E_a is to be fed by an E_s and a G that are new and learn nothing."""
    loss, schedule = config.loss, config.schedule
    learns = loss.true_swap or learns_from_pairs(loss, ramped_weights(schedule.steps, schedule, loss).needs)
    if config.joint and loss.prim and not (learns or config.start):
        raise ConfigError(
            "start: empty, but no term trains E_s and G (`+feed`), so they must begin as those of a model that draws; "
            "give --start bundled, or another"
        )


def check_teacher_file(config: RunConfig, folder: RunFolder) -> None:
    """Raise ConfigError if `teacher.weights` names no teacher and the run has none of its own yet."""
    if config.teacher.weights and not folder.teacher.exists():
        teacher_file(config.teacher.weights)


def teacher_file(weights: str) -> Path:
    """The file that `teacher.weights` names: by its path, or as a run's folder. Raises ConfigError."""
    try:
        found = find(weights).teacher
    except WeightsError as error:
        raise ConfigError(f"teacher.weights: {error}") from error
    if not found:
        raise ConfigError(f"teacher.weights: {weights} has no teacher; give the teacher.safetensors of a run")
    return found


def check_true_swaps(dataset: ReidDataset) -> None:
    """Raise SwapTargetsError if the data set lists true swaps, for measuring the run, but does not hold the images."""
    if (dataset.root / SWAPS_FILE).exists():
        swap_targets(dataset.root)
