"""`dgnet bench evaluate`: how fast features are extracted, and how fast galleries are ranked by them."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch.nn.functional import normalize

from dgnet.bench.machine import machine_name, peak_memory, table
from dgnet.config import RunConfig
from dgnet.experiment.evaluation.features import features_by
from dgnet.models.dgnet import DGNet
from dgnet.models.layers.units import place
from dgnet.retrieval.features.extract import extract
from dgnet.retrieval.ranking.ranks import evaluate

NUM_CAMERAS = 6


def bench_evaluate(config: RunConfig, device: torch.device, images: int, queries: int, gallery: int) -> str:
    """A table of both speeds: an untrained network extracts features of noise images; random features are ranked."""
    rng = np.random.default_rng(config.seed)
    model = place(DGNet(config.network, num_classes=2), device).eval()
    crops = rng.integers(0, 256, (images, *config.data.size, 3), dtype=np.uint8)
    function = features_by(None, model)
    extract(function, crops[:8], device=device, progress=False)
    began = time.perf_counter()
    extract(function, crops, device=device, progress=False)
    extraction = time.perf_counter() - began

    people = max(2, queries // 4)
    features = [
        normalize(torch.from_numpy(rng.standard_normal((count, 2 * config.network.feature_dim), np.float32)), dim=1)
        for count in (queries, gallery)
    ]
    pids, camids = ([rng.integers(0, high, count) for count in (queries, gallery)] for high in (people, NUM_CAMERAS))
    began = time.perf_counter()
    evaluate(*(feature.numpy() for feature in features), *pids, *camids, device=device, progress=False)
    ranking = time.perf_counter() - began
    height, width = config.data.size
    rows = [
        ("machine", machine_name(device)),
        ("features", f"{images / extraction:.1f} images per second at {height} x {width}, each with its mirror"),
        ("ranking", f"{queries} queries against {gallery} in {ranking:.2f} s"),
        ("peak memory", f"{peak_memory(device) / 2**30:.2f} GiB"),
    ]
    return table(rows)
