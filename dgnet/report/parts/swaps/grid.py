"""A grid of swaps: every person in the clothes of every other."""

from __future__ import annotations

from dataclasses import dataclass

from dgnet.files.images import ImagesU8
from dgnet.report.images import GAP, picture, ratio
from dgnet.report.page import Section
from dgnet.report.part import Part


@dataclass(frozen=True)
class SwapGrid(Part):
    """R images that give appearance, C that give structure, and G(a_r, s_c): R×H×W×3, C×H×W×3, R×C×H×W×3, uint8 RGB."""

    appearance: ImagesU8
    structure: ImagesU8
    swapped: ImagesU8

    def __post_init__(self) -> None:
        expected = (len(self.appearance), *self.structure.shape)
        if self.appearance.shape[1:] != self.structure.shape[1:] or self.swapped.shape != expected:
            raise ValueError(
                f"swap grid: appearance {self.appearance.shape} and structure {self.structure.shape} call for swapped "
                f"{expected}, found {self.swapped.shape}"
            )

    def section(self) -> Section:
        lead = "Every picture wears the clothes of its row's person, in the body, pose and place of its column's."
        return Section("Swapped people", swap_grid_html(self), lead)


def swap_grid_html(grid: SwapGrid) -> str:
    """The swaps, with the structure images in a first line and the appearance images in a first column, labelled."""
    columns = len(grid.structure)
    cells = '<div class="corner"><span class="right">body →</span><span class="down">clothes ↓</span></div>'
    cells += GAP + "".join(picture(image, "structure", f"structure {c + 1}") for c, image in enumerate(grid.structure))
    for r, row in enumerate(grid.swapped):
        cells += picture(grid.appearance[r], "appearance", f"appearance {r + 1}") + GAP
        cells += "".join(picture(image, "made", f"clothes of {r + 1}, body of {c + 1}") for c, image in enumerate(row))
    style = f"--columns:{columns};{ratio(grid.structure)}"
    return (
        '<div class="key-row"><span class="tag appearance">appearance <var>x<sub>i</sub></var></span>'
        '<span class="tag structure">structure <var>x<sub>j</sub></var></span>'
        '<span class="tag made">generated <var>G(a<sub>i</sub>, s<sub>j</sub>)</var></span></div>'
        f'<div class="scroll"><div class="swaps" style="{style}">{cells}</div></div>'
    )
