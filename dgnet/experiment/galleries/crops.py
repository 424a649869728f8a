"""The images of a gallery's entries as a data set without labels: what a model is adapted to."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from dgnet.data.disk.numbers import number_cameras
from dgnet.data.readers.crops import UNLABELLED
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble, name_some
from dgnet.gallery.centring import complete_means
from dgnet.gallery.remote import is_url
from dgnet.gallery.stores.choice import open_store
from dgnet.gallery.stores.server import without_password


def read_gallery(address: str) -> ReidDataset:
    """Every entry whose image file is still there, as a training image of one pid; identities are not read.

    Cameras are numbered from 1 in the order of their names, unless these are numbers.

    Raises:
        GalleryError: there is no such gallery, or it is not complete.
        DataError: no entry's image file is there.
    """
    store = open_store(address)
    complete_means(store)
    shown, camera_of, lost = without_password(address), dict[str, str](), list[str]()
    with tqdm(total=store.count(), desc="gallery", unit="entry", dynamic_ncols=True, delay=1) as bar:
        for batch in store.entries():
            for entry in batch:
                if not is_url(entry.source) and Path(entry.source).is_file():
                    camera_of[entry.source] = entry.camera
                else:
                    lost.append(entry.source)
            bar.update(len(batch))
    store.close()
    if not camera_of:
        found = f"none of its {len(lost)} images is there any more ({name_some(lost)})" if lost else "it is empty"
        raise DataError(
            f"{shown}: {found}. A model learns from the images themselves, of which a gallery keeps small pictures at "
            "most: give the folder where they are now"
        )
    cameras, kept = number_cameras(name for name in camera_of.values() if name)
    notes = ["no labels: the identities in a gallery are not read"]
    if cameras and not kept:
        notes.append(f"{len(cameras)} cameras are numbered from 1 in the order of their names: {name_some(cameras)}")
    warnings = []
    if lost:
        warnings.append(
            f"{len(lost)} entries are left out, since their images are not there any more: {name_some(lost)}"
        )
    records = [Record(source, UNLABELLED, cameras.get(name, UNKNOWN_CAMERA)) for source, name in camera_of.items()]
    return assemble("gallery", Path(shown), {"train": records}, notes=notes, warnings=warnings, labelled=False)
