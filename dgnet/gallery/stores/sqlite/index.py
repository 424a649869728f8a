"""An approximate index beside a large gallery's file, by faiss: rebuilt at will, and never the only copy of anything.

Features are gathered into lists around centres, kept in 8 bits per number, and a search looks into the lists nearest to
the query (`num_probed`). What it proposes is multiplied again with the features of the gallery's file, so similarities
are exact; only an entry that is not proposed can be missed. How often that happens is measured when the index is built.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dgnet.files.whole_file import written_whole
from dgnet.gallery.stores.protocol import Float32Array, GalleryError
from dgnet.retrieval.arrays import Int64Array
from dgnet.retrieval.search import Features, search

LEAST_ENTRIES = 100_000  # below this, exact search is as fast
RECALL_AT = 50
_PROPOSED = 4  # times k: how many entries are proposed, at least _LEAST_PROPOSED
_LEAST_PROPOSED = 200
_NUM_MEASURED = 200
_TRAINED_PER_LIST = 40
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class IndexFacts:
    """What an index was built of, and how good it is.

    Args:
        removals: how often entries had been removed from the gallery: after another removal it is of no use.
        newest, number: the highest number, and how many entries.
        num_lists, num_probed: into how many lists they are divided, and how many a search looks into.
        recall: of the RECALL_AT most similar entries, the share that is found, for entries of the gallery as queries.
    """

    removals: int
    newest: int
    number: int
    num_lists: int
    num_probed: int
    recall: float

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def build_index(
    path: Path, numbers: Int64Array, features: Features, removals: int, recall: float, least: int = LEAST_ENTRIES
) -> IndexFacts:
    """Write an index of all features to `path`, with as few lists probed as give the recall asked for.

    Raises GalleryError where there are too few entries, faiss is missing, or the file cannot be written.
    """
    if not 0 < recall <= 1:
        raise GalleryError(f"--recall: found {recall}, must be above 0 and at most 1")
    if len(numbers) < least:
        raise GalleryError(f"{path}: no index needed: {len(numbers):,} entries are searched exactly in milliseconds")
    faiss = import_faiss()
    dim, num_lists = features.shape[1], 2 ** round(math.log2(math.sqrt(len(numbers))))
    kind = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(dim), dim, num_lists, kind, faiss.METRIC_INNER_PRODUCT)
    rng = np.random.default_rng(0)
    sample = np.sort(rng.permutation(len(numbers))[: _TRAINED_PER_LIST * num_lists])
    index.train(features[sample].astype(np.float32))
    for start in range(0, len(numbers), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        index.add_with_ids(features[rows].astype(np.float32), numbers[rows])
    queries = features[np.sort(rng.permutation(len(numbers))[:_NUM_MEASURED])].astype(np.float32)
    num_probed, found = _probes(index, numbers, features, queries, recall)
    with written_whole(path) as partial:
        faiss.write_index(index, str(partial))
    return IndexFacts(removals, int(numbers[-1]), len(numbers), num_lists, num_probed, found)


def _probes(
    index: Any, numbers: Int64Array, features: Features, queries: Float32Array, recall: float
) -> tuple[int, float]:
    """How many lists, of 1, 1.4, 2, 2.8, 4, ..., are enough for the recall, and the recall of entries as queries.

    New images lie less near to the lists' centres than the entries do: of a million synthetic features, entries missed
    .014 of their neighbours and others .023. So entries may miss half of what others may.
    """
    exact = numbers[search(queries, features, RECALL_AT).index]
    probed, wanted = 1.0, 1 - (1 - recall) / 2
    while True:
        index.nprobe = min(round(probed), index.nlist)
        proposed = propose(index, queries, RECALL_AT)
        hits = [len(np.intersect1d(own, some)) for own, some in zip(exact, proposed, strict=True)]
        found = sum(hits) / exact.size
        if found >= wanted or index.nprobe == index.nlist:
            return index.nprobe, found
        probed *= math.sqrt(2)


def read_index(path: Path, facts: IndexFacts) -> Any:
    """The index that `build_index` wrote. Raises GalleryError."""
    faiss = import_faiss()
    try:
        index = faiss.read_index(str(path))
    except RuntimeError as error:
        raise GalleryError(f"{path}: damaged; remove it, or build it again with `dgnet gallery index`") from error
    if index.ntotal != facts.number:
        raise GalleryError(f"{path}: not the index of this gallery; build it again with `dgnet gallery index`")
    index.nprobe = facts.num_probed
    return index


def propose(index: Any, queries: Float32Array, k: int) -> Int64Array:
    """Numbers of entries that may be among the k most similar to each query: Q×several, -1 where there are fewer."""
    _, proposed = index.search(np.ascontiguousarray(queries), max(_PROPOSED * k, _LEAST_PROPOSED))
    numbers: Int64Array = proposed
    return numbers


def import_faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise GalleryError("an index needs faiss: pip install 'dgnet[faiss]'") from None
    return faiss
