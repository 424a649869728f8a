"""Search on a server against exact search in memory: python benchmarks/server_search.py --store postgres

20 000 random features of 512 numbers, six filters, top 50. For each filter and query the set that the server gives must
be that of numpy's product over the features as they are kept, but for entries whose similarity equals the last one's to
six digits. Prints what adding and searching took, and that of numpy's product in the same run.
"""

from __future__ import annotations

import argparse
import hashlib
import time

import numpy as np
from servers import load_servers

from dgnet.gallery.stores.choice import create_store
from dgnet.gallery.stores.protocol import EVERY, Entry, Filter, Meta, entry_id

MODEL, TOP, BATCH = "0" * 64, 50, 1000
FILTERS = {
    "none": EVERY,
    "two cameras": Filter(cameras=("c1", "c2")),
    "not a camera": Filter(not_cameras=("c0",)),
    "an hour": Filter(after=3600.0, before=7200.0),
    "known, other camera, from then on": Filter(known=True, not_cameras=("c3",), after=5000.0),
    "nobody": Filter(cameras=("c9",)),
}


def passes(entry: Entry, only: Filter) -> bool:
    return (
        (only.cameras is None or entry.camera in only.cameras)
        and (only.not_cameras is None or entry.camera not in only.not_cameras)
        and (only.after is None or (entry.time is not None and entry.time >= only.after))
        and (only.before is None or (entry.time is not None and entry.time < only.before))
        and (only.known is None or bool(entry.identity) == only.known)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("postgres", "milvus"), required=True)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random = np.random.default_rng(given.seed)
    features = random.normal(size=(given.number + given.queries, given.dim)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    vectors, queries = features[: given.number], features[given.number :]
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(given.number)]
    entries = [
        Entry(
            entry_id(one, MODEL),
            one,
            f"{number}.jpg",
            camera=f"c{number % 6}",
            time=None if number % 7 == 0 else float(number),
            identity=f"p{number // 8}" if number % 2 else "",
        )
        for number, one in enumerate(hashes)
    ]
    wrong = 0
    with load_servers().running(given.store) as server:
        meta = Meta(MODEL, "random", "none", given.dim, "float16", thumbnails=False)
        store = create_store(server.address("people"), meta)
        kept = vectors.astype(store.meta.precision).astype(np.float32)
        began = time.perf_counter()
        for start in range(0, given.number, BATCH):
            part = slice(start, start + BATCH)
            store.add(entries[part], vectors[part], [b""] * len(entries[part]))
        print(f"added: {given.number / (time.perf_counter() - began):.0f} per second, kept as {store.meta.precision}")
        store.search(queries[:1], TOP)  # what is done once
        for name, only in FILTERS.items():
            rows = np.array([row for row, entry in enumerate(entries) if passes(entry, only)], dtype=np.int64)
            began = time.perf_counter()
            hits = store.search(queries, TOP, only)
            took = time.perf_counter() - began
            began = time.perf_counter()
            truth = queries @ kept[rows].T
            best = np.argsort(-truth, axis=1, kind="stable")[:, :TOP]
            memory = time.perf_counter() - began
            for query in range(given.queries):
                similarity = truth[query, best[query]]
                # Those that are no tie with the last one must be there; those that are may be.
                sure = {entries[rows[one]].id for one in best[query] if truth[query, one] > similarity[-1] + 1e-6}
                last = similarity[-1] if len(similarity) else 2.0
                allowed = {entries[rows[one]].id for one in np.flatnonzero(truth[query] >= last - 1e-6)}
                found = set(hits.ids[query])
                wrong += not (sure <= found <= allowed and len(found) == len(similarity))
                wrong += not np.allclose(hits.similarity[query], similarity, atol=1e-5)
            each, own = 1000 * took / given.queries, 1000 * memory / given.queries
            print(f"{name}: {len(rows)} pass; {each:.1f} ms per query, numpy's product and sort {own:.1f} ms")
        store.close()
    print(f"{given.store}: {wrong or 'no'} differences from exact search in memory")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
