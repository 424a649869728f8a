"""Features in the call shapes that trackers use: `dgnet.trackers.Embedder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dgnet.trackers.embedder import Embedder

__all__ = ["Embedder"]


def __getattr__(name: str) -> object:
    if name == "Embedder":
        from dgnet.trackers.embedder import Embedder

        return Embedder
    raise AttributeError(f"module 'dgnet.trackers' has no attribute {name!r}; it has Embedder", name=name)
