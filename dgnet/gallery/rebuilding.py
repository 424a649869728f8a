"""Galleries that are made anew of another's pictures: of which one, and whether everything was taken over."""

from __future__ import annotations

import json
import os

from dgnet.gallery.stores.protocol import GalleryError, Store

NOTE = "rebuilt"


def begin_rebuilding(source: Store, target: Store) -> None:
    """Make a new, empty gallery one that is to hold the pictures of `source`, or go on with one that is.

    Until `end_rebuilding`, `check_rebuilt` refuses it. Raises GalleryError where `target` is another gallery.
    """
    said = _read(target)
    if target.count() if said is None else said[0] != name_of(source):
        raise GalleryError(f"{target.address}: there is another gallery than that of {source.address}; give a new name")
    _say(target, name_of(source), complete=False)


def end_rebuilding(source: Store, target: Store) -> None:
    """Say that everything was taken over."""
    _say(target, name_of(source), complete=True)


def check_rebuilt(store: Store) -> None:
    """Raise GalleryError where `rebuild` was stopped before its end; any other gallery is fine."""
    said = _read(store)
    if said and not said[1]:
        raise GalleryError(
            f"{store.address}: not complete, since `dgnet gallery rebuild` was stopped; run `dgnet gallery rebuild "
            f"{said[0]} --model {store.meta.model_name} --out {store.address}` again, and it goes on"
        )


def name_of(store: Store) -> str:
    """What a gallery is called from any folder."""
    return store.address if "://" in store.address else os.path.abspath(store.address)


def _read(store: Store) -> tuple[str, bool] | None:
    """The name of the gallery that this one is made of, and whether it is complete; None where it is not made so."""
    text = store.note(NOTE)
    if text is None:
        return None
    try:
        said = json.loads(text)
        return str(said["source"]), bool(said["complete"])
    except (ValueError, KeyError, TypeError) as error:
        damaged = f"{store.address}: its note {NOTE!r} is damaged: {error}"
        raise GalleryError(f"{damaged}; make it anew with `dgnet gallery rebuild`") from error


def _say(store: Store, source: str, *, complete: bool) -> None:
    store.set_note(NOTE, json.dumps({"source": source, "complete": complete}, ensure_ascii=False))
