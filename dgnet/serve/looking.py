"""Looking for a person in the gallery: everything that one search asks of the store, in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dgnet.gallery.searching import search_people
from dgnet.gallery.stores.protocol import Filter
from dgnet.serve.queries import from_text, name_of
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Found, Refused, result
from dgnet.serve.service import Service


@dataclass(frozen=True)
class Wanted:
    """What is searched for.

    Args:
        query: the person's feature, as text.
        entries: those that are part of the query, and so are not found.
        alone: the query is one entry and nothing else, so that marks may be on pairs of entries.
        far: the false-accept rate at whose threshold nobody is an answer; None sets no threshold.
    """

    query: str
    entries: Sequence[str]
    alone: bool
    top: int
    only: Filter
    far: float | None


def look_for(service: Service, wanted: Wanted, refused: list[Refused]) -> Found:
    """The answer to a search. Raises Refusal where `far` is given and the gallery is not calibrated."""
    calibration = service.calibration()
    threshold = None
    if wanted.far is not None:
        if calibration is None:
            raise Refusal(
                422, "field", "far: the gallery is not calibrated; run `dgnet gallery calibrate` on it first."
            )
        threshold = calibration.threshold(wanted.far)
    store, name = service.gallery.store, name_of(wanted.query)
    (found,) = search_people(
        store,
        from_text(wanted.query, store.meta.dim)[None],
        [(name,)],
        top=wanted.top + len(wanted.entries),
        only=wanted.only,
        calibration=calibration,
    )
    others = [match for match in found.matches if match.entry.id not in wanted.entries][: wanted.top]
    asked = (name, *wanted.entries) if wanted.alone else (name,)
    marks = service.marks()
    results = []
    for rank, match in enumerate(others, start=1):
        if threshold is None or match.similarity >= threshold:
            said = (marks.get(frozenset((one, match.entry.id))) for one in asked)
            marked = next((one for one in said if one is not None), None)
            results.append(result(match, rank, marked, pictures=store.meta.thumbnails))
    return Found(
        query=wanted.query,
        results=results,
        nobody=not results,
        best=others[0].similarity if others else None,
        threshold=threshold,
        calibrated=calibration is not None,
        refused=refused,
    )
