"""Pictures in the page: embedded in the HTML, framed and labelled."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from PIL import Image

from dgnet.files.images import ImagesU8

JPEG_QUALITY = 90
GAP = "<span></span>"  # the narrow column between a query and its answers, or between given images and swaps


def data_uri(image: ImagesU8) -> str:
    """An image H×W×3 uint8 as a JPEG data URI; as PNG if it is less than 64 high, where JPEG's blocks would show."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an image H×W×3 uint8, found {image.shape} {image.dtype}")
    stream = io.BytesIO()
    made = Image.fromarray(np.ascontiguousarray(image))
    kind = "png" if image.shape[0] < 64 else "jpeg"
    if kind == "png":
        made.save(stream, "PNG", optimize=True)
    else:
        made.save(stream, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def picture(image: ImagesU8, kind: str, label: str, marks: str = "") -> str:
    """A framed picture; `kind` is a class of the style sheet, `marks` is HTML that is shown over the picture."""
    words = escape(label, quote=True)
    return f'<div class="pic {kind}"><img src="{data_uri(image)}" alt="{words}" title="{words}">{marks}</div>'


def captioned(image: ImagesU8, kind: str, caption: str) -> str:
    """A framed picture with its caption below."""
    return f"<figure>{picture(image, kind, caption)}<figcaption>{escape(caption)}</figcaption></figure>"


def ratio(images: ImagesU8) -> str:
    """The ratio of width to height, as a property that the style sheet reads."""
    return f"--ratio:{images.shape[-2]}/{images.shape[-3]}"
