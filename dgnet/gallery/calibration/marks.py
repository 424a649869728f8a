"""Pairs of entries that users marked as right (one person) or wrong (two), kept in the gallery as a note.

Marked pairs are not drawn by chance: people mark what a search shows them. So they say nothing of false-accept rates,
and no threshold is taken from them. But among pairs of one similarity, which of them were looked at does not depend on
who is on them; so they say how often such pairs are of one person here: the prior.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dgnet.gallery.calibration.calibration import Calibration
from dgnet.gallery.calibration.curve import CalibrationError, logistic, logit
from dgnet.gallery.stores.protocol import Store

MARKS = "marks"
TAKEN_OVER = "marks taken over"  # the pairs whose marks came from the gallery that this one was made of
MIN_MARKS = 10  # of each sort


@dataclass(frozen=True)
class Mark:
    """Two entries, by id, and whether a user says that they show one person.

    `first` may be the name of a picture that is not in the gallery; then `similarity` is that of the two.
    """

    first: str
    second: str
    same: bool
    similarity: float | None = None


def add_marks(store: Store, marks: Sequence[Mark]) -> int:
    """Keep marks; of two on one pair of entries the later counts. Returns how many there are now.

    Raises CalibrationError where an entry is marked with itself, or is not in the gallery.
    """
    known = store.present(sorted({id_ for mark in marks for id_ in _entries_of(mark)}))
    for mark in marks:
        if mark.first == mark.second:
            raise CalibrationError(f"mark: {mark.first} is given twice, must be two entries")
        for id_ in _entries_of(mark):
            if id_ not in known:
                raise CalibrationError(f"mark: no entry {id_!r} in {store.address}; give ids as `dgnet search` shows")
    later = [_in_order(mark) for mark in marks]
    return _change(store, lambda kept: list({_pair(one): one for one in [*kept, *later]}.values()))


def remove_mark(store: Store, first: str, second: str) -> int:
    """Take the mark on a pair back, if there is one. Returns how many are left."""
    return _change(store, lambda kept: [one for one in kept if {one.first, one.second} != {first, second}])


def read_marks(store: Store) -> list[Mark]:
    """All marks. Raises CalibrationError where the note is something else."""
    return _marks_in(store.note(MARKS), store)


def take_marks_over(source: Store, target: Store) -> None:
    """Take the marks on pairs of entries that both galleries have over from `source`, each pair once.

    What is said in `target` of a pair counts, and stays: another mark, its own or one that was taken over before; and
    that one was taken back there.
    """
    marks = [mark for mark in read_marks(source) if mark.similarity is None]
    there = target.present(sorted({id_ for mark in marks for id_ in _entries_of(mark)}))
    pairs = [mark for mark in marks if {mark.first, mark.second} <= there]
    before = {(str(a), str(b)) for a, b in json.loads(target.note(TAKEN_OVER) or "[]")}
    if new := [mark for mark in pairs if _pair(mark) not in before]:
        _change(target, lambda kept: list({_pair(one): one for one in [*new, *kept]}.values()))
        target.set_note(TAKEN_OVER, json.dumps(sorted(before | {_pair(mark) for mark in new})))


def prior_of_marks(calibration: Calibration, store: Store, marks: Sequence[Mark]) -> Calibration:
    """The calibration with the prior under which its probabilities agree best with the marks (maximum likelihood).

    Marks on entries that were removed are left out. Raises CalibrationError where fewer than MIN_MARKS are right, or
    wrong.
    """
    vectors = store.vectors(sorted({id_ for mark in marks for id_ in _entries_of(mark)}))
    usable = [mark for mark in marks if all(id_ in vectors for id_ in _entries_of(mark))]
    same = np.array([mark.same for mark in usable], dtype=bool)
    for number, what in ((same.sum(), "right"), ((~same).sum(), "wrong")):
        if number < MIN_MARKS:
            raise CalibrationError(
                f"{store.address}: {number} pairs are marked {what}, and at least {MIN_MARKS} are needed for a prior; "
                "mark more, or leave out --marks"
            )
    similarity = [
        float(vectors[mark.first] @ vectors[mark.second]) if mark.similarity is None else mark.similarity
        for mark in usable
    ]
    llr = calibration.overall.curve.llr_of(similarity)
    low, high = logit(1e-9), logit(1 - 1e-9)
    for _ in range(100):  # the expected number of right ones grows with the prior, so it is found by halving
        middle = (low + high) / 2
        low, high = (middle, high) if logistic(llr + middle).sum() < same.sum() else (low, middle)
    return replace(calibration, prior=float(logistic(np.array(low))))


def _entries_of(mark: Mark) -> tuple[str, ...]:
    """The ids of a mark that are entries'."""
    return (mark.first, mark.second) if mark.similarity is None else (mark.second,)


def _in_order(mark: Mark) -> Mark:
    """Of a pair of entries, the same whichever was named first."""
    first, second = sorted((mark.first, mark.second)) if mark.similarity is None else (mark.first, mark.second)
    return replace(mark, first=first, second=second)


def _pair(mark: Mark) -> tuple[str, str]:
    return mark.first, mark.second


def _change(store: Store, change: Callable[[list[Mark]], list[Mark]]) -> int:
    """Change the marks as one step, so that nobody's are lost who marks at the same time; return how many there are."""

    def as_text(text: str | None) -> str:
        return json.dumps([_as_list(one) for one in change(_marks_in(text, store))])

    return len(_marks_in(store.change_note(MARKS, as_text), store))


def _marks_in(text: str | None, store: Store) -> list[Mark]:
    try:
        return [
            Mark(str(a), str(b), bool(same), *map(float, similarity))
            for a, b, same, *similarity in json.loads(text or "[]")
        ]
    except (ValueError, TypeError) as error:
        raise CalibrationError(f"{store.address}: the marks cannot be read ({error})") from error


def _as_list(mark: Mark) -> list[str | bool | float]:
    known: list[str | bool | float] = [mark.first, mark.second, mark.same]
    return known if mark.similarity is None else [*known, mark.similarity]
