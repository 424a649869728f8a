"""Swaps compared with the true swapped image."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dgnet.files.images import ImagesU8
from dgnet.quality.truth import SwapError
from dgnet.report.images import captioned, ratio
from dgnet.report.page import Section, Tile
from dgnet.report.part import Part
from dgnet.report.tables import Cell, Column, Table


@dataclass(frozen=True)
class TrueSwaps:
    """N swaps whose true image is known: x_i, x_j, G(a_i, s_j) and the true image, each N×H×W×3 uint8 RGB."""

    appearance: ImagesU8
    structure: ImagesU8
    swapped: ImagesU8
    truth: ImagesU8

    def __post_init__(self) -> None:
        shapes = {images.shape for images in (self.appearance, self.structure, self.swapped, self.truth)}
        if len(shapes) != 1:
            raise ValueError(f"true swaps: four arrays of one shape are needed, found {sorted(shapes)}")


@dataclass(frozen=True)
class AgainstTruth(Part):
    """The mean error of all swaps whose true image is known; that of the same swaps pasted on x_j; and examples."""

    error: SwapError
    pasted: SwapError | None = None
    examples: TrueSwaps | None = None

    def tables(self) -> list[Table]:
        return [swap_error_table(self.error, self.pasted)]

    def section(self) -> Section:
        body = true_swaps_html(self.examples) if self.examples else ""
        body += f"<h3>Error</h3>{self.tables()[0].to_html()}"
        lead = "Both factors of a synthetic person are known, so the true swapped image exists."
        return Section("Against the true swap", body, lead)

    def tiles(self) -> list[Tile]:
        ratio_ = self.error.ratio
        return [Tile(f"{ratio_:.2f} ×", "L1 to the true swap", "of copying x_j", ratio_ < 1)]

    def as_dict(self) -> dict[str, Any]:
        found = {"swap_error": self.error, "pasted_swap_error": self.pasted}
        return {name: {**asdict(error), "ratio": error.ratio} for name, error in found.items() if error}


def swap_error_table(error: SwapError, pasted: SwapError | None = None) -> Table:
    """Errors of the swap, of the swap pasted on x_j, and of x_j itself, each against the true swapped image."""
    columns = (
        Column(""),
        Column("L1", digits=4, best="min"),
        Column("PSNR, dB", digits=2, best="max"),
        Column("SSIM", digits=3, best="max"),
    )
    rows: list[tuple[Cell, ...]] = [("G(a_i, s_j)", error.l1, error.psnr, error.ssim)]
    note = (
        f"Against the true swapped image, mean over {error.num_pairs} pairs of people never trained on; "
        f"images in [0, 1]. L1 is {error.ratio:.3f} × that of copying x_j"
    )
    if pasted:
        rows.append(("the same, pasted on x_j", pasted.l1, pasted.psnr, pasted.ssim))
        note += f"; pasted on x_j where clothes change, {pasted.ratio:.3f} ×"
    rows.append(("x_j copied", error.copy_l1, error.copy_psnr, error.copy_ssim))
    return Table("swap_error", "Swap error", columns, tuple(rows), note + ".")


def true_swaps_html(swaps: TrueSwaps) -> str:
    """Four pictures per swap: the clothes (x_i), the body (x_j), the generated swap, and the true image."""
    quadruples = ""
    for appearance, structure, swapped, truth in zip(
        swaps.appearance, swaps.structure, swaps.swapped, swaps.truth, strict=True
    ):
        quadruples += (
            f'<div class="quad" style="{ratio(swaps.truth)}">{captioned(appearance, "appearance", "clothes")}'
            f"{captioned(structure, 'structure', 'body')}{captioned(swapped, 'made', 'generated')}"
            f"{captioned(truth, 'true', 'true')}</div>"
        )
    return f'<div class="quads">{quadruples}</div>'
