"""What the service allows: every limit in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one request, one client and the whole service may ask for.

    Args:
        images: pictures per request.
        bytes: of a request's body.
        pixels: of one picture, by its header, before anything is decoded.
        scans: of one progressive JPEG: each costs as much time as a whole picture.
        field: characters of a text, such as a name.
        top: results per search.
        page: entries per page of the list.
        people, steps: of a swap, and of an interpolation.
        queue: requests at work or waiting; one more is answered 503.
        waiting_bytes: of all bodies that are being read or worked on.
        rate: requests per second and client, over ten seconds.
        body_seconds: from a request's first byte to its last.
        batch: pictures that the model takes at a time.
        batch_seconds: the longest that a picture waits for others that are on their way.
    """

    images: int = 16
    bytes: int = 16 * 2**20
    pixels: int = 25_000_000
    scans: int = 100
    field: int = 200
    top: int = 200
    page: int = 200
    people: int = 8
    steps: int = 21
    queue: int = 64
    waiting_bytes: int = 256 * 2**20
    rate: float = 100.0
    body_seconds: float = 30.0
    batch: int = 32
    batch_seconds: float = 0.01


DEFAULTS = Limits()
