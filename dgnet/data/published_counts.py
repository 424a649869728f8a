"""How many identities, images and cameras each public data set has by its authors, to compare a user's copy with."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.data.records import ReidDataset


@dataclass(frozen=True)
class Counts:
    """Identities, images and cameras of a split; None where nobody published the number."""

    identities: int | None
    images: int | None
    cameras: int | None = None


PUBLISHED: dict[str, dict[str, Counts]] = {
    "market1501": {
        "train": Counts(751, 12936, 6),
        "query": Counts(750, 3368, 6),
        "gallery": Counts(751, 15913, 6),
        "junk": Counts(None, 3819),
    },
    "dukemtmc": {
        "train": Counts(702, 16522, 8),
        "query": Counts(702, 2228, 8),
        "gallery": Counts(1110, 17661, 8),
    },
    "msmt17": {
        "train": Counts(1041, 32621, 15),
        "query": Counts(3060, 11659, 15),
        "gallery": Counts(3060, 82161, 15),
    },
    "cuhk03np (detected)": {
        "train": Counts(767, 7365, 2),
        "query": Counts(700, 1400, 2),
        "gallery": Counts(700, 5332, 2),
    },
    "cuhk03np (labeled)": {
        "train": Counts(767, 7368, 2),
        "query": Counts(700, 1400, 2),
        "gallery": Counts(700, 5328, 2),
    },
}


def published_name(dataset: ReidDataset) -> str:
    """The key of a data set in PUBLISHED: its name, with the kind of boxes for CUHK03-NP."""
    if dataset.name != "cuhk03np":
        return dataset.name
    return f"cuhk03np ({'labeled' if dataset.root.resolve().name == 'labeled' else 'detected'})"


def as_tuple(counts: Counts) -> tuple[int | None, int | None, int | None]:
    """Identities, images, cameras."""
    return counts.identities, counts.images, counts.cameras
