"""Calibrating a gallery: on a labelled data set, or on the gallery's own entries of known identity."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record
from dgnet.experiment.galleries.gallery import Gallery
from dgnet.experiment.galleries.sources import read_named
from dgnet.files.outputs import check_output_file, free_path
from dgnet.files.whole_file import write_text_whole
from dgnet.gallery.calibration.calibration import Calibration, calibrate
from dgnet.gallery.calibration.curve import CalibrationError
from dgnet.gallery.calibration.marks import prior_of_marks, read_marks
from dgnet.gallery.calibration.rates import FARS
from dgnet.gallery.calibration.stored import OWN_ENTRIES, keep_calibration, known_people
from dgnet.gallery.crops import Item, decode_item, read_item
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.stores.protocol import Float32Array
from dgnet.report.calibration import calibration_page, thresholds_table

logger = logging.getLogger(__name__)
_BATCH = 256


def calibrate_gallery(
    address: str,
    data: str | None,
    *,
    fars: Sequence[float] = FARS,
    prior: float | None = None,
    marks: bool = False,
    same_camera: bool = False,
    html: Path | None = None,
    seed: int = 0,
    model: str | None = None,
    device: str = "auto",
) -> tuple[Calibration, str, Path]:
    """Measure, keep the calibration in the gallery, and write its page; return it, its table as text, and the page.

    Args:
        data: NAME=DIR, whose query and gallery images are used; None uses the gallery's entries of known identity.
        marks: take the prior from pairs that were marked as right or wrong.
        html: the page; None writes calibration.html, or calibration-2.html, ...

    Raises DgnetError where there is too little to calibrate on; nothing is then changed.
    """
    page = html or free_path(Path("calibration.html"))
    check_output_file(page, "--html", suffixes=(".html", ".htm"))
    wrong = [far for far in fars if not 0 < far < 1]
    if wrong or not fars:
        raise CalibrationError(f"--far: found {wrong[0] if wrong else 'nothing'}, must be shares between 0 and 1")
    if prior is not None and not 0 < prior < 1:
        raise CalibrationError(f"--prior: found {prior}, must be a share between 0 and 1, such as 0.001")
    if prior is not None and marks:
        raise CalibrationError("--prior: marks give one too; leave out --prior or --marks")
    with Gallery.open(address, model, device=device) as gallery:
        store = gallery.store
        what = data or OWN_ENTRIES
        features, people, cameras = _of_data(gallery, data) if data else known_people(store)
        found = calibrate(
            features,
            people,
            cameras,
            fars=fars,
            prior=prior,
            same_camera=same_camera,
            seed=seed,
            model_hash=store.meta.model_hash,
            data=what,
        )
        if marks:
            found = prior_of_marks(found, store, read_marks(store))
        text = calibration_page(store.address, store.meta.model_name, found)
        write_text_whole(page, text)  # first: a page that cannot be written leaves the old calibration
        keep_calibration(store, found)
    table = thresholds_table(found.overall)
    return found, f"{table.to_text()}{table.note}\n", page


def _of_data(gallery: Gallery, data: str) -> tuple[Float32Array, list[str], list[str]]:
    """The same of a data set's query and gallery images; of its training images where it has no others."""
    dataset = read_named(data)
    records = [*dataset.query, *dataset.gallery]
    if not records:
        records = list(dataset.train)
        logger.warning("%s has training images alone: where the model was trained on them, it is too sure here", data)
    people = [record for record in records if not dataset.is_distractor(record.pid)]
    kept = {record.path: record for record in people}  # an image in both counts once
    cameras = ["" if one.camid == UNKNOWN_CAMERA else str(one.camid) for one in kept.values()]
    gallery.means.check_cameras_of_labelled(cameras, f"--data: {data}: {gallery.store.address}")
    if gallery.means.offsets and any(cameras):
        logger.warning(
            "%s: its cameras are taken for those of the same names that %s was centred on; if they are others, leave "
            "out --data, and the gallery's own entries of known identity are taken",
            *(data, gallery.store.address),
        )
    features = gallery.means.taken_away(embed(gallery.embedder, list(kept.values())), cameras)
    return features, [dataset.called(one.pid) for one in kept.values()], cameras


def embed(embedder: Embedder, records: Sequence[Record]) -> Float32Array:
    """Features of images of a data set, N×F of length 1. Raises DataError naming an image that cannot be read."""

    def pixels(record: Record) -> np.ndarray:
        item = Item(record.path)
        try:
            return decode_item(item, read_item(item), embedder.size, thumbnail=False).pixels
        except DataError as error:
            raise DataError(f"{record.path}: {error}") from error

    parts = []
    bar = tqdm(total=len(records), desc="features", unit="image", dynamic_ncols=True)
    with bar, ThreadPoolExecutor(max_workers=2) as pool:
        for start in range(0, len(records), _BATCH):
            some = records[start : start + _BATCH]
            parts.append(embedder.features(np.stack(list(pool.map(pixels, some)))))
            bar.update(len(some))
    if not parts:
        raise CalibrationError("no labelled image of a known person in the data set")
    return np.concatenate(parts)
