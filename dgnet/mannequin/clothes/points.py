"""Points of a dressed body, and the coordinates that cloth is cut and coloured in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dgnet.mannequin.body.anatomy import Part
from dgnet.mannequin.body.mesh import Floats, Ints

Mask = npt.NDArray[np.bool_]
TRUNK_RADIUS = 0.075  # statures, as cloth lies around it


@dataclass(frozen=True)
class Points:
    """Where P points lie, whoever's body it is.

    `part` (P) is the part of the body; `canon` (P x 3) the place on the neutral body, in statures (see `anatomy`);
    `arm` (P) how far along the arm (shoulder 0, wrist 1, negative elsewhere).
    """

    part: Ints
    canon: Floats
    arm: Floats

    def __getitem__(self, chosen: Mask) -> Points:
        return Points(self.part[chosen], self.canon[chosen], self.arm[chosen])

    def __len__(self) -> int:
        return len(self.part)

    @property
    def xyz(self) -> tuple[Floats, Floats, Floats]:
        """`canon` by axis: to the left, backwards, up."""
        x, y, z = self.canon.T
        return x, y, z

    @property
    def trunk(self) -> Mask:
        """Torso and legs."""
        mask: Mask = (self.part == Part.TORSO) | (self.part == Part.LEG)
        return mask

    @property
    def sleeve(self) -> Mask:
        """Points that a sleeve covers, or would."""
        mask: Mask = self.arm > 0.05
        return mask

    def on_cloth(self) -> tuple[Floats, Floats]:
        """Coordinates of the cloth as a sheet, in statures: around the body (0 in front, left positive), and upwards.

        A trouser leg and a sleeve are sheets of their own; a sleeve's "upwards" is towards the shoulder.
        """
        x, y, z = self.xyz
        leg = (self.part == Part.LEG) & (z < 0.46)
        # The axes of legs and trunk as they lie in the neutral body: legs lean outwards, the trunk forwards.
        middle = np.where(leg, np.sign(x) * (0.115 - 0.12 * z), np.float32(0))
        behind = np.where(leg, y + np.float32(0.01), y + np.float32(0.02))
        radius = np.where(leg, np.float32(0.042), np.float32(TRUNK_RADIUS))
        around = np.arctan2(x - middle, -behind) * radius + middle
        return np.where(self.sleeve, y, around), np.where(self.sleeve, np.float32(0.78) - self.arm * 0.34, z)
