"""Cloth: a colour, and figures of other colours laid over it. Every pattern is made so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dgnet.mannequin.body.mesh import Floats
from dgnet.mannequin.clothes.points import Points
from dgnet.mannequin.colour import Colour


class Figure(Protocol):
    """A shape on cloth, as a function of where a point lies on it."""

    def share(self, points: Points) -> Floats:
        """How much of each point (P) the figure covers, in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True)
class Cloth:
    """Cloth of one `colour` with `figures` over it, each with a colour of its own, the last one uppermost."""

    colour: Colour
    figures: tuple[tuple[Colour, Figure], ...] = ()

    def colours(self, points: Points) -> Floats:
        """sRGB colours P x 3."""
        result = np.empty((len(points), 3), np.float32)
        result[:] = self.colour
        for colour, figure in self.figures:
            share = figure.share(points).astype(np.float32)[:, None]
            result = result * (1 - share) + np.array(colour, np.float32) * share
        return result
