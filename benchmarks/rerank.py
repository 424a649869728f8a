"""Time k-reciprocal re-ranking on nearest neighbours against the dense NumPy form and the matrix product alone.

python benchmarks/rerank.py market              # 3 368 + 19 732 images; --dense adds the dense form (9 GB)
python benchmarks/rerank.py msmt17              # 11 659 + 82 161 images
python benchmarks/rerank.py quarter --dense     # a quarter of Market-1501's size
python benchmarks/rerank.py market --quick --dense      # a twentieth of the images: does it run?
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from ranking import SIZES, aim, make_people, peak_memory_of, product_alone, shrink, timed

from dgnet.retrieval import summarise
from dgnet.retrieval.ranking.rerank import rerank, rerank_matches

AIMS: dict[str, tuple[float | None, float | None]] = {"market": (8, 2000), "msmt17": (None, 8000)}  # seconds, MB
QUARTER = replace(SIZES["market"], num_query=842, num_gallery=4933, num_junk=955, num_ids=188)


def dense_rerank(
    query: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32], k1: int = 20, k2: int = 6, lambda_: float = 0.3
) -> npt.NDArray[np.float32]:
    """Zhong et al. 2017 as it is usually run, with every matrix dense: N x N distances, a full sort of each row."""
    images = np.concatenate([query, gallery])
    number, num_query = len(images), len(query)
    distance = 2 - 2 * images @ images.T
    distance /= distance.max(axis=1, keepdims=True)
    order = np.argsort(distance, axis=1).astype(np.int32)

    def reciprocal(i: int, k: int) -> npt.NDArray[np.int32]:
        forward = order[i, : k + 1]
        return forward[(order[forward, : k + 1] == i).any(axis=1)]

    encoding = np.zeros((number, number), dtype=np.float32)
    for i in range(number):
        own = reciprocal(i, k1)
        members = own
        for j in own:
            others = reciprocal(j, round(k1 / 2))
            if len(np.intersect1d(others, own)) > 2 / 3 * len(others):
                members = np.append(members, others)
        members = np.unique(members)
        weight = np.exp(-distance[i, members])
        encoding[i, members] = weight / weight.sum()
    if k2 > 1:
        encoding = np.stack([encoding[order[i, :k2]].mean(axis=0) for i in range(number)])
    holders = [np.flatnonzero(encoding[:, j]) for j in range(number)]
    final = np.empty((num_query, number), dtype=np.float32)
    for i in range(num_query):
        smaller = np.zeros(number, dtype=np.float32)
        for j in np.flatnonzero(encoding[i]):
            smaller[holders[j]] += np.minimum(encoding[i, j], encoding[holders[j], j])
        final[i] = (1 - lambda_) * (1 - smaller / (2 - smaller)) + lambda_ * distance[i]
    return final[:, num_query:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", choices=["quarter", "market", "msmt17"])
    parser.add_argument("--dense", action="store_true", help="run the dense form too")
    parser.add_argument("--noise", type=float, default=2.6, help="against an identity's centre of unit variance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the images; the ratios mean little then")
    options = parser.parse_args()
    size = QUARTER if options.size == "quarter" else SIZES[options.size]
    size = shrink(size) if options.quick else size
    seconds_aim, peak_aim = AIMS.get(options.size, (None, None))
    people = make_people(size, options.noise, options.seed)
    arrays = people.arrays()

    product, product_cpu = timed(lambda: product_alone(people), 1)
    results = []
    times = []
    peak = peak_memory_of(lambda: times.append(timed(lambda: results.append(rerank_matches(*arrays)), 1)))
    own, own_cpu = times[0]
    print(f"{options.size}: {size.num_query} + {size.num_gallery} x {size.width}, noise {options.noise:g}", end="; ")
    print(f"mAP {summarise(results[0]).map_step:.3f} after re-ranking")
    print(f"query-gallery product {product:8.2f} s  ({product_cpu:.2f} processor seconds)")
    print(f"re-ranking            {own:8.2f} s{aim(seconds_aim)}  ({own_cpu:.2f}), {own / product:.1f} x the product")
    print(f"peak memory           {peak:8.0f} MB above the features{aim(peak_aim)}")
    if options.dense:
        distances: list[npt.NDArray[np.float32]] = []
        dense, dense_cpu = timed(lambda: distances.append(dense_rerank(people.query, people.gallery)), 1)
        print(f"dense NumPy           {dense:8.2f} s  ({dense_cpu:.2f}), {dense / own:.1f} x re-ranking")
        furthest = np.abs(distances[0] - rerank(people.query, people.gallery, progress=False)).max()
        print(f"largest difference    {furthest:8.1e}")


if __name__ == "__main__":
    main()
