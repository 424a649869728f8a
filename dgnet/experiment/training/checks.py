"""What can be known of a run before its first step, and is not left to be found out after hours."""

from __future__ import annotations

import logging
from pathlib import Path

from dgnet.config import ConfigError, RunConfig
from dgnet.data.records import ReidDataset
from dgnet.experiment.run_folder import RunFolder
from dgnet.mannequin.swaps import SWAPS_FILE, swap_targets
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


def check_true_swaps(dataset: ReidDataset) -> None:
    """Raise SwapTargetsError if the true swaps that a run will be measured against are listed, but not there."""
    if (dataset.root / SWAPS_FILE).exists():
        swap_targets(dataset.root)
