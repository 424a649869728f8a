"""Which images a run sees, and how they are varied."""

from __future__ import annotations

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
            self._name_and_root(entry)

    def each(self) -> tuple[DataConfig, ...]:
        """The settings of each data set by itself: that of `root`, then those of `also`."""
        others = map(self._name_and_root, self.also)
        return (replace(self, also=()), *(replace(self, name=name, root=root, also=()) for name, root in others))

    @staticmethod
    def _name_and_root(entry: str) -> tuple[DataName, str]:
        """Take `NAME=DIR` or `DIR` apart; a folder alone is recognised by what is in it."""
        name, equals, root = entry.partition("=")
        for known in get_args(DataName):
            if equals and name == known:
                return known, root
        a_folder = bool(entry) and (not equals or "/" in name)
        require(a_folder, "data.also", entry, f"DIR or NAME=DIR, where NAME is one of {get_args(DataName)}")
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
    """

    mirror: float = setting(0.5, FRACTION)
    pad: int = setting(10, NOT_NEGATIVE)
    erase: float = setting(0.5, FRACTION)
    erase_area: tuple[float, float] = setting((0.02, 0.4), FRACTION, ascending=True)
    erase_aspect: tuple[float, float] = setting((0.3, 3.3), POSITIVE, ascending=True)
    relight: float = setting(0.0, FRACTION)

    def __post_init__(self) -> None:
        check(self, "augment")
