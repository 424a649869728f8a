"""Small images and trees that the data tests read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

WriteImages = Callable[..., list[str]]


def picture(number: int, height: int = 16, width: int = 8) -> Image.Image:
    """A smooth picture, a different one for each number."""
    small = np.random.default_rng(number).integers(0, 256, (4, 2, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def write_images(tmp_path: Path) -> WriteImages:
    """Write one picture per name under `tmp_path`, with the folders needed; return the paths."""

    def write(*names: str, size: tuple[int, int] = (16, 8)) -> list[str]:
        for number, name in enumerate(names):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            picture(number, *size).save(tmp_path / name)
        return [str(tmp_path / name) for name in names]

    return write
