"""`dgnet swap`: a picture of people in each other's clothes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dgnet.data.disk.listing import is_image
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import DataError
from dgnet.data.store.given import read_given
from dgnet.experiment.models.find import RUN, find_model
from dgnet.experiment.swap_names import check_swap_files, name_swaps
from dgnet.files.outputs import free_path
from dgnet.files.pictures import check_picture, save_picture
from dgnet.generation.grid import sheet_size, swap_sheet
from dgnet.generation.swap import swap_matrix
from dgnet.mannequin.bundled import bundled_root
from dgnet.models.device import pick_device

MAX_PEOPLE = 64
PICTURE = Path("swaps.png")  # the default, which is never overwritten


def swap(
    run: RUN,
    images: Sequence[Path],
    onto: Sequence[Path] | None,
    out: Path | None,
    each: Path | None,
    zoom: int,
    device: str,
    pasted: bool = False,
) -> Path:
    """Draw the swaps of every image with every image of `onto` in one picture, and each in a file of its own if asked.

    All outputs are checked before anything is drawn. An input image is never overwritten.

    Args:
        run: as `find` takes it; it must have a generator.
        images: image files, or folders of them, that give the clothes; none means test people of the bundled data set.
        onto: image files, or folders of them, that give the structure; None means `images`.
        out: the picture to write or replace; None means the first of swaps.png, swaps-2.png, ... that does not exist.
        each: a folder for the single swaps, named APPEARANCE_on_STRUCTURE.png (`name_swaps`), none of which may exist.
        zoom: how many times the picture is enlarged, 1 or more.
        pasted: draw only the clothes, and keep the structure image elsewhere.

    Returns:
        The path of the picture.

    Raises:
        WeightsError, ConfigError: there is no such model, or no such device.
        DataError: an image is missing or cannot be read, or there are too many.
        OutputError: a file cannot be written, or would overwrite one that must be kept.
    """
    there = pick_device(device)
    loaded = find_model(run)
    rows = list_images(images or bundled_people(), "IMAGES")
    columns = list_images(onto, "--onto") if onto else rows
    size, inputs = loaded.config.data.size, [*rows, *columns]
    out = free_path(PICTURE) if out is None else out
    check_picture(out, "--out", sheet_size(len(rows), len(columns), size), zoom, inputs)
    names = name_swaps(rows, columns)
    if each:
        check_swap_files(each, names, out)
    rows_u8 = read_given(rows, size, "IMAGES")
    columns_u8 = read_given(columns, size, "--onto") if onto else rows_u8
    swapped = swap_matrix(loaded.model.to(there), rows_u8, columns_u8, pasted=pasted)
    save_picture(out, swap_sheet(rows_u8, columns_u8, swapped), zoom)
    if each:
        for name, drawn in zip(names, swapped.reshape(-1, *swapped.shape[2:]), strict=True):
            save_picture(each / name, drawn)
    return out


def bundled_people(count: int = 8) -> list[Path]:
    """`count` query images of the bundled mannequin edition, each of another person."""
    query = read_dataset("mannequin", bundled_root()).query
    first_of = {record.pid: Path(record.path) for record in reversed(query)}
    pids = sorted(first_of)
    return [first_of[pid] for pid in pids[:: max(1, len(pids) // count)]][:count]


def list_images(paths: Sequence[Path], option: str) -> list[Path]:
    """The given files and, for each given folder, the images in it, sorted by name.

    Args:
        option: the command's option that gave the paths, for error messages.

    Raises:
        DataError: a path does not exist, a folder holds no images, or there are more images than a picture can hold.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"{option}: {path}: no such file or folder")
        folder = path.is_dir()
        inside = sorted(one for one in path.iterdir() if is_image(one.name) and one.is_file()) if folder else [path]
        if not inside:
            raise DataError(f"{option}: {path}: no images in this folder; give picture files, or folders of them")
        found += inside
    if len(found) > MAX_PEOPLE:
        raise DataError(f"{option}: found {len(found)} images; a picture holds {MAX_PEOPLE} people a side: give fewer")
    return found
