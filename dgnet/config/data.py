"""Which images a run uses, and how they are varied."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, replace
from typing import Literal, get_args

from dgnet.config.errors import require
from dgnet.config.setting import (
    AT_LEAST_1,
    BETWEEN_0_AND_1,
    FRACTION,
    LEARNING,
    NOT_NEGATIVE,
    PLACE,
    POSITIVE,
    RUNNING,
    SOURCE,
    check,
    setting,
)

StoreKind = Literal["pixels", "packed"]
DataName = Literal[
    "auto",
    "mannequin",
    "market1501",
    "dukemtmc",
    "msmt17",
    "cuhk03np",
    "manifest",
    "folder",
    "crops",
    "gallery",
    "synthetic",
]
SYNTHETIC = "synthetic"  # the only name that a data set may have in `also` alone


@dataclass(frozen=True)
class DataConfig:
    """Which images a run uses, and the size they are resized to.

    Args:
        name: the kind of data set; `auto` recognises it by what is in `root`.
        root: the folder of the data set; empty means the bundled mannequin edition. Of a `gallery`, its address.
        size: (height, width) that every image is resized to; multiples of 8, at least 64 x 32.
        num_test_ids: identities held out for testing, where the data set has no split of its own (`folder`).
        pattern: for `folder`, a regular expression that finds identity and camera in an image's path by its groups
            (?P<pid>...) and (?P<camid>...); for `crops`, images without labels, the camera alone.
        also: more data sets to train on, each `NAME=DIR` or `DIR`; only the data set in `root` is tested on.
            `synthetic=DIR`: images that `dgnet generate dataset` drew of people who are trained on, with soft labels.
        synthetic_share: with `synthetic=DIR`, the part of T's batches that is synthetic; in joint training E_a sees so
            many synthetic images per anchor.
        store: `pixels` keeps every image decoded and resized; `packed`, for a small disk, keeps the image files joined
            into one file and decodes an image each time it is used.
        cache: the folder where this store is kept; empty means `$DGNET_CACHE`, else `~/.cache/dgnet`.
    """

    name: DataName = setting("auto")
    root: str = setting("", role=PLACE)
    size: tuple[int, int] = setting((256, 128))
    num_test_ids: int = setting(100, AT_LEAST_1)
    pattern: str = setting("")
    also: tuple[str, ...] = setting((), role=SOURCE)
    synthetic_share: float = setting(0.5, BETWEEN_0_AND_1, role=LEARNING)
    store: StoreKind = setting("pixels", role=RUNNING)
    cache: str = setting("", role=PLACE)

    def __post_init__(self) -> None:
        check(self, "data")
        height, width = self.size
        fits = height % 8 == 0 and width % 8 == 0 and height >= 64 and width >= 32
        require(fits, "data.size", self.size, "[height, width], multiples of 8, at least [64, 32]")
        wanted = "the data set that is tested on; give a synthetic one with --also synthetic=DIR"
        require(self.name != SYNTHETIC, "data.name", self.name, wanted)
        for entry in self.also:
            name_and_root("data.also", entry)

    def each(self) -> tuple[DataConfig, ...]:
        """One DataConfig per data set: first the one in `root`, then the others of `also` that are not synthetic."""
        entries = (name_and_root("data.also", entry) for entry in self.also)
        others = (entry for entry in entries if entry[0] != SYNTHETIC)
        return (replace(self, also=()), *(replace(self, name=name, root=root, also=()) for name, root in others))

    @property
    def synthetic(self) -> tuple[str, ...]:
        """The folders of the synthetic data sets in `also`."""
        entries = (name_and_root("data.also", entry) for entry in self.also)
        return tuple(root for name, root in entries if name == SYNTHETIC)

    def num_synthetic(self, batch_size: int) -> int:
        """How many images of `batch_size` are synthetic: none without a synthetic data set; with one, not all."""
        return min(max(round(self.synthetic_share * batch_size), 1), batch_size - 1) if self.synthetic else 0


def name_and_root(field_name: str, entry: str) -> tuple[DataName, str]:
    """Split `NAME=DIR` into name and folder; a folder alone gives the name `auto`.

    Text before `=` is a NAME only if it is one of DataName, since a folder's own name may contain `=`. Raises
    ConfigError, naming the field, where the folder is missing (only `mannequin` needs none), and where a misspelt NAME
    stands before `=` and no folder has the whole entry as its name.
    """
    names: tuple[DataName, ...] = get_args(DataName)
    name, equals, root = entry.partition("=")
    wanted = f"DIR or NAME=DIR, where NAME is one of {', '.join(names)}"
    for known in names:
        if name == known and (equals or not os.path.exists(entry)):
            hint = "" if equals else f"; did you mean '{known}={'' if known == 'mannequin' else 'DIR'}'?"
            require(bool(root) or (bool(equals) and known == "mannequin"), field_name, entry, wanted + hint)
            return known, root
    close = difflib.get_close_matches(name, names, n=1) if equals and not os.path.exists(entry) else []
    hint = f"; did you mean '{close[0]}={root}'?" if close else ""
    require(bool(entry) and not close, field_name, entry, wanted + hint)
    return "auto", entry


@dataclass(frozen=True)
class AugmentConfig:
    """Every training image is mirrored, padded and cropped at random.

    The identity terms on real images, which train E_a and T, see copies (views) of them that are varied further:
    by random erasing, colour, framing and sensor.

    Args:
        mirror: the probability that an image is mirrored.
        pad: how many pixels of the edge's colour are added on each side before a crop of the image's own size is
            taken; below the smaller side of `data.size`.
        erase: the probability that a rectangle is erased from a view.
        erase_area: the least and the greatest fraction of the image that a rectangle covers.
        erase_aspect: the least and the greatest height of a rectangle, as a multiple of its width.
        relight: the probability that E_s sees the person in random shades (`dgnet.data.batches.relight`), so that G
            must take the lightness of clothes from the appearance code; 0 in the published method.
        colour: how strongly views vary in exposure, white balance, contrast, saturation and gamma, as if other cameras
            had taken them (`dgnet.data.batches.colour`), from 0, as published, to 1.
        framing: how strongly views vary in zoom, position and truncation (`dgnet.data.batches.framing`), from 0, as
            published, to 1.
        sensor: how strongly views vary in resolution, blur, noise and JPEG artefacts (`dgnet.data.batches.sensor`),
            from 0, as published, to 1.
    """

    mirror: float = setting(0.5, FRACTION)
    pad: int = setting(10, NOT_NEGATIVE)
    erase: float = setting(0.5, FRACTION)
    erase_area: tuple[float, float] = setting((0.02, 0.4), FRACTION, ascending=True)
    erase_aspect: tuple[float, float] = setting((0.3, 3.3), POSITIVE, ascending=True)
    relight: float = setting(0.0, FRACTION)
    colour: float = setting(0.0, FRACTION)
    framing: float = setting(0.0, FRACTION)
    sensor: float = setting(0.0, FRACTION)

    def __post_init__(self) -> None:
        check(self, "augment")
