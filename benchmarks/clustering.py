"""Memory and time of clustering N images without labels: distances, then DBSCAN with eps chosen; nothing is quadratic.

    python benchmarks/clustering.py --images 6000 24000

Features are drawn: people of `--each` images around a direction, as far apart as in a model that is to be adapted. Each
size runs in a process of its own, so that its peak memory is its own. The ratio printed last is peak memory, less that
before clustering, per image: largest size over smallest. If memory grew with N² it would be the ratio of the sizes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from dgnet.retrieval.clustering.dbscan import best_clustering
from dgnet.retrieval.ranking.jaccard import jaccard_distances


def peak_bytes() -> int:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(number: int, each: int, width: int, noise: float) -> dict[str, float]:
    """Cluster `number` drawn features in this process."""
    rng = np.random.default_rng(0)
    people = rng.normal(size=(max(2, number // each), width)).astype(np.float32)
    features = people[np.arange(number) % len(people)] + noise * rng.standard_normal((number, width), dtype=np.float32)
    best_clustering(jaccard_distances(features[:1000], progress=False), 4, (0.5,), progress=False)  # imports
    before, began = peak_bytes(), time.perf_counter()
    distances = jaccard_distances(features, progress=False)
    made = time.perf_counter()
    found = best_clustering(distances, 4, progress=False)
    return {
        "images": number,
        "distances per image": len(distances.values) / number,
        "seconds for distances": made - began,
        "seconds for clusters": time.perf_counter() - made,
        "clusters": found.num_clusters,
        "share": found.share,
        "GB": (peak_bytes() - before) / 1e9,
        "GB in all": peak_bytes() / 1e9,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[12_500, 25_000, 100_000])
    parser.add_argument("--each", type=int, default=15, help="images per person")
    parser.add_argument("--width", type=int, default=256, help="length of a feature")
    parser.add_argument("--noise", type=float, default=1.2, help="spread of a person's images, as its direction's is 1")
    parser.add_argument("--alone", action="store_true", help="measure in this process, and print JSON")
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(measure(arguments.images[0], arguments.each, arguments.width, arguments.noise)))
        return
    rows = []
    for number in arguments.images:
        words = [f"--each={arguments.each}", f"--width={arguments.width}", f"--noise={arguments.noise}", "--alone"]
        command = [sys.executable, __file__, f"--images={number}", *words]
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print("  ".join(f"{name} {value:.3g}" for name, value in rows[-1].items()), flush=True)
    if len(rows) > 1:
        ratio = rows[-1]["GB"] / rows[-1]["images"] / (rows[0]["GB"] / rows[0]["images"])
        print(f"peak memory per image, {rows[-1]['images']} over {rows[0]['images']} images: {ratio:.2f}")


if __name__ == "__main__":
    main()
