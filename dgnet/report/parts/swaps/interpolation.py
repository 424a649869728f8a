"""Interpolation: one body, in clothes that change step by step from one person's to another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dgnet.files.images import ImagesU8
from dgnet.report.images import picture, ratio
from dgnet.report.page import Section
from dgnet.report.part import Part


@dataclass(frozen=True)
class Interpolation:
    """K frames (K×H×W×3) of one body, from the clothes in `start` to those in `end` (H×W×3 each); all uint8 RGB.

    `structure` (H×W×3) is the image that gives the body; where it is given, it is shown first.
    """

    start: ImagesU8
    frames: ImagesU8
    end: ImagesU8
    structure: ImagesU8 | None = None


@dataclass(frozen=True)
class Interpolations(Part):
    """Several interpolations, one below the other."""

    strips: Sequence[Interpolation]

    def section(self) -> Section | None:
        if not self.strips:
            return None
        body = "".join(interpolation_html(strip) for strip in self.strips)
        lead = "One body and pose, while the appearance code moves in a straight line from one person to another."
        return Section("Interpolation", body, lead)


def interpolation_html(strip: Interpolation) -> str:
    """One line of pictures: the structure if it is given, then the start, the frames and the end."""
    frames = "".join(picture(frame, "made", f"frame {k + 1}") for k, frame in enumerate(strip.frames))
    start, end = picture(strip.start, "appearance", "clothes from"), picture(strip.end, "appearance", "clothes to")
    body = "" if strip.structure is None else picture(strip.structure, "structure", "body and pose")
    style = f"--columns:{len(strip.frames) + 2 + bool(body)};{ratio(strip.frames)}"
    return f'<div class="scroll"><div class="strip" style="{style}">{body}{start}{frames}{end}</div></div>'
