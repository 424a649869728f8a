"""Which images a run sees, and how they are varied."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, replace
from typing import Literal, get_args

from dgnet.config.errors import require
from dgnet.config.setting import AT_LEAST_1, FRACTION, NOT_NEGATIVE, PLACE, POSITIVE, RUNNING, SOURCE, check, setting

StoreKind = Literal["pixels", "packed"]
DataName = Literal["auto", "mannequin", "market1501", "dukemtmc", "msmt17", "cuhk03np", "manifest", "folder"]


@dataclass(frozen=True)
class DataConfig:
    """Which images, and how large they are made.

    Args:
        name: the reader; `auto` looks at what is in `root`.
        root: the folder of the data set; empty means the bundled mannequin edition.
        size: (height, width) every image is resized to; multiples of 8, at least 64 x 32.
        num_test_ids: identities held out for testing, where the data set has no split of its own (`folder`).
        pattern: for `folder`, a regular expression with the groups (?P<pid>...) and (?P<camid>...).
        also: more data sets to train on, each `NAME=DIR` or `DIR`; testing stays on the people of `root`.
        store: keep every crop as `pixels`, or `packed`: the image files in one, decoded at every use, for a small disk.
        cache: where decoded crops are kept; empty means `$DGNET_CACHE`, else `~/.cache/dgnet`.
    """

    name: DataName = setting("auto")
    root: str = setting("", role=PLACE)
    size: tuple[int, int] = setting((256, 128))
    num_test_ids: int = setting(100, AT_LEAST_1)
    pattern: str = setting("")
    also: tuple[str, ...] = setting((), role=SOURCE)
    store: StoreKind = setting("pixels", role=RUNNING)
    cache: str = setting("", role=PLACE)

    def __post_init__(self) -> None:
        check(self, "data")
        height, width = self.size
        fits = height % 8 == 0 and width % 8 == 0 and height >= 64 and width >= 32
        require(fits, "data.size", self.size, "[height, width], multiples of 8, at least [64, 32]")
        for entry in self.also:
            name_and_root("data.also", entry)

    def each(self) -> tuple[DataConfig, ...]:
        """The settings of each data set by itself: that of `root`, then those of `also`."""
        others = (name_and_root("data.also", entry) for entry in self.also)
        return (replace(self, also=()), *(replace(self, name=name, root=root, also=()) for name, root in others))


def name_and_root(field_name: str, entry: str) -> tuple[DataName, str]:
    """Take `NAME=DIR` or `DIR` apart; a folder alone (`auto`) is recognised by what is in it, and may hold `=` itself.

    Only the name of a data set is a NAME. Raises ConfigError, naming the field, where the folder is missing
    (`mannequin` alone needs none), and for a misspelt name in front of `=`, unless there is such a folder.
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
    """Mirror, edge pad and random crop on every training image; random erasing on the identity terms' views alone.

    Args:
        mirror: the probability of an image being mirrored.
        pad: pixels of the edge's colour around an image, before a crop of its own size is taken; fewer than its sides.
        erase: the probability of a rectangle being erased from a view.
        erase_area: the least and the greatest part of the image that a rectangle covers.
        erase_aspect: the least and the greatest height of a rectangle, as a multiple of its width.
        relight: the probability of E_s seeing the person in random shades (`dgnet.data.batches.relight`), so that the
            lightness of clothes must come from the appearance code; 0 in the published method.
        colour, framing, sensor: how far the views of the identity terms, which E_a and T learn from, vary as other
            cameras would have taken them, from 0, as published, to 1: exposure, white balance, contrast, saturation
            and gamma (`dgnet.data.batches.colour`); zoom, place and truncation (`framing`); resolution, blur, noise
            and JPEG's blocks (`sensor`).
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
