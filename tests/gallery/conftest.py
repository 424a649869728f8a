"""A quick embedder, pictures to add, and processes that end without saying goodbye."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dgnet.gallery.crops import Item
from dgnet.gallery.embedder import Embedder
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import create_store
from dgnet.gallery.stores.protocol import Meta


def make_embedder(name: str = "colours", power: float = 1.0) -> Embedder:
    """Mean colours of 4 x 2 patches: a feature as simple as can be, but a real one."""

    def function(crops: np.ndarray) -> np.ndarray:
        patches = crops.astype(np.float32).reshape(len(crops), 4, 8, 2, 8, 3).mean(axis=(2, 4)).reshape(len(crops), 24)
        return patches**power + 1

    return Embedder(name, f"{name}-hash", "resized to 32 x 16", "mean", (32, 16), 24, function)


def make_picture(number: int) -> bytes:
    """A JPEG of coloured patches, another for every number."""
    patches = np.random.default_rng(number).integers(0, 256, (8, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(patches.repeat(8, axis=0).repeat(8, axis=1)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


@pytest.fixture
def embedder() -> Embedder:
    return make_embedder()


@pytest.fixture
def picture() -> Callable[[int], bytes]:
    return make_picture


@pytest.fixture
def other_embedder() -> Embedder:
    return make_embedder("squares", 2.0)


@pytest.fixture
def make_gallery(tmp_path: Path, embedder: Embedder) -> Callable[..., Gallery]:
    """A new gallery in `tmp_path`."""

    def make(name: str = "people.db", precision: str = "float16", thumbnails: bool = True) -> Gallery:
        meta = Meta(embedder.hash, embedder.name, embedder.preprocessing, embedder.dim, precision, thumbnails)  # type: ignore[arg-type]
        return Gallery(create_store(str(tmp_path / name), meta), lambda: embedder)

    return make


@pytest.fixture
def filled(make_gallery: Callable[..., Gallery]) -> Callable[[int], Gallery]:
    """A gallery of that many pictures, of ten people by three cameras."""

    def fill(number: int) -> Gallery:
        gallery = make_gallery()
        items = [
            Item(make_picture(n), f"SECRET-SOURCE-{n:04d}-", f"camera-{n % 3}", float(n), f"SECRET-PERSON-{n % 10}-")
            for n in range(number)
        ]
        gallery.add(items, batch_size=64)
        return gallery

    return fill


@pytest.fixture
def in_child() -> Callable[[Callable[[], str]], tuple[int, int]]:
    """Start a function in a process of its own; (process id, the end of a pipe that is closed when it ends).

    A copy of this process, so that torch need not be imported again. What the function returns comes through the pipe.
    """

    def start(function: Callable[[], str]) -> tuple[int, int]:
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of copies of processes with threads; the copy uses none
            child = os.fork()
        if child:
            os.close(writing)
            return child, reading
        try:
            os.close(reading)
            os.write(writing, function().encode())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)

    return start


@pytest.fixture
def told_by_child(in_child: Callable) -> Callable[[Callable[[], str]], str]:
    """Run a function in a process of its own, and return what it returned or raised."""

    def run(function: Callable[[], str]) -> str:
        child, reading = in_child(function)
        with os.fdopen(reading) as stream:
            said = stream.read()
        os.waitpid(child, 0)
        return said

    return run
