"""A data set as a test alone: everyone's first image by each camera is a query, all other images are the gallery."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dgnet.data.records import DataError, Record, ReidDataset, assemble, overlap_warnings


def first_as_queries(dataset: ReidDataset) -> ReidDataset:
    """All images of `dataset`, whatever split they are in (but for multi-query), as queries and gallery.

    The first image of each identity and camera, by the file's name, is a query. Where any camera is unknown, the first
    image of each identity is. Pid 0 gives no query. An identity with a single image by a single camera is a query
    without a true match, which evaluation counts and leaves out.

    Raises:
        DataError: no identity has another image in the gallery.
    """
    known = dataset.has_cameras and all(record.camid >= 0 for record in dataset.train)
    queries: dict[tuple[int, int], Record] = {}
    gallery = []
    records = {record.path: record for record in (*_training_people(dataset), *dataset.query, *dataset.gallery)}
    for record in sorted(records.values(), key=lambda one: (Path(one.path).name, one.path)):
        whose = record.pid, record.camid if known else 0
        if whose in queries or dataset.is_distractor(record.pid):
            gallery.append(record)
        else:
            queries[whose] = record
    if not gallery:
        raise DataError(
            f"{dataset.root}: every one of the {len(queries)} images is the first of its identity"
            f"{' and camera' if known else ''}, so the gallery is empty: give each identity further images"
        )
    num_ids = len({pid for pid, _ in queries})
    first = f"first image by each camera of each of {num_ids} identities" if known else "first image of each identity"
    unknown = "" if known else f" (cameras are unknown, so each of {num_ids} identities has one query)"
    said = f"the {first} is a query, all other images are the gallery{unknown}"
    old = overlap_warnings(dataset)
    made = assemble(
        dataset.name,
        dataset.root,
        {"query": queries.values(), "gallery": gallery},
        num_junk=dataset.num_junk,
        notes=[said],
        names=dataset.names,
        unreadable=dataset.unreadable,
        labelled=dataset.labelled,
    )
    warnings = tuple(warning for warning in dataset.warnings if warning not in old)
    return replace(made, notes=(*warnings, *made.notes), warnings=warnings, unread=dataset.unread)


def _training_people(dataset: ReidDataset) -> tuple[Record, ...]:
    """The training images; with other pids where a number that is in training and test too is not one person."""
    if not dataset.numbered_apart:
        return dataset.train
    above = 1 + max((record.pid for record in (*dataset.query, *dataset.gallery)), default=-1)
    return tuple(replace(record, pid=record.pid + above) for record in dataset.train)
