"""Building the crop store against one pass of torchvision's ImageFolder with Pillow: python benchmarks/store_build.py

Both decode the same 12 936 JPEGs of 128x64 (Market-1501's number and size; the pictures are made here) and resize them
to 256x128 with bicubic. Building the store includes all its work: files are read, hashed, decoded, resized, written and
synced to the disk.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image
from tqdm import tqdm

from dgnet.data.records import Record
from dgnet.data.store.crops import Crops, open_crops
from dgnet.data.store.memory import keep_freed_memory

SIZE = (256, 128)


def write_pictures(folder: Path, count: int) -> list[Record]:
    """Write JPEGs of 128x64 with about the detail of photographs: smooth shapes and a little noise; 3 to 4 kB each."""
    rng = np.random.default_rng(0)
    records = []
    for number in tqdm(range(count), desc="pictures", unit="image"):
        coarse = Image.fromarray(rng.integers(0, 256, (16, 8, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((64, 128), Image.Resampling.BICUBIC)).astype(np.int16)
        picture = np.clip(smooth + rng.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)
        path = folder / f"{number:05d}.jpg"
        path.write_bytes(simplejpeg.encode_jpeg(picture, quality=90, colorsubsampling="420"))
        records.append(Record(str(path), number // 16, number % 6))
    return records


def image_folder_pass(records: list[Record]) -> float:
    """Seconds to load every image as ImageFolder's loader and a bicubic Resize do, in one process."""
    start = time.perf_counter()
    for record in records:
        with open(record.path, "rb") as file:
            image = Image.open(file).convert("RGB")
        np.asarray(image.resize(SIZE[::-1], Image.Resampling.BICUBIC))
    return time.perf_counter() - start


def build(records: list[Record], cache: Path, workers: int) -> tuple[float, Crops]:
    """Build the store; returns the seconds that it took, and the store."""
    start = time.perf_counter()
    crops = open_crops(records, SIZE, cache, workers=workers, progress=False)
    return time.perf_counter() - start, crops


def difference(records: list[Record], crops: Crops) -> tuple[float, int]:
    """Mean and largest difference between the store's pixels and Pillow's bicubic, in grey levels."""
    gaps = []
    for place in range(0, len(records), 25):
        pillow = Image.open(records[place].path).resize(SIZE[::-1], Image.Resampling.BICUBIC)
        gaps.append(np.abs(crops.images_u8[place].astype(int) - np.asarray(pillow).astype(int)))
    return float(np.mean(gaps)), int(np.max(gaps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=12936)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many is kept, for both")
    arguments = parser.parse_args()
    keep_freed_memory()  # as `dgnet train` does
    with tempfile.TemporaryDirectory() as folder:
        records = write_pictures(Path(folder), arguments.images)
        pillow, store = [], []
        for repeat in range(arguments.repeats):  # in turn, so that other work on the machine slows both alike
            pillow.append(image_folder_pass(records))
            seconds, crops = build(records, Path(folder) / f"cache{repeat}", arguments.workers)
            store.append(seconds)
        mean, largest = difference(records, crops)
    count = len(records)
    print(f"Pillow, ImageFolder pass, one process: {count / min(pillow):8.0f} images/s")
    print(f"crop store, {arguments.workers} threads:              {count / min(store):8.0f} images/s")
    print(f"ratio: {min(pillow) / min(store):.1f} (target 4)")
    print(f"difference to Pillow's bicubic: {mean:.3f} grey levels on average, {largest} at most (targets 1, 4)")


if __name__ == "__main__":
    main()
