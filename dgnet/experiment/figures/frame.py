"""What all figures have in common: where they are written, how large, whether named, and by which device drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dgnet.errors import DgnetError
from dgnet.experiment.models.find import RUN, find_model
from dgnet.files.images import ImagesU8
from dgnet.files.outputs import OutputError, free_path
from dgnet.files.pictures import check_picture, save_picture
from dgnet.generation.figure import Layout, Place
from dgnet.models.device import pick_device
from dgnet.models.dgnet import DGNet


class FigureError(DgnetError, ValueError):
    """A figure that cannot be made of what was given; the message names the option."""


@dataclass(frozen=True)
class Style:
    """How a figure is written.

    Args:
        out: the picture to write or replace; None means the first of NAME.png, NAME-2.png, ... that does not exist.
        zoom: how many times every image is enlarged.
        dpi: pixels per inch that the file names; 0 names none.
        names: whether the margins hold names.
        device: as `pick_device` takes it.
    """

    out: Path | None = None
    zoom: int = 2
    dpi: int = 0
    names: bool = True
    device: str = "auto"


@dataclass(frozen=True)
class Page:
    """A figure's file, checked before anything is drawn, and its layout."""

    path: Path
    layout: Layout
    style: Style

    def save(self, images: dict[Place, ImagesU8], framed: Sequence[Place]) -> Path:
        """Draw the figure and write it; returns its path."""
        self.save_drawn(self.layout.draw(images, framed, self.style.zoom))
        return self.path

    def save_drawn(self, picture_u8: ImagesU8) -> None:
        """Write the figure, which has been drawn already."""
        save_picture(self.path, picture_u8, dpi=self.style.dpi)


def page(name: str, layout: Layout, style: Style, inputs: Sequence[Path]) -> Page:
    """The page for a figure whose default file is NAME.png. Raises OutputError where it could not be written."""
    if style.dpi < 0:
        raise OutputError(f"--dpi: found {style.dpi}, must be at least 1, or 0 for none")
    layout = layout if style.names else replace(layout, row_names=(), column_names=())
    path = free_path(Path(f"{name}.png")) if style.out is None else style.out
    check_picture(path, "--out", layout.size, style.zoom, inputs)
    return Page(path, layout, style)


def drawing_model(run: RUN, device: str) -> tuple[DGNet, tuple[int, int]]:
    """A model that draws, on the device, and the (height, width) of its images. Raises WeightsError, ConfigError."""
    there = pick_device(device)
    loaded = find_model(run)
    return loaded.model.to(there), loaded.config.data.size
