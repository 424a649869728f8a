"""Searching a gallery for people: pictures to features, several of one person to one, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dgnet.data.records import DataError
from dgnet.gallery.calibration.calibration import Calibration
from dgnet.gallery.centring import NOT_CENTRED, CameraMeans
from dgnet.gallery.crops import Item, decode_item, read_item, source_of
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Float32Array, GalleryError, Store
from dgnet.retrieval.ranking.rerank import K1, K2, rerank

RERANKED = 200  # entries per query, the most similar, that re-ranking orders anew


@dataclass(frozen=True)
class Match:
    """An entry that was found. `similarity` is the cosine of its feature with the query's, -1 to 1.

    `probability`: that it shows the person, by the gallery's calibration; None where there is none.
    """

    rank: int
    similarity: float
    entry: Entry
    probability: float | None = None


@dataclass(frozen=True)
class Answer:
    """What was found for one person: best first, and none below the threshold, where one was given.

    `query` names the pictures that showed the person, `best` is the similarity of the best entry, above the threshold
    or not; None where no entry passed the filter.
    """

    query: tuple[str, ...]
    matches: tuple[Match, ...]
    threshold: float | None
    best: float | None

    @property
    def nobody(self) -> bool:
        """Whether there is nobody who may be this person."""
        return not self.matches


def query_features(
    embedder: Embedder, people: Sequence[Sequence[Item]], means: CameraMeans = NOT_CENTRED
) -> Float32Array:
    """One feature of length 1 per person: the mean of the features of the pictures, made that long again.

    `means`, of a centred gallery, are taken away from those pictures whose camera is known.

    Raises DataError naming a picture that cannot be read.
    """
    if not people or not all(people):
        raise DataError("query: no picture was given")
    crops = []
    for item in (item for shots in people for item in shots):
        try:
            crops.append(decode_item(item, read_item(item), embedder.size, thumbnail=False).pixels)
        except DataError as error:
            raise DataError(f"{source_of(item)}: {error}") from error
    single = embedder.features(np.stack(crops))
    single = means.taken_away(single, [item.camera for shots in people for item in shots])
    ends = np.cumsum([len(shots) for shots in people])
    mean = np.stack([shots.mean(axis=0) for shots in np.split(single, ends[:-1])])
    unit: Float32Array = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    return unit


def search_people(
    store: Store,
    queries: Float32Array,
    names: Sequence[tuple[str, ...]],
    *,
    top: int = 10,
    only: Filter = EVERY,
    reranked: bool = False,
    threshold: float | None = None,
    calibration: Calibration | None = None,
) -> list[Answer]:
    """The answer to each query (Q×dim, of length 1); arguments as of `Gallery.search`. Raises GalleryError."""
    if top < 1:
        raise GalleryError(f"top: found {top}, must be at least 1")
    hits = store.search(queries, max(top, RERANKED) if reranked else top, only)
    entries = store.get(sorted({id_ for ids in hits.ids for id_ in ids}))
    answers = []
    for name, query, ids, similarity in zip(names, queries, hits.ids, hits.similarity.tolist(), strict=True):
        ordered = list(zip(ids, similarity, strict=True))
        best = similarity[0] if similarity else None
        if reranked:
            ordered = _reranked(store, query, ordered)[:top]
        # One that another process removed meanwhile is left out.
        passing = [
            (id_, value) for id_, value in ordered if id_ in entries and (threshold is None or value >= threshold)
        ]
        sure = (
            calibration.probability([value for _, value in passing]).tolist() if calibration else [None] * len(passing)
        )
        matches = tuple(
            Match(rank, value, entries[id_], probability)
            for rank, ((id_, value), probability) in enumerate(zip(passing, sure, strict=True), start=1)
        )
        answers.append(Answer(name, matches, threshold, best))
    return answers


def _reranked(store: Store, query: Float32Array, found: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The entries that were found, by their k-reciprocal distance from the query among each other."""
    vectors = store.vectors([id_ for id_, _ in found])
    found = [one for one in found if one[0] in vectors]
    if len(found) < 3:
        return found
    k1 = min(K1, len(found) - 1)
    among = np.stack([vectors[id_] for id_, _ in found])
    distances = rerank(query[None], among, k1=k1, k2=min(K2, k1), progress=False)[0]
    return [found[place] for place in np.argsort(distances, kind="stable")]
