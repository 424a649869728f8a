"""The pictures that a figure is made of: files, folders, people of a data set, or bundled people."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dgnet.config import ConfigError, DataConfig
from dgnet.config.data import name_and_root
from dgnet.data.disk.listing import list_tree
from dgnet.data.readers.detect import read_dataset
from dgnet.data.records import (
    UNKNOWN_CAMERA,
    DataError,
    LeftOut,
    Record,
    ReidDataset,
    name_left_out,
    name_some,
)
from dgnet.data.store.given import read_given
from dgnet.experiment.models.find import BUNDLED_NAME, RUN
from dgnet.experiment.own_data import read_as_trained
from dgnet.files.images import ImagesU8
from dgnet.mannequin.bundled import bundled_root

logger = logging.getLogger(__name__)

MAX_PEOPLE = 64
ASPECT = (1.2, 4.5)  # height / width of pictures that show one standing person and little else
FEWEST_PIXELS = 24  # of height: below it there is nothing to see


@dataclass(frozen=True)
class Wanted:
    """Which pictures a command was asked for: `images`, else people of `data`, else bundled people.

    Args:
        images: picture files, or folders of them.
        data: `NAME=DIR`, `DIR` or `bundled`.
        split: train, query or gallery.
        count: how many people are taken from `data`, or from the bundled edition, one picture each.
        seed: which of the people, and of their pictures; 0 spreads them evenly over the data set.
    """

    images: Sequence[Path] = ()
    data: str = ""
    split: str = "query"
    count: int = 8
    seed: int = 0


@dataclass(frozen=True)
class Pictures:
    """Files and the names by which a figure calls them; `option` is the command's option that gave them."""

    paths: list[Path]
    names: list[str]
    option: str

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, size: tuple[int, int]) -> ImagesU8:
        """The pictures, uint8 N x H x W x 3. Raises DataError naming one that cannot be read."""
        return read_given(self.paths, size, self.option)


def pictures_of(wanted: Wanted, run: RUN = BUNDLED_NAME) -> Pictures:
    """The pictures that a command was asked to draw by RUN.

    Raises:
        ConfigError: both images and a data set were given, or its split has no people.
        DataError: an image is missing, there are too many, or the data set cannot be read.
    """
    if not wanted.images:
        return people_of(wanted, "--data", run)
    if wanted.data:
        raise ConfigError(f"--data: found {wanted.data!r} and {len(wanted.images)} IMAGES; give one of the two")
    return listed(wanted.images, "IMAGES")


def listed(paths: Sequence[Path], option: str) -> Pictures:
    """The given files and, for each given folder, the images in it, sorted by name.

    What is left out of a folder is warned of, and odd shapes are.

    Raises:
        DataError: a path does not exist, a folder holds no images, or there are more images than a picture can hold.
    """
    found = list_images(paths, option)
    warn_of_shapes(found)
    stems = [path.stem for path in found]
    unique = len(set(stems)) == len(stems)
    return Pictures(found, stems if unique else [f"{p.absolute().parent.name}/{p.stem}" for p in found], option)


def list_images(paths: Sequence[Path], option: str) -> list[Path]:
    """The files of `listed`; raises as it does."""
    found: list[Path] = []
    left_out: list[LeftOut] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"{option}: {path}: no such file or folder")
        if not path.is_dir():
            found.append(path)
            continue
        contents = list_tree(path)
        inside = [path / name for name in contents.keep(0, "in a folder of its own, which would have to be named")]
        odd = [*contents.unread, *contents.unreadable]
        if not inside:
            seen = f"; found {name_left_out(odd)}" if odd else ""
            raise DataError(f"{option}: {path}: no images in this folder{seen}; give picture files, or folders of them")
        found += inside
        left_out += odd
    if len(found) > MAX_PEOPLE:
        raise DataError(f"{option}: found {len(found)} images; a picture holds {MAX_PEOPLE} people a side: give fewer")
    if left_out:
        logger.warning("%s: left out: %s", option, name_left_out(left_out))
    return found


def warn_of_shapes(paths: Sequence[Path]) -> None:
    """Warn of pictures that cannot be crops of one standing person, by their shape; each will be squeezed into one."""
    odd = []
    for path in paths:
        try:
            with Image.open(path) as picture:
                width, height = picture.size
        except (OSError, ValueError, Image.DecompressionBombError):
            continue  # it is named when it is read
        if not ASPECT[0] <= height / max(1, width) <= ASPECT[1]:
            odd.append(f"{path} ({width} x {height}, width x height)")
        elif height < FEWEST_PIXELS:
            odd.append(f"{path} (only {height} pixels high)")
    if odd:
        logger.warning(
            "not the shape of a crop of one standing person, about twice as high as wide, so what is drawn may show "
            "nothing: %s; cut the person out first",
            name_some(odd),
        )


def people_of(wanted: Wanted, option: str, run: RUN) -> Pictures:
    """One picture of each of `wanted.count` people of a data set. Raises ConfigError and DataError."""
    dataset = read_data(wanted.data, run)
    records = records_of(dataset, wanted.split)
    of_person: dict[int, list[Record]] = {}
    for record in records:
        of_person.setdefault(record.pid, []).append(record)
    if wanted.count > MAX_PEOPLE:
        raise DataError(f"--count: found {wanted.count}; a picture holds {MAX_PEOPLE} people a side")
    pids, count = sorted(of_person), min(wanted.count, len(of_person))
    if wanted.seed:
        rng = np.random.default_rng(wanted.seed)
        chosen = [pids[place] for place in sorted(rng.choice(len(pids), count, replace=False))]
        shown = [of_person[pid][int(rng.integers(len(of_person[pid])))] for pid in chosen]
    else:
        shown = [of_person[pid][0] for pid in pids[:: max(1, len(pids) // count)][:count]]
    names = [
        f"{dataset.called(one.pid)}{'' if one.camid == UNKNOWN_CAMERA else f' camera {one.camid}'}" for one in shown
    ]
    return Pictures([Path(one.path) for one in shown], names, option)


def read_data(data: str, run: RUN = BUNDLED_NAME) -> ReidDataset:
    """The data set that `--data` names, split as RUN was trained; empty or `bundled` is the bundled edition.

    Raises ConfigError, DataError, WeightsError.
    """
    if data in ("", BUNDLED_NAME):
        return read_dataset("mannequin", bundled_root())
    name, root = name_and_root("--data", data)
    return read_as_trained(run, DataConfig(name, root))


def records_of(dataset: ReidDataset, split: str) -> tuple[Record, ...]:
    """The images of people in a split, distractors left out. Raises ConfigError where there is no such split."""
    splits = {name: records for name, records in dataset.splits().items() if records}
    if split not in splits:
        raise ConfigError(f"--split: found {split!r}, but {dataset.root} has {', '.join(splits)}")
    return tuple(r for r in splits[split] if split == "train" or not dataset.is_distractor(r.pid))
