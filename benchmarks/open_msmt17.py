"""Opening a data set of MSMT17's size and building its index: python benchmarks/open_msmt17.py

A tree of 126 441 small files with MSMT17's folders, names and lists is made. Then a separate process recognises and
reads it, gets every file's size and time of change, hashes every file's content and writes the index.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from tqdm import tqdm

SPLITS = {"train": (1041, 30248), "val": (1041, 2373), "query": (3060, 11659), "gallery": (3060, 82161)}


def write_tree(root: Path) -> None:
    """Write the tree: small JPEGs, no two of which are equal, and the four lists."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 64), "grey").save(buffer, "JPEG")
    picture = buffer.getvalue()
    bar = tqdm(total=sum(count for _, count in SPLITS.values()), desc="stand-in", unit="file")
    for split, (identities, count) in SPLITS.items():
        folder = root / ("train" if split in ("train", "val") else "test")
        lines = []
        for number in range(count):
            pid = number % identities
            name = f"{pid:04d}/{pid:04d}_{number // identities:03d}_{1 + number % 15:02d}_0303{split}_{number}_0.jpg"
            if number < identities:
                (folder / f"{pid:04d}").mkdir(parents=True, exist_ok=True)
            with open(folder / name, "wb", buffering=0) as file:
                file.write(picture + name.encode())
            lines.append(f"{name} {pid}\n")
            bar.update()
        (root / f"list_{split}.txt").write_text("".join(lines))
    bar.close()


def open_and_index(root: Path) -> None:
    """The work that is measured; it runs in a process of its own, so that only its own memory is counted."""
    start = time.perf_counter()
    import numpy as np

    from dgnet.data.readers.detect import read_dataset
    from dgnet.data.store.crop_index import CropIndex, file_digests, file_stats

    imported = time.perf_counter()
    dataset = read_dataset("auto", root)
    paths = [record.path for records in dataset.splits().values() for record in records]
    opened = time.perf_counter()
    stats = file_stats(paths)
    digests = np.frombuffer(b"".join(file_digests(paths, workers=2)), dtype=np.uint8).reshape(len(paths), -1)
    CropIndex("none", 0, stats, stats[:, 0], digests).write(root / "index.npz")
    indexed = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{dataset.name}: {len(paths)} images, {len(dataset.labels())} training identities")
    print(f"imports {imported - start:.1f} s, reading {opened - imported:.1f} s, index {indexed - opened:.1f} s")
    print(f"together {indexed - start:.1f} s (target 10), peak memory {peak:.0f} MB (target 300)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="a tree that lies there already, instead of a stand-in")
    root = parser.parse_args().root
    if root is not None:
        open_and_index(root)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder))
        command = [sys.executable, os.path.abspath(__file__), "--root", folder]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
