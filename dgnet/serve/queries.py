"""A query as text, which a client gives back to search again or to mark: the feature itself, so no worker keeps any."""

from __future__ import annotations

import base64
import binascii
import hashlib

import numpy as np

from dgnet.gallery.stores.protocol import Float32Array
from dgnet.serve.refusal import Refusal


def as_text(feature: Float32Array) -> str:
    """A feature (dim, of length 1) as text."""
    return base64.urlsafe_b64encode(feature.astype("<f2").tobytes()).decode().rstrip("=")


def from_text(text: str, dim: int) -> Float32Array:
    """The feature again, of length 1. Raises Refusal for anything that `as_text` did not write for this model."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        feature = np.frombuffer(data, "<f2").astype(np.float32)
    except (ValueError, binascii.Error):
        feature = np.empty(0, np.float32)
    length = float(np.linalg.norm(feature)) if len(feature) == dim else 0.0
    if not abs(length - 1) < 0.01:
        raise Refusal(422, "field", "query: is not what a search of this gallery gave; search again with the picture.")
    return feature / np.float32(length)


def name_of(text: str) -> str:
    """A short name of a query, for marks and the audit log."""
    return f"query:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
