"""Swaps of a mannequin test set whose true image is known: drawing them, and measuring their error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dgnet.data.normalise import bytes_to_01
from dgnet.data.records import Record
from dgnet.data.store.crops import open_crops
from dgnet.files.images import ImagesU8
from dgnet.generation.swap import swap_and_paste_pairs
from dgnet.mannequin.swaps import SWAPS_FILE, swap_targets
from dgnet.models.dgnet import DGNet
from dgnet.quality.truth import SwapError, swap_error


@dataclass(frozen=True)
class Swaps:
    """Test pairs whose true swap is known: x_i, x_j, G(a_i, s_j) and the true image, all uint8 N×H×W×3.

    `error` is the mean error of G(a_i, s_j), `pasted` that of the same swaps pasted on x_j (`dgnet.generation.paste`).
    """

    appearance: ImagesU8
    structure: ImagesU8
    swapped: ImagesU8
    truth: ImagesU8
    error: SwapError
    pasted: SwapError


def measure_swaps(model: DGNet, root: Path, size: tuple[int, int], cache: Path) -> Swaps | None:
    """Draw every swap that the data set in `root` lists and compare it with the true image; None where none is listed.

    Args:
        size: (height, width) of the images.
        cache: the folder where crops are kept.
    """
    if not (root / SWAPS_FILE).exists():
        return None
    targets = swap_targets(root)

    def images(paths: list[str]) -> ImagesU8:
        unique = sorted(set(paths))
        crops = open_crops([Record(path, 0, 0) for path in unique], size, cache, progress=False)
        return crops[[unique.index(path) for path in paths]]

    appearance = images([target.appearance for target in targets])
    structure = images([target.structure for target in targets])
    truth = images([target.target for target in targets])
    swapped, on_x_j = swap_and_paste_pairs(model, appearance, structure)
    x_ij, pasted_x_ij, true, x_j = (bytes_to_01(part) for part in (swapped, on_x_j, truth, structure))
    errors = (swap_error(one, true, x_j) for one in (x_ij, pasted_x_ij))
    return Swaps(appearance, structure, swapped, truth, *errors)
