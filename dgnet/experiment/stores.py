"""The crop stores of a run's images: opened, or built where they are missing."""

from __future__ import annotations

import logging
import os

from dgnet.config import DataConfig
from dgnet.data.records import Record
from dgnet.data.store.crops import open_crops
from dgnet.data.store.packed import CropStore, open_packed
from dgnet.data.store.recipe import UnreadableError
from dgnet.files.cache import cache_root

logger = logging.getLogger(__name__)
TOLERATED = 10  # of so many images without labels one may be unreadable; more are hardly an accident


def open_readable(records: tuple[Record, ...], settings: DataConfig) -> tuple[tuple[Record, ...], CropStore]:
    """As `open_store`, but images that cannot be read are left out with a warning; also returns the records kept.

    Raises:
        DataError: more than one image in `TOLERATED` cannot be read.
    """
    try:
        return records, open_store(records, settings)
    except UnreadableError as error:
        bad = error.reason_of
        if len(bad) > len(records) / TOLERATED:
            raise
        logger.warning("%d of %d images cannot be read, and are left out: %s", len(bad), len(records), error.told)
        kept = tuple(record for record in records if os.path.abspath(record.path) not in bad)
        return kept, open_store(kept, settings)


def open_store(records: tuple[Record, ...], settings: DataConfig) -> CropStore:
    """The crops of the records, in the kind of store that `settings.store` names; it is built if it is missing."""
    opener = open_packed if settings.store == "packed" else open_crops
    return opener(records, settings.size, cache_root(settings.cache))
