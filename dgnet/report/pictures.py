"""The picture sections of a report: swap grid, true swaps, interpolations, ranked rows. Images are embedded."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

from dgnet.files.images import ImagesU8

JPEG_QUALITY = 90
_GAP = "<span></span>"  # the narrow column between whoever is asked about and the answers


@dataclass(frozen=True)
class SwapGrid:
    """R people give appearance, C give structure: R×H×W×3, C×H×W×3 and G(a_r, s_c) as R×C×H×W×3, uint8 RGB."""

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


@dataclass(frozen=True)
class TrueSwaps:
    """N swaps whose true image is known; each N×H×W×3 uint8 RGB."""

    appearance: ImagesU8
    structure: ImagesU8
    swapped: ImagesU8
    truth: ImagesU8

    def __post_init__(self) -> None:
        shapes = {images.shape for images in (self.appearance, self.structure, self.swapped, self.truth)}
        if len(shapes) != 1:
            raise ValueError(f"true swaps: four arrays of one shape are needed, found {sorted(shapes)}")


@dataclass(frozen=True)
class Interpolation:
    """One body in clothes that change from `start`'s to `end`'s: H×W×3, K×H×W×3, H×W×3; uint8 RGB.

    `structure` (H×W×3) is who gives the body, shown first where it is given.
    """

    start: ImagesU8
    frames: ImagesU8
    end: ImagesU8
    structure: ImagesU8 | None = None


@dataclass(frozen=True)
class RankedQuery:
    """A query H×W×3 and its best K gallery images K×H×W×3 in order; `correct`: whose are the query's person."""

    query: ImagesU8
    retrieved: ImagesU8
    correct: Sequence[bool]
    caption: str = ""

    def __post_init__(self) -> None:
        if len(self.retrieved) != len(self.correct):
            raise ValueError(f"ranked query: {len(self.retrieved)} images but {len(self.correct)} marks right or wrong")


def swap_grid_html(grid: SwapGrid) -> str:
    """A matrix with its givers in the first row and the first column, labelled."""
    columns = len(grid.structure)
    cells = '<div class="corner"><span class="right">body →</span><span class="down">clothes ↓</span></div>'
    cells += _GAP + "".join(_cell(image, "structure", f"structure {c + 1}") for c, image in enumerate(grid.structure))
    for r, row in enumerate(grid.swapped):
        cells += _cell(grid.appearance[r], "appearance", f"appearance {r + 1}") + _GAP
        cells += "".join(_cell(image, "made", f"clothes of {r + 1}, body of {c + 1}") for c, image in enumerate(row))
    style = f"--columns:{columns};{_ratio(grid.structure)}"
    return (
        '<div class="key-row"><span class="tag appearance">appearance <var>x<sub>i</sub></var></span>'
        '<span class="tag structure">structure <var>x<sub>j</sub></var></span>'
        '<span class="tag made">generated <var>G(a<sub>i</sub>, s<sub>j</sub>)</var></span></div>'
        f'<div class="scroll"><div class="swaps" style="{style}">{cells}</div></div>'
    )


def true_swaps_html(swaps: TrueSwaps) -> str:
    """Quadruples: who gives the clothes, who the body, what was generated, what is true."""
    quadruples = ""
    for appearance, structure, swapped, truth in zip(
        swaps.appearance, swaps.structure, swaps.swapped, swaps.truth, strict=True
    ):
        quadruples += (
            f'<div class="quad" style="{_ratio(swaps.truth)}">{_captioned(appearance, "appearance", "clothes")}'
            f"{_captioned(structure, 'structure', 'body')}{_captioned(swapped, 'made', 'generated')}"
            f"{_captioned(truth, 'true', 'true')}</div>"
        )
    return f'<div class="quads">{quadruples}</div>'


def interpolation_html(strip: Interpolation) -> str:
    """Who gives the body, then start, the frames between, and end, in one row."""
    frames = "".join(_cell(frame, "made", f"frame {k + 1}") for k, frame in enumerate(strip.frames))
    start, end = _cell(strip.start, "appearance", "clothes from"), _cell(strip.end, "appearance", "clothes to")
    body = "" if strip.structure is None else _cell(strip.structure, "structure", "body and pose")
    style = f"--columns:{len(strip.frames) + 2 + bool(body)};{_ratio(strip.frames)}"
    return f'<div class="scroll"><div class="strip" style="{style}">{body}{start}{frames}{end}</div></div>'


def ranked_html(queries: Sequence[RankedQuery]) -> str:
    """One row a query; a right answer is framed green with a tick, a wrong one red with a cross."""
    rows = ""
    for query in queries:
        cells = _cell(query.query, "query", "query") + _GAP
        for rank, (image, correct) in enumerate(zip(query.retrieved, query.correct, strict=True), start=1):
            kind, mark, word = ("right", "✓", "right") if correct else ("wrong", "✗", "wrong")
            cells += _cell(image, kind, f"rank {rank}, {word}", f"<b>{mark}</b><i>{rank}</i>")
        caption = f'<p class="caption">{escape(query.caption)}</p>' if query.caption else ""
        style = f"--columns:{len(query.correct)};{_ratio(query.query[None])}"
        rows += f'<div class="scroll"><div class="ranked" style="{style}">{cells}</div></div>{caption}'
    return rows


def data_uri(image: ImagesU8) -> str:
    """An image H×W×3 uint8 as a JPEG data URI; a small one, where JPEG's blocks would show, as PNG."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an image H×W×3 uint8, found {image.shape} {image.dtype}")
    stream = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(image))
    kind = "png" if image.shape[0] < 64 else "jpeg"
    if kind == "png":
        picture.save(stream, "PNG", optimize=True)
    else:
        picture.save(stream, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def _cell(image: ImagesU8, kind: str, label: str, marks: str = "") -> str:
    words = escape(label, quote=True)
    return f'<div class="pic {kind}"><img src="{data_uri(image)}" alt="{words}" title="{words}">{marks}</div>'


def _captioned(image: ImagesU8, kind: str, caption: str) -> str:
    return f"<figure>{_cell(image, kind, caption)}<figcaption>{escape(caption)}</figcaption></figure>"


def _ratio(images: ImagesU8) -> str:
    return f"--ratio:{images.shape[-2]}/{images.shape[-3]}"
