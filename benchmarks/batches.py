"""Batches from the crop store against a DataLoader that decodes with Pillow: python benchmarks/batches.py

Both make batches of 256x128 images, mirrored, edge-padded and cropped, from the same JPEGs of 128x64. They are timed
once up to the uint8 pixels that go to the training device, and once up to float32, ImageNet-normalised, with random
erasing. The DataLoader has two worker processes; the store runs in this process alone. With `--device cuda` both end
with the batch on the GPU; the store then lies in the GPU's memory and is augmented there, as in training.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from store_build import SIZE, write_pictures
from torch.utils.data import DataLoader, Dataset

from dgnet.data.batches.augment import NUM_ERASE_DRAWS, Augment, random_erase_
from dgnet.data.batches.pairs import PairSampler
from dgnet.data.batches.streams import draw
from dgnet.data.normalise import IMAGENET_MEAN, IMAGENET_STD, normalise
from dgnet.data.records import Record
from dgnet.data.store.crops import Crops, open_crops
from dgnet.data.store.memory import keep_freed_memory
from dgnet.training.views import resident

PAD = 10


class PillowImages(Dataset):
    """A data set that does everything for one image at a time: decode, resize, mirror, pad, crop, normalise, erase."""

    def __init__(self, records: list[Record], normalised: bool) -> None:
        self.records, self.normalised = records, normalised
        self.mean, self.std = torch.tensor(IMAGENET_MEAN)[:, None, None], torch.tensor(IMAGENET_STD)[:, None, None]

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, place: int) -> torch.Tensor:
        height, width = SIZE
        with open(self.records[place].path, "rb") as file:
            image = Image.open(file).convert("RGB")
        image = image.resize((width, height), Image.Resampling.BICUBIC)
        if random.random() < 0.5:
            image = ImageOps.mirror(image)
        pixels = np.pad(np.asarray(image), ((PAD, PAD), (PAD, PAD), (0, 0)), mode="edge")
        top, left = random.randint(0, 2 * PAD), random.randint(0, 2 * PAD)
        pixels = pixels[top : top + height, left : left + width]
        x = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        if not self.normalised:
            return x
        x = x.float().div_(255.0)
        x.sub_(self.mean).div_(self.std)
        if random.random() < 0.5:
            erase(x)
        return x


def erase(x: torch.Tensor) -> None:
    """Random erasing in its usual form, for one image at a time."""
    _, height, width = x.shape
    while True:
        pixels, ratio = random.uniform(0.02, 0.4) * height * width, random.uniform(0.3, 3.3)
        rows, columns = round((pixels * ratio) ** 0.5), round((pixels / ratio) ** 0.5)
        if rows < height and columns < width:
            top, left = random.randint(0, height - rows), random.randint(0, width - columns)
            x[:, top : top + rows, left : left + columns] = 0.0
            return


def timed(batch: Callable[[int], torch.Tensor], num_batches: int) -> float:
    """Images per second of `batch(step)`, after a few steps to warm up."""
    for step in range(8):
        batch(step)
    start = time.perf_counter()
    num_images = sum(len(batch(8 + step)) for step in range(num_batches))
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return num_images / (time.perf_counter() - start)


def loader_rate(records: list[Record], size: int, normalised: bool, device: str) -> float:
    """Images per second from a DataLoader with two workers."""
    loader = DataLoader(PillowImages(records, normalised), size, shuffle=True, num_workers=2, drop_last=True)
    batches = itertools.chain.from_iterable(itertools.repeat(loader))
    return timed(lambda _: next(batches).to(device), num_batches=50)


def store_rate(crops: Crops, sampler: PairSampler, normalised: bool, device: str) -> float:
    """Images per second from the store: sample, copy, mirror, pad and crop; for float32 also normalise and erase."""
    augment, size = Augment(SIZE, mirror=0.5, pad=PAD), sampler.batch_size
    whole = np.asarray(crops.images_u8) if device == "cpu" else resident(crops, torch.device(device))

    def batch(step: int) -> torch.Tensor:
        x_u8 = augment(whole, sampler.batch(step).anchor, draw(0, step, 1, (1, size, Augment.NUM_DRAWS)))
        if not normalised:
            return x_u8
        return random_erase_(normalise(x_u8), draw(0, step, 2, (1, size, NUM_ERASE_DRAWS)))

    return timed(batch, num_batches=300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many is kept, for both")
    arguments = parser.parse_args()
    keep_freed_memory()  # as `dgnet train` does
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        records = write_pictures(Path(folder), arguments.images)
        crops = open_crops(records, SIZE, Path(folder) / "cache")
        sampler = PairSampler([r.pid for r in records], [r.camid for r in records], arguments.batch, seed=0)
        for kind, normalised in (("uint8", False), ("float32", True)):
            loader, store = [], []
            for _ in range(arguments.repeats):  # in turn, so that other work on the machine slows both alike
                loader.append(loader_rate(records, arguments.batch, normalised, arguments.device))
                store.append(store_rate(crops, sampler, normalised, arguments.device))
            print(
                f"{kind}: DataLoader of Pillow decodes, two workers {max(loader):.0f} images/s; "
                f"crop store {max(store):.0f} images/s; ratio {max(store) / max(loader):.1f} (target 20)"
            )


if __name__ == "__main__":
    main()
