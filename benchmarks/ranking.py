"""Time `evaluate` against the matrix product alone and against an argsort per query, in one run.

    python benchmarks/ranking.py market     # 3 368 x 19 732 x 1 024, Market-1501's size
    python benchmarks/ranking.py msmt17     # 11 659 x 82 161 x 1 024, MSMT17's size
    python benchmarks/ranking.py million    # 1 000 x 1 000 000 x 1 024; 4.1 GB of features
    python benchmarks/ranking.py market --quick   # a twentieth of the images: does it run?

Features are synthetic: an identity's centre plus noise, as a unit vector; `--noise 8` makes them nearly random.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dgnet.retrieval import evaluate
from dgnet.retrieval.kernel.similarity import BLOCK_BYTES, similarity_blocks

Float32Array = npt.NDArray[np.float32]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Size:
    """The numbers of images and identities in a data set's test split."""

    num_query: int
    num_gallery: int
    num_junk: int
    num_ids: int
    num_cameras: int
    distractors: float  # part of the gallery
    width: int


SIZES = {
    "market": Size(3368, 19732, 3819, 750, 6, 0.14, 1024),
    "msmt17": Size(11659, 82161, 0, 3060, 15, 0.0, 1024),
    "million": Size(1000, 1_000_000, 0, 20_000, 50, 0.5, 1024),
}


# The aims of each size: the processor time after the product, divided by the product's; the whole wall time, divided by
# the product's; MB of memory beyond the features. None where there is no aim.
AIMS: dict[str, tuple[float | None, float | None, float]] = {
    "market": (1.0, None, 400),
    "msmt17": (None, 2.0, 1000),
    "million": (None, None, 400),
}
QUICK = 20
MATRIX_ROWS = 500  # queries per block of similarities in the argsort loop


def shrink(size: Size, factor: int = QUICK) -> Size:
    """A size in the same proportions with `factor` times fewer images and people."""
    counts = ("num_query", "num_gallery", "num_junk", "num_ids")
    return replace(
        size, **{name: max(1, getattr(size, name) // factor) if getattr(size, name) else 0 for name in counts}
    )


@dataclass(frozen=True)
class People:
    """The arguments of `evaluate`."""

    query: Float32Array
    gallery: Float32Array
    query_pids: Int64Array
    gallery_pids: Int64Array
    query_camids: Int64Array
    gallery_camids: Int64Array

    def arrays(self) -> tuple[npt.NDArray[np.generic], ...]:
        return (
            self.query,
            self.gallery,
            self.query_pids,
            self.gallery_pids,
            self.query_camids,
            self.gallery_camids,
        )


def make_people(size: Size, noise: float, seed: int) -> People:
    """Unit features of people on cameras; junk is pid -1 and a distractor pid 0, as in Market-1501."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((size.num_ids, size.width), dtype=np.float32)
    query_pids = rng.integers(1, size.num_ids + 1, size.num_query)
    gallery_pids = rng.integers(1, size.num_ids + 1, size.num_gallery)
    gallery_pids[rng.random(size.num_gallery) < size.distractors] = 0
    gallery_pids[rng.choice(size.num_gallery, size.num_junk, replace=False)] = -1

    def describe(pids: Int64Array) -> Float32Array:
        features = np.empty((len(pids), size.width), dtype=np.float32)
        for start in range(0, len(pids), 4096):
            rows = slice(start, start + 4096)
            part = noise * rng.standard_normal((len(pids[rows]), size.width), dtype=np.float32)
            known = pids[rows] > 0
            part[known] += centres[pids[rows][known] - 1]
            features[rows] = part / np.linalg.norm(part, axis=1, keepdims=True)
        return features

    query_camids = rng.integers(0, size.num_cameras, size.num_query)
    gallery_camids = rng.integers(0, size.num_cameras, size.num_gallery)
    return People(describe(query_pids), describe(gallery_pids), query_pids, gallery_pids, query_camids, gallery_camids)


def product_alone(people: People) -> None:
    """Compute the blocks of similarities and throw them away."""
    query, gallery = torch.from_numpy(people.query), torch.from_numpy(people.gallery)
    for _ in similarity_blocks(query, gallery, progress=False, what="product"):
        pass


def matrix_alone(people: People) -> None:
    """Compute the products of `argsort_each_query` alone, `MATRIX_ROWS` queries at once."""
    for start in range(0, len(people.query), MATRIX_ROWS):
        people.query[start : start + MATRIX_ROWS] @ people.gallery.T


def argsort_each_query(people: People, queries_at_once: int) -> float:
    """mAP (step) by the usual loop: sort each query's gallery, leave out what the protocol drops, walk down the list.

    NumPy computes the products of several queries at once: of 1 in evaluators that take one query after another, of
    hundreds in those that compute a distance matrix first.
    """
    precisions = []
    for start in range(0, len(people.query), queries_at_once):
        block = people.query[start : start + queries_at_once] @ people.gallery.T
        for q, row in enumerate(block, start=start):
            order = np.argsort(-row)
            pids, camids = people.gallery_pids[order], people.gallery_camids[order]
            own_camera = (pids == people.query_pids[q]) & (camids == people.query_camids[q])
            hits = np.flatnonzero((pids == people.query_pids[q])[(pids != -1) & ~own_camera])
            if hits.size:
                precisions.append(np.mean(np.arange(1, len(hits) + 1) / (hits + 1)))
    return float(np.mean(precisions))


def timed(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """The least wall time and the least processor time of `repeats` runs, in seconds."""
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


def peak_memory_of(work: Callable[[], object]) -> float:
    """The peak memory of `work` in MB, beyond what was resident before it (Linux only)."""
    Path("/proc/self/clear_refs").write_text("5")  # resets the kernel's record of the peak
    before = _status("VmRSS")
    work()
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1])


def aim(most: float | None) -> str:
    """The text that states a printed figure's aim: the number that it should stay below."""
    return "" if most is None else f" (aim: below {most:g})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--noise", type=float, default=2.6, help="against an identity's centre of unit variance")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the images; the ratios mean little then")
    options = parser.parse_args()
    size = shrink(SIZES[options.size]) if options.quick else SIZES[options.size]
    after_aim, whole_aim, peak_aim = AIMS[options.size]
    people = make_people(size, options.noise, options.seed)
    arrays = people.arrays()

    result = evaluate(*arrays)
    peak = peak_memory_of(lambda: evaluate(*arrays, progress=False))
    product, product_cpu = timed(lambda: product_alone(people), options.repeats)
    whole, whole_cpu = timed(lambda: evaluate(*arrays, progress=False), options.repeats)
    after, after_cpu = whole - product, whole_cpu - product_cpu
    print(f"{options.size}: {size.num_query} x {size.num_gallery} x {size.width}, noise {options.noise:g}", end="; ")
    print(f"mAP {result.map_step:.3f}, Rank@1 {result.rank1:.3f}, {torch.get_num_threads()} threads")
    print(f"product alone          {product:8.2f} s   ({product_cpu:.2f} processor seconds)")
    print(f"evaluate               {whole:8.2f} s   ({whole_cpu:.2f}), ", end="")
    print(f"{whole / product:.2f} x the product{aim(whole_aim)}")
    print(f"after the product      {after:8.2f} s   ({after_cpu:.2f}), ", end="")
    print(f"{after_cpu / product_cpu:.2f} x its processor time{aim(after_aim)}")
    print(f"peak memory            {peak:8.0f} MB above the features{aim(peak_aim)}, ", end="")
    print(f"blocks of {BLOCK_BYTES / 2**20:.0f} MB")
    if options.size == "market":
        for what, queries_at_once in (("product too", 1), ("alone", MATRIX_ROWS)):
            loop, loop_cpu = timed(lambda at_once=queries_at_once: argsort_each_query(people, at_once), options.repeats)
            print(f"argsort of each query, {what:<12}{loop:8.2f} s   ({loop_cpu:.2f}), ", end="")
            print(f"{loop / whole:.1f} x evaluate (aim: at least 20), {loop_cpu / whole_cpu:.1f} x its processor time")
        matrix, matrix_cpu = timed(lambda: matrix_alone(people), options.repeats)
        print(f"the latter after its product {loop - matrix:8.2f} s   ({loop_cpu - matrix_cpu:.2f}), ", end="")
        print(f"{(loop_cpu - matrix_cpu) / after_cpu:.1f} x evaluate after its own (processor time)")
        assert abs(argsort_each_query(people, MATRIX_ROWS) - result.map_step) < 1e-5, "the two disagree"


if __name__ == "__main__":
    main()
