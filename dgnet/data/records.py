"""A data set: records of (path, pid, camid) in splits, which are checked when it is assembled."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dgnet.errors import DgnetError

JUNK_PID = -1
DISTRACTOR_PID = 0
UNKNOWN_CAMERA = -1
NUM_NAMED = 5  # how many faulty items an error message names; it only counts the others


LeftOut = tuple[str, str]  # a path, and why it is not among the data set's images


class DataError(DgnetError, ValueError):
    """The data is wrong: the message names the file or field, what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One image: `pid` is the data set's raw identity (never a contiguous label), `camid` -1 where it is unknown."""

    path: str
    pid: int
    camid: int


@dataclass(frozen=True)
class ReidDataset:
    """Records of one data set, each split sorted by path. Build one with `assemble`, which checks it.

    `num_junk` counts the images left out because their identity is -1. `also` names other data sets whose training
    images are in `train` too. `names` gives the data set's own name of a pid, where the reader had to number its
    identities. `notes` are sentences that a user should read; those also in `warnings` report something that was
    probably not meant. `unread` are files that look like pictures and are in no split, `unreadable` what could not be
    read (links to nothing, folders that may not be listed): paths with reasons. `numbered_apart`: a number that is both
    in training and in the test is not one person. Where it is not `labelled`, nobody said who is who, and all
    images have one pid.
    """

    name: str
    root: Path
    train: tuple[Record, ...]
    query: tuple[Record, ...]
    gallery: tuple[Record, ...]
    multi_query: tuple[Record, ...] = ()
    num_junk: int = 0
    notes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    unread: tuple[LeftOut, ...] = ()
    unreadable: tuple[LeftOut, ...] = ()
    numbered_apart: bool = False
    labelled: bool = True

    def called(self, pid: int) -> str:
        """The data set's own name of an identity."""
        return self.names.get(pid, str(pid))

    def is_distractor(self, pid: int) -> bool:
        """Whether a pid stands for nobody: 0 does, but where training and test are numbered apart it is a person."""
        return pid == DISTRACTOR_PID and not self.numbered_apart

    @property
    def trained_on(self) -> str:
        """The names of all data sets whose images are in `train`, joined by +."""
        return "+".join((self.name, *self.also))

    @property
    def has_cameras(self) -> bool:
        """Whether the camera of every test image is known, so that evaluation can leave out same-camera matches."""
        return all(r.camid != UNKNOWN_CAMERA for r in (*self.query, *self.gallery, *self.multi_query))

    def labels(self) -> dict[int, int]:
        """Training pid -> contiguous label 0..C-1, in the order of the pids."""
        return {pid: label for label, pid in enumerate(sorted({r.pid for r in self.train}))}

    def splits(self) -> dict[str, tuple[Record, ...]]:
        """The splits by name, empty ones included."""
        return {
            "train": self.train,
            "query": self.query,
            "gallery": self.gallery,
            "multi_query": self.multi_query,
        }


def assemble(
    name: str,
    root: Path,
    splits: Mapping[str, Iterable[Record]],
    *,
    num_junk: int = 0,
    notes: Iterable[str] = (),
    warnings: Iterable[str] = (),
    names: Mapping[int, str] | None = None,
    unread: Iterable[LeftOut] = (),
    unreadable: Iterable[LeftOut] = (),
    numbered_apart: bool = False,
    labelled: bool = True,
) -> ReidDataset:
    """Sort the splits (`train`, `query`, `gallery`, `multi_query`), check them and add notes for the user.

    Junk (pid -1) is taken out of the gallery; `num_junk` is how many were taken out before. `numbered_apart`: training
    and test number their identities separately, so a number that is in both is not one person, and no warning is given.
    Raises DataError when a split other than the gallery has junk, when a file is listed twice in a split, has two
    identities or is both in training and test, when there is no image, or when no query's identity is in the gallery.
    """
    ordered = {split: tuple(sorted(records, key=lambda r: r.path)) for split, records in splits.items()}
    everything = ordered.get("gallery", ())
    ordered["gallery"] = gallery = tuple(r for r in everything if r.pid != JUNK_PID)
    train, query = ordered.get("train", ()), ordered.get("query", ())
    if not train and not gallery:
        raise DataError(f"{root}: no image was found in any split of the data set {name!r}")
    for split, records in ordered.items():
        _refuse_junk(root, split, records)
        _refuse_repeats(root, split, records)
    _refuse_shared(root, train, (*query, *gallery))
    left_out = sorted(set(unread))
    dataset = ReidDataset(
        name=name,
        root=root,
        train=train,
        query=query,
        gallery=gallery,
        multi_query=ordered.get("multi_query", ()),
        num_junk=num_junk + len(everything) - len(gallery),
        names=names or {},
        unread=tuple(left_out),
        unreadable=tuple(sorted(set(unreadable))),
        numbered_apart=numbered_apart,
        labelled=labelled,
    )
    said = [*warnings, *_unread_warnings(left_out), *overlap_warnings(dataset)]
    return replace(dataset, notes=(*said, *notes, *_retrieval_notes(dataset)), warnings=tuple(said))


def name_some(items: Iterable[object], limit: int = NUM_NAMED) -> str:
    """The first `limit` items for a message, and how many more there are; undecodable names are escaped."""
    listed = list(items)
    shown = ", ".join(str(item).encode("utf-8", "backslashreplace").decode() for item in listed[:limit])
    return shown if len(listed) <= limit else f"{shown} and {len(listed) - limit} more"


def name_left_out(left_out: Iterable[LeftOut]) -> str:
    """Paths that were left out, for a message: for each reason how many, and the first few."""
    paths_of: dict[str, list[str]] = {}
    for path, reason in left_out:
        paths_of.setdefault(reason, []).append(path)
    return "; ".join(f"{len(paths)} ({reason}): {name_some(paths)}" for reason, paths in paths_of.items())


def _refuse_repeats(root: Path, split: str, records: tuple[Record, ...]) -> None:
    for before, after in itertools.pairwise(records):
        if before.path == after.path:
            if before.pid != after.pid:
                raise DataError(
                    f"{root}: the file {name_some([before.path])} belongs to two identities in {split}, "
                    f"{before.pid} and {after.pid}: keep one of them"
                )
            raise DataError(f"{root}: the file {name_some([before.path])} is listed twice in {split}: remove one")


def _refuse_shared(root: Path, train: tuple[Record, ...], test: tuple[Record, ...]) -> None:
    shared = sorted({r.path for r in train} & {r.path for r in test})
    if shared:
        raise DataError(
            f"{root}: {len(shared)} files are both in train and in the test (query or gallery): {name_some(shared)}. "
            "Training on test images makes every figure worthless: take them out of one split"
        )


def _refuse_junk(root: Path, split: str, records: tuple[Record, ...]) -> None:
    junk = [r.path for r in records if r.pid == JUNK_PID]
    if junk:
        raise DataError(
            f"{root}: junk images (identity -1) belong in the gallery alone, not in {split}: {name_some(junk)}"
        )


def _unread_warnings(unread: list[LeftOut]) -> list[str]:
    if not unread:
        return []
    verb = "path looks like a picture and is" if len(unread) == 1 else "paths look like pictures and are"
    return [f"{len(unread)} {verb} not read: {name_left_out(unread)}"]


def overlap_warnings(dataset: ReidDataset) -> list[str]:
    """A warning where test identities are trained on too."""
    if dataset.numbered_apart:
        return []
    tested = {r.pid for r in dataset.query} | {r.pid for r in dataset.gallery if not dataset.is_distractor(r.pid)}
    both = sorted({r.pid for r in dataset.train} & tested)
    if not both:
        return []
    verb = "is" if len(both) == 1 else "are"
    shown = name_some(map(dataset.called, both))
    said = (
        f"{len(both)} of {len(tested)} test identities {verb} trained on too: {shown}. Figures are then better than on "
        "people the network has never seen; if these are other people, give them other names"
    )
    return [said]


def _retrieval_notes(dataset: ReidDataset) -> list[str]:
    asked = {r.pid for r in dataset.query}
    if not asked:
        return []
    absent = sorted(asked - {r.pid for r in dataset.gallery})
    shown = name_some(map(dataset.called, absent))
    if len(absent) == len(asked):
        raise DataError(
            f"{dataset.root}: none of the {len(absent)} query identities is in the gallery (queries: {shown}), "
            "so nothing can be evaluated: check that query and gallery come from one data set"
        )
    if absent:
        verb = "identity is" if len(absent) == 1 else "identities are"
        return [f"{len(absent)} query {verb} absent from the gallery and cannot be evaluated: {shown}"]
    return []
