"""A data set and a run small enough for a test: six people drawn as coloured blocks, eight steps of narrow networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

from dgnet.config import BackboneConfig, DataConfig, NetworkConfig, RunConfig, preset

torch.set_num_threads(1)
# Hypothesis without a deadline: a test's time says more about the machine's other work than about the test.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")


def draw_person(pid: int, camid: int, index: int) -> Image.Image:
    """A 64 x 32 picture: the identity decides shirt and trousers, the camera the background."""
    rng = np.random.default_rng((pid, camid, index))
    shirt, trousers = np.random.default_rng(pid).integers(20, 235, (2, 3))
    pixels = np.full((64, 32, 3), 60 + 40 * camid, dtype=np.float64)
    left = 8 + int(rng.integers(-3, 4))
    pixels[14:36, left : left + 16] = shirt
    pixels[36:60, left + 2 : left + 14] = trousers
    pixels[4:14, left + 4 : left + 12] = (220, 180, 150)
    return Image.fromarray(np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def make_market(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Write a tree with that many training identities and two test identities, and return its root."""

    def make(num_train_ids: int) -> Path:
        root = tmp_path_factory.mktemp(f"market{num_train_ids}")
        test_ids = range(num_train_ids + 1, num_train_ids + 3)
        for pid in range(1, num_train_ids + 3):
            for camid in (1, 2):
                for index in range(3):
                    query = pid in test_ids and index == 0
                    split = "query" if query else "bounding_box_test" if pid in test_ids else "bounding_box_train"
                    (root / split).mkdir(exist_ok=True)
                    name = f"{pid:04d}_c{camid}s1_{index:06d}_01.jpg"
                    draw_person(pid, camid, index).save(root / split / name, quality=95)
        return root

    return make


@pytest.fixture(scope="session")
def market(make_market: Callable[[int], Path]) -> Path:
    """Four training identities and two test identities."""
    return make_market(4)


@pytest.fixture
def config(market: Path, tmp_path: Path) -> RunConfig:
    """A run of eight joint steps, during which all ramps begin and end, and four teacher steps."""
    backbone = BackboneConfig(bottleneck=False, layers=(1, 1, 1, 1), width=8, stem="small")
    network = NetworkConfig(
        structure_width=2,
        detail=True,
        dilations=(1, 2, 3),
        mlp_width=8,
        discriminator_width=4,
        feature_dim=8,
        backbone=backbone,
    )
    base = preset("mannequin").scaled(8)
    return replace(
        base,
        data=DataConfig("market1501", str(market), (64, 32), cache=str(tmp_path / "cache")),
        batch_size=2,
        network=network,
        teacher=replace(base.teacher, backbone=backbone, batch_size=4, steps=4, min_accuracy=0.0),
        schedule=replace(base.schedule, ramp_start=2, ramp_rate=0.5, warmup=0),
        loss=replace(base.loss, r1_every=3, cycle=2.0),
        log_every=2,
        sample_every=4,
        checkpoint_every=2,
    )


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """A Ray cluster of two nodes of one CPU each on this machine; gives the address of its head."""
    utils = pytest.importorskip("ray.cluster_utils", reason="clusters need ray")
    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    nodes = utils.Cluster()
    try:
        for options in ({**node, "include_dashboard": False}, node):
            for attempt in range(5):
                try:
                    nodes.add_node(wait=False, **options)
                    break
                except Exception:  # Ray gives a node 30 seconds to start, which a busy machine may not keep
                    if attempt == 4:
                        raise
        nodes.wait_for_nodes(timeout=120)
        yield nodes.address
    finally:
        nodes.shutdown()
