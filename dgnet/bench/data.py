"""`dgnet bench data`: how fast training batches are made."""

from __future__ import annotations

import time
from statistics import median

import torch

from dgnet.bench.machine import machine_name, table, wait_for
from dgnet.config import RunConfig
from dgnet.experiment.data import open_data
from dgnet.training.feed import Feed


def bench_data(config: RunConfig, device: torch.device, batches: int) -> str:
    """A table: milliseconds per batch (sampled, read, augmented, erased, on the device), and images per second."""
    began = time.perf_counter()
    data = open_data(config)
    opened = time.perf_counter() - began
    feed = Feed(data.train, data.labels, data.camids, 2 * config.batch_size, config.augment, config.seed, device)
    seconds = []
    for step in range(batches + 1):
        began = time.perf_counter()
        batch = feed.batch(step)
        wait_for(device)
        seconds.append(time.perf_counter() - began)
    lap, images = median(seconds[1:]), 2 * len(batch.x)
    height, width = config.data.size
    rows = [
        ("machine", machine_name(device)),
        ("data", f"{data.dataset.name}, {len(data.train)} training images at {height} x {width}"),
        ("opening", f"{opened:.2f} s (crops are stored the first time)"),
        ("batch", f"{images} images in {lap * 1e3:.2f} ms, each plain and erased"),
        ("images per second", f"{images / lap:.0f}"),
    ]
    return table(rows)
