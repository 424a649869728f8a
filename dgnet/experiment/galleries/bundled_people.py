"""The bundled people as a gallery to try things on: made once, and copied for everyone who opens it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from dgnet.experiment.galleries.embedder import load_embedder
from dgnet.experiment.galleries.gallery import Gallery
from dgnet.experiment.galleries.sources import BUNDLED_IMAGES, Common, gather
from dgnet.experiment.models.find import BUNDLED_NAME, RUN
from dgnet.files.cache import cache_root
from dgnet.gallery.calibration.curve import CalibrationError
from dgnet.gallery.stores.protocol import FORMAT
from dgnet.mannequin.bundled import bundled_root

NAME = "bundled-people.db"


def copy_bundled_people(folder: Path, model: RUN = BUNDLED_NAME, *, progress: bool = True) -> Path:
    """Write a gallery of the bundled people to a folder, calibrated where the model allows it, and return its path.

    It may be changed freely: the one in the cache, which it is a copy of, stays as it was made.
    """
    kept = _kept(model, progress=progress)
    copy = folder / NAME
    shutil.copyfile(kept, copy)
    return copy


def _kept(model: RUN, *, progress: bool) -> Path:
    """The gallery in the cache, made where it is not there yet. Several processes may make it at once: all the same."""
    embedder = load_embedder(model)
    pictures = bundled_root()
    key = hashlib.sha256(f"{FORMAT}:{embedder.name}:{embedder.hash}:{pictures.name}".encode()).hexdigest()[:16]
    kept = cache_root() / f"people-{key}.db"
    if kept.is_file():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{kept.name}.", dir=kept.parent) as folder:
        unfinished = Path(folder) / NAME
        with Gallery.create(unfinished, model) as gallery:
            gallery.add(gather([BUNDLED_IMAGES], None, None, None, Common()), progress=progress)
            with contextlib.suppress(CalibrationError):  # then similarities are all there is
                gallery.calibrate()
        os.replace(unfinished, kept)
    return kept
