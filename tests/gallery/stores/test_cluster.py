"""Adding on a Ray cluster of two nodes on this machine: the same gallery as one process makes, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dgnet.experiment.galleries.cluster import add_on_cluster
from dgnet.experiment.galleries.gallery import Gallery
from dgnet.experiment.galleries.sources import Common, gather
from dgnet.gallery.stores.protocol import GalleryError

NUM_PICTURES = 120


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that are all different, a copy of one, and one that is none."""
    folder = tmp_path_factory.mktemp("crops")
    random = np.random.default_rng(0)
    for number in range(NUM_PICTURES):
        pixels = random.integers(0, 255, (8, 4, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels).resize((32, 64), Image.Resampling.NEAREST)
        picture.save(folder / f"p{number % 7}_c{number % 3}_{number}.jpg")
    (folder / "p1_c1_copy.jpg").write_bytes((folder / "p0_c0_0.jpg").read_bytes())
    (folder / "p1_c1_broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return folder


def everything(gallery: Any) -> dict[str, tuple]:
    return {
        entry.id: (entry, feature)
        for entries, features in gallery.store.read()
        for entry, feature in zip(entries, features, strict=True)
    }


@pytest.mark.timeout(1500)
def test_two_nodes_make_the_gallery_of_one_process(postgres: Any, cluster: str, pictures: Path, tmp_path: Path) -> None:
    address = postgres.address("on_two_nodes")
    Gallery.create(address, precision="float32").close()
    pattern = r"p(?P<identity>\d)_c(?P<camera>\d)"
    options = ["--pattern", pattern, "--time", "2026-11-28T08:00", "--ray", cluster]
    command = [sys.executable, "-m", "dgnet", "gallery", "add", address, str(pictures), *options]
    # The first run is killed as soon as something is there; the next one goes on.
    with Gallery.open(address) as gallery:
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while not len(gallery) and first.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert len(gallery) > 0
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 1, second.stderr[-2000:]  # because of the broken picture
    assert "p1_c1_broken.jpg" in second.stderr
    assert "1 left out" in second.stdout
    with Gallery.create(tmp_path / "one.db", precision="float32") as alone, Gallery.open(address) as gallery:
        alone.add(gather([str(pictures)], pattern, None, None, Common(time="2026-11-28T08:00")))
        expected, found = everything(alone), everything(gallery)
        assert len(found) == len(gallery) == NUM_PICTURES
        assert gallery.verify() == []
    assert found.keys() == expected.keys()
    copies = {str(pictures / "p1_c1_copy.jpg"), str(pictures / "p0_c0_0.jpg")}  # whichever came first is kept
    for key, (entry, feature) in expected.items():
        assert found[key][0] == entry or found[key][0].source in copies
        np.testing.assert_allclose(found[key][1], feature, atol=1e-4)


def test_what_a_cluster_cannot_do_is_said(postgres: Any, tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match="one file"):
        add_on_cluster(str(tmp_path / "people.db"), [])
    with pytest.raises(GalleryError, match="no gallery"):
        add_on_cluster(postgres.address("never_made"), [], cluster="127.0.0.1:1")
