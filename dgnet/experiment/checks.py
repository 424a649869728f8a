"""What can be known of a run before its data are opened, checked there, and not after the teacher's hours."""

from __future__ import annotations

import logging
from pathlib import Path

from dgnet.config import ConfigError, RunConfig
from dgnet.experiment.run_folder import RunFolder
from dgnet.models.appearance import NUM_STRIPES
from dgnet.models.backbones.choice import check_start, map_size

logger = logging.getLogger(__name__)


def check_backbones(config: RunConfig) -> None:
    """Try the backbones that will be trained.

    Raises:
        ConfigError: one cannot be made, or gives no feature map of such images.
    """
    if not config.teacher.weights:
        map_size(config.teacher.backbone, config.data.size)
        if config.joint:
            check_start(config.network.backbone, config.teacher.backbone)
    if config.joint:
        height, _ = map_size(config.network.backbone, config.data.size)
        if height < NUM_STRIPES:
            logger.warning(
                "network.backbone: its map of a %d x %d image has %d rows, fewer than the %d stripes of the appearance "
                "code, so some stripes say the same; larger images (data.size) or last_stride 1 give more rows",
                *(*config.data.size, height, NUM_STRIPES),
            )


def check_teacher_file(config: RunConfig, folder: RunFolder) -> None:
    """Raise ConfigError if the teacher that a run is told to use is not there, and the run has none of its own yet."""
    given = config.teacher.weights
    if given and not folder.teacher.exists() and not Path(given).is_file():
        raise ConfigError(
            f"teacher.weights: {given} is no file; give the {folder.teacher.name} of a run, or leave it empty"
        )
