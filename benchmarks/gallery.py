"""Time galleries, each as a ratio of two times of one run.

    python benchmarks/gallery.py many       # 3 400 queries among 20 000 x 1 024, against the bare product and top k
    python benchmarks/gallery.py one        # one query among a million x 1 024 in half precision, against reading them
    python benchmarks/gallery.py open       # opening a gallery of a million and the first search; writes 2.3 GB
    python benchmarks/gallery.py add        # adding pictures, against extracting their features alone
    python benchmarks/gallery.py index      # faiss on a million: build, query, memory, recall@50; writes 3.4 GB
    python benchmarks/gallery.py one --entries 100000 --threads 1

Features are synthetic: a person's centre plus noise, as unit vectors. Times are processor time of the fastest of
`--repeats`, both sides in turn, because a shared machine makes wall time say more of its other work; with several
threads they are wall time.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dgnet.gallery.stores.protocol import Entry, Meta, entry_id
from dgnet.gallery.stores.sqlite.store import SqliteStore
from dgnet.retrieval.kernel.products import inner_products
from dgnet.retrieval.search import search

DIM = 1024
TOP = 50
PER_PERSON = 50
ROWS = 10_000

Features = npt.NDArray[np.float16]


def features(number: int, seed: int = 0, noise: float = 1.0) -> Features:
    """Unit features of `number` images, PER_PERSON of each person, in half precision."""
    made = np.empty((number, DIM), np.float16)
    rng = np.random.default_rng(seed)
    for start in range(0, number, ROWS):
        rows = min(ROWS, number - start)
        centres = rng.standard_normal((rows // PER_PERSON + 1, DIM), dtype=np.float32)
        # The same noise in another order for each block of rows: drawing a thousand million numbers takes minutes.
        if start == 0:
            drawn = noise * rng.standard_normal((ROWS + DIM, DIM), dtype=np.float32)
        shift = int(rng.integers(DIM))
        block = np.repeat(centres, PER_PERSON, axis=0)[:rows] + np.roll(drawn[shift : shift + rows], shift, axis=1)
        made[start : start + rows] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return made[np.random.default_rng(seed + 1).permutation(number)] if number <= ROWS * 2 else made


def timed(sides: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The least time of each side, taken in turn."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(repeats + 1):  # the first round warms up, and counts only where it is the fastest
        for name, side in sides.items():
            began = clock()
            side()
            best[name] = min(best[name], clock() - began)
    return best


def many(arguments: argparse.Namespace) -> None:
    gallery = features(arguments.entries or 20_000)
    queries = features(3_400, seed=5).astype(np.float32)
    plain, asked = torch.from_numpy(gallery.astype(np.float32)), torch.from_numpy(queries)
    out = torch.empty(len(queries), len(gallery))

    def bare() -> None:
        inner_products(asked, plain, out)
        out.topk(TOP)

    found = timed({"bare": bare, "search": lambda: search(queries, gallery, TOP)}, arguments.repeats)
    print(f"{len(queries)} queries among {len(gallery)} x {DIM}, top {TOP}: {found['search']:.2f} s;", end=" ")
    print(f"float32 product and topk {found['bare']:.2f} s; ratio {found['search'] / found['bare']:.2f} (aim 1.3)")


def one(arguments: argparse.Namespace) -> None:
    gallery = features(arguments.entries or 1_000_000)
    query = features(1, seed=5).astype(np.float32)
    numbers = torch.from_numpy(gallery.view(np.int64))
    copy = np.empty_like(gallery)
    sides = {
        "read": numbers.sum,
        "copy": lambda: np.copyto(copy, gallery),
        "search": lambda: search(query, gallery, TOP),
    }
    found = timed(sides, arguments.repeats)
    size = gallery.nbytes / 1e9
    print(
        f"one query among {len(gallery)} x {DIM} in half precision ({size:.2f} GB): {found['search']:.3f} s;", end=" "
    )
    print(f"summing its memory as int64 {found['read']:.3f} s, copying it {found['copy']:.3f} s;", end=" ")
    print(f"ratio to reading {found['search'] / found['read']:.2f} (aim 1.3)")


def fill(path: Path, gallery: Features) -> SqliteStore:
    store = SqliteStore.create(str(path), Meta("m" * 64, "synthetic", "none", DIM, thumbnails=False))
    began, used = time.perf_counter(), time.process_time()
    for start in range(0, len(gallery), ROWS):
        numbers = range(start, min(start + ROWS, len(gallery)))
        entries = [
            Entry(entry_id(f"{n:064x}", "m" * 64), f"{n:064x}", f"{n}.jpg", f"c{n % 9}", float(n)) for n in numbers
        ]
        store.add(entries, gallery[start : numbers.stop], [b""] * len(numbers))
    took, worked = time.perf_counter() - began, time.process_time() - used
    size = path.stat().st_size / 1e9
    print(f"wrote {len(gallery)} entries: {took:.1f} s ({worked:.1f} s of processor), {size:.2f} GB")
    return store


def opened(arguments: argparse.Namespace) -> None:
    gallery = features(arguments.entries or 1_000_000)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "people.db"
        fill(path, gallery).close()
        query = gallery[:1].astype(np.float32)
        del gallery
        began, used = time.perf_counter(), time.process_time()
        store = SqliteStore.open(str(path))
        hits = store.search(query, TOP)
        took, worked = time.perf_counter() - began, time.process_time() - used
        assert hits.similarity[0, 0] > 0.999
        print(f"opened and searched once: {took:.1f} s ({worked:.1f} s of processor; aim 10)")


def add(arguments: argparse.Namespace) -> None:
    from dgnet.experiment.galleries.gallery import Gallery
    from dgnet.gallery.crops import Item, decode_item, read_item
    from dgnet.mannequin.bundled import bundled_root

    paths = sorted(map(str, bundled_root().rglob("*.jpg")))[: arguments.entries or 4000]
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        names = iter(range(1000))
        embedder = Gallery.create(f"{folder}/first.db").embedder

        def extract() -> None:
            for start in range(0, len(paths), 256):
                items = [Item(path) for path in paths[start : start + 256]]
                crops = [decode_item(item, read_item(item), embedder.size, thumbnail=False).pixels for item in items]
                embedder.features(np.stack(crops))

        def added() -> None:
            with Gallery.create(f"{folder}/{next(names)}.db") as gallery:
                gallery._embedder = embedder  # loaded once for both sides
                assert len(paths) - gallery.add([Item(path) for path in paths]).num_new < 0.1 * len(paths)

        found = timed({"extract": extract, "add": added}, arguments.repeats)
    rates = {name: len(paths) / taken for name, taken in found.items()}
    print(f"{len(paths)} bundled pictures: added {rates['add']:.0f} per second,", end=" ")
    print(f"features alone {rates['extract']:.0f} per second; ratio {rates['add'] / rates['extract']:.2f} (aim .8)")


def index(arguments: argparse.Namespace) -> None:
    gallery = features(arguments.entries or 1_000_000, noise=arguments.noise)
    queries = features(200, seed=7).astype(np.float32)
    queries = gallery[:: max(1, len(gallery) // 200)][:200].astype(np.float32) + 0.5 * queries
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "people.db"
        store = fill(path, gallery)
        exact = store.search(queries, TOP)
        used, began = time.process_time(), time.perf_counter()
        facts = store.build_index(0.98)
        built, worked = time.perf_counter() - began, time.process_time() - used
        size = (path.with_name("people.db.faiss")).stat().st_size / 1e9
        print(f"index: built in {built:.0f} s ({worked:.0f} s of processor), {size:.2f} GB; {facts}")
        fresh = SqliteStore.open(str(path))
        fresh.search(queries[:1], TOP)
        found = timed(
            {
                "index": lambda: fresh.search(queries[:1], TOP),
                "exact": lambda: search(queries[:1], gallery, TOP),
            },
            arguments.repeats,
        )
        approximate = fresh.search(queries, TOP)
        shared = [len(set(a) & set(b)) for a, b in zip(exact.ids, approximate.ids, strict=True)]
        recall = sum(shared) / len(queries) / TOP
        print(f"one query: {1000 * found['index']:.1f} ms, exact {1000 * found['exact']:.0f} ms;", end=" ")
        print(f"recall@{TOP} of 200 other queries {recall:.4f} (aim .98);", end=" ")
        print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB of memory in all")


def main() -> None:
    parts = {"many": many, "one": one, "open": opened, "add": add, "index": index}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=parts)
    parser.add_argument("--entries", type=int, help="another number of entries")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--noise", type=float, default=1.0, help="of the index's features; 1: cosine .5 in a person")
    parser.add_argument("--folder", type=Path, help="where galleries are written meanwhile")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    parts[arguments.part](arguments)


if __name__ == "__main__":
    main()
