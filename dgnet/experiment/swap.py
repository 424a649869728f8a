"""`dgnet swap`: pictures of people in each other's clothes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.data.disk.listing import is_image
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import DataError
from dgnet.data.store.decode import ImageError, decode_image
from dgnet.data.store.resize import resize
from dgnet.experiment.setup import pick_device
from dgnet.experiment.start import find_model
from dgnet.files.images import ImagesU8
from dgnet.generation.grid import save_picture, swap_sheet
from dgnet.generation.swap import swap_matrix
from dgnet.mannequin.bundled import bundled_root

MAX_PEOPLE = 64


def swap(
    run: str,
    images: Sequence[Path],
    onto: Sequence[Path] | None,
    out: Path,
    each: Path | None,
    zoom: int,
    device: str,
    pasted: bool = False,
) -> None:
    """Draw every image's clothes on every image of `onto` (or of `images`) into one picture, and into files.

    Args:
        run: a run's folder, a model file, or `bundled`.
        images, onto: picture files, or folders of them; no `images` means some of the bundled data set's test people.
        out: the picture; `each`: a folder for the single swaps, named APPEARANCE_on_STRUCTURE.png.
        zoom: how many times the picture is enlarged.
        pasted: on the columns' own images, where the clothes are.
    """
    loaded = find_model(run)
    rows = list_images(images or bundled_people())
    columns = list_images(onto) if onto else rows
    size = loaded.config.data.size
    rows_u8, columns_u8 = read_images(rows, size), read_images(columns, size)
    swapped = swap_matrix(loaded.model.to(pick_device(device)), rows_u8, columns_u8, pasted=pasted)
    save_picture(out, swap_sheet(rows_u8, columns_u8, swapped), zoom)
    if each:
        for row, giver in enumerate(rows):
            for column, wearer in enumerate(columns):
                save_picture(each / f"{giver.stem}_on_{wearer.stem}.png", swapped[row, column])


def bundled_people(count: int = 8) -> list[Path]:
    """One picture each of some test identities of the bundled mannequin edition."""
    query = read_dataset("mannequin", bundled_root()).query
    first_of = {record.pid: Path(record.path) for record in reversed(query)}
    pids = sorted(first_of)
    return [first_of[pid] for pid in pids[:: max(1, len(pids) // count)]][:count]


def list_images(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the images in them.

    Raises:
        DataError: none, a path that does not exist, or more than a picture can hold.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"{path}: no such file or folder")
        found += sorted(p for p in path.iterdir() if is_image(p.name)) if path.is_dir() else [path]
    if not found:
        raise DataError("no images: give picture files of people, or folders of them")
    if len(found) > MAX_PEOPLE:
        raise DataError(f"found {len(found)} images; a picture holds {MAX_PEOPLE} people at most: give fewer")
    return found


def read_images(paths: Sequence[Path], size: tuple[int, int]) -> ImagesU8:
    """Decoded and resized: uint8 N x H x W x 3.

    Raises:
        DataError: naming the file that is no image.
    """
    decoded = []
    for path in paths:
        try:
            decoded.append(decode_image(path.read_bytes()))
        except ImageError as error:
            raise DataError(f"{path}: cannot be read as an image: {error}") from error
    return resize(decoded, size)
