"""Published figures of DG-Net and of other methods, to show beside a user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class PublishedFigures:
    """Figures in per cent; None where the source does not state one. mAP is the trapezoid of Market-1501's own code."""

    rank1: float | None
    rank5: float | None
    rank10: float | None
    mean_ap: float | None
    source: str


def published_reid(dataset: str) -> dict[str, PublishedFigures]:
    """DG-Net's published figures on `dataset`, by the feature's name in `rows.FEATURES`; empty where there are none."""
    return {row: _figures(entry) for row, entry in _load()["reid"].get(dataset, {}).items()}


def published_transfer(source: str, target: str) -> PublishedFigures | None:
    """The published figures of DG-Net trained on `source` and tested on `target`; None where there are none."""
    entry = _load()["direct_transfer"].get(f"{source}->{target}")
    return None if entry is None else _figures(entry)


def published_peers(dataset: str) -> dict[str, tuple[float, float]]:
    """(Rank@1, mAP) of other methods on `dataset`, in the order of the DG-Net poster; empty where there are none."""
    return {method: (rank1, mean_ap) for method, (rank1, mean_ap) in _load()["peers"].get(dataset, {}).items()}


def dataset_title(dataset: str) -> str:
    """The data set's name as people write it, such as Market-1501 for `market1501`; unknown names are unchanged."""
    title: str = _load()["names"].get(dataset, dataset)
    return title


def _figures(entry: Mapping[str, Any]) -> PublishedFigures:
    return PublishedFigures(
        entry.get("rank1"), entry.get("rank5"), entry.get("rank10"), entry.get("mAP"), entry["source"]
    )


@cache
def _load() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("published.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
