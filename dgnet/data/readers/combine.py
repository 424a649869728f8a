"""Several data sets as one, to train on together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dgnet.data.disk.listing import is_file
from dgnet.data.readers.synthetic import RECIPE
from dgnet.data.records import UNKNOWN_CAMERA, DataError, Record, ReidDataset, assemble


def combine(datasets: Sequence[ReidDataset]) -> ReidDataset:
    """One data set with the splits of all, where pids and cameras are shifted so that no two data sets share any.

    The first data set keeps its numbers. An unknown camera stays unknown. Raises DataError for an empty list, and where
    two of the data sets hold the same file.
    """
    if not datasets:
        raise DataError("no data set to combine: name at least one")
    splits: dict[str, list[Record]] = {"train": [], "query": [], "gallery": [], "multi_query": []}
    names: dict[int, str] = {}
    next_pid = next_camid = 0
    for dataset in datasets:
        records = [r for split in dataset.splits().values() for r in split]
        for split, own in dataset.splits().items():
            splits[split] += [_shift(record, next_pid, next_camid) for record in own]
        names |= {pid + next_pid: name for pid, name in dataset.names.items()}
        next_pid += 1 + max(r.pid for r in records)
        next_camid += 1 + max(r.camid for r in records)
    together = assemble(
        "+".join(dataset.name for dataset in datasets),
        Path(os.path.commonpath([os.path.abspath(dataset.root) for dataset in datasets])),
        splits,
        num_junk=sum(dataset.num_junk for dataset in datasets),
        notes=[f"{dataset.name}: {note}" for dataset in datasets for note in dataset.notes],
        names=names,
        unreadable=[left_out for dataset in datasets for left_out in dataset.unreadable],
        numbered_apart=True,
    )
    return replace(
        together,
        warnings=tuple(f"{dataset.name}: {warning}" for dataset in datasets for warning in dataset.warnings),
        unread=tuple(left_out for dataset in datasets for left_out in dataset.unread),
    )


def train_also_on(first: ReidDataset, others: Sequence[ReidDataset]) -> ReidDataset:
    """`first` with the training images of `others` added; its name, folder, query and gallery stay.

    Query and gallery of `others` are left out, and can be tested on later. Raises DataError where one of `others` has
    no training images, and as `combine` does.
    """
    for other in others:
        if not other.train:
            raise DataError(f"{other.root}: no train images in this {other.name}, so it cannot be trained on")
    training = [replace(other, query=(), gallery=(), multi_query=(), num_junk=0) for other in others]
    together = combine([first, *training])
    said = (
        f"trained on {len(other.train)} images of {len(other.labels())} people of {other.name} too" for other in others
    )
    names = tuple(other.name for other in others)
    doubts = tuple(
        f"{other.root} is synthetic, and its people count as others than those it was drawn from; where these are "
        "trained on too, give it as synthetic=DIR"
        for other in others
        if is_file(other.root / RECIPE)
    )
    return replace(
        together,
        name=first.name,
        root=first.root,
        notes=(*doubts, *together.notes, *said),
        warnings=(*doubts, *together.warnings),
        also=names,
        labelled=first.labelled,
    )


def _shift(record: Record, pids: int, camids: int) -> Record:
    camid = record.camid if record.camid == UNKNOWN_CAMERA else record.camid + camids
    return replace(record, pid=record.pid + pids, camid=camid)
