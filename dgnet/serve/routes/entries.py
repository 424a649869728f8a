"""The gallery's entries: listed, shown, added, named and removed."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Form, Header, Query
from fastapi.responses import Response

from dgnet.gallery.stores.protocol import Entry, Filter, Store, entry_id
from dgnet.serve.asking import TIME, Images, TheService, WhoAsks, answer, check_text, filter_of, time_of
from dgnet.serve.pictures import Picture
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Added, Identity, People, Person, person
from dgnet.serve.service import Service
from dgnet.serve.uploads import decode_uploads, read_uploads, refusals

router = APIRouter(prefix="/v1/entries", tags=["entries"])
_Text = Annotated[str, Form(max_length=200)]


@router.get("", response_model=People)
async def entries(
    service: TheService,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    camera: Annotated[list[str] | None, Query(description="only of these cameras; the empty name: unknown")] = None,
    identity: Annotated[str | None, Query(description="only of this person")] = None,
    known: Annotated[bool | None, Query(description="only of known identity, or only the others")] = None,
    after: Annotated[str | None, Query(description=f"only at this time or later: {TIME}")] = None,
    before: Annotated[str | None, Query(description="only earlier than this, likewise")] = None,
) -> Response:
    """A page of the entries, in the order in which they were added."""
    only = filter_of(camera, None, after, before, known, identity)
    store = service.gallery.store
    total, page = await service.ask(_page, store, only, offset, limit)
    pictures = store.meta.thumbnails
    return answer(People(total=total, entries=[person(entry, pictures=pictures) for entry in page]))


@router.get("/{id}", response_model=Person)
async def entry(service: TheService, id: str) -> Response:
    """One entry."""
    return answer(await _one(service, id))


@router.get("/{id}/picture", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def picture(service: TheService, id: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The small picture of an entry."""
    kept = await service.ask(service.gallery.store.thumbnails, [id])
    if id not in kept:
        await _one(service, id)
        raise Refusal(404, "no_picture", "This gallery keeps features alone, so there is no picture to show.")
    # An id is made of its picture, so what a browser keeps stays right. It asks each time whether it is still there.
    headers = {"ETag": f'"{id}"', "Cache-Control": "private, no-cache"}
    if if_none_match == headers["ETag"]:
        return Response(None, 304, headers)
    return Response(kept[id], 200, headers, "image/jpeg")


@router.post("", response_model=Added)
async def add(
    service: TheService,
    who: WhoAsks,
    images: Images,
    identity: _Text = "",
    camera: _Text = "",
    time: Annotated[str, Form(description=TIME, max_length=200)] = "",
    track: _Text = "",
) -> Response:
    """Add pictures of people. What is answered is on the disk; the same picture is never there twice."""
    if not images:
        raise Refusal(422, "field", "images: none were sent; send at least one.")
    said = [check_text(name, text) for name, text in (("identity", identity), ("camera", camera), ("track", track))]
    identity, camera, track = said
    when = time_of(time, "time")
    store, model_hash = service.gallery.store, service.gallery.embedder.hash
    uploads = await read_uploads(service, images)
    found = await decode_uploads(service, uploads, thumbnail=store.meta.thumbnails)
    fresh: dict[str, tuple[Entry, Picture]] = {}
    for upload, one in zip(uploads, found, strict=True):
        if isinstance(one, Picture):
            id_ = entry_id(one.content_hash, model_hash)
            source = f"upload:{upload.name}"  # no path: `dgnet gallery rebuild` opens what is one
            fresh[id_] = (Entry(id_, one.content_hash, source, camera, when, identity, track), one)
    there = await service.ask(store.present, list(fresh)) if fresh else set()
    wanted = [both for id_, both in fresh.items() if id_ not in there]
    coming, refused = [entry for entry, _ in wanted], refusals(found)
    new: list[bool] = []
    if wanted:
        features = await service.features([one.crop for _, one in wanted])
        features = service.gallery.means.taken_away(features, [entry.camera for entry in coming])
        thumbnails = [one.thumbnail for _, one in wanted]
        with service.audit.change("add", who, added=sorted(entry.id for entry in coming), refused=len(refused)):
            new = await service.ask(store.add, coming, np.ascontiguousarray(features), thumbnails)
    else:
        service.audit("add", who, added=[], refused=len(refused))
    service.forget_info()
    added = {entry.id for entry, is_new in zip(coming, new, strict=True) if is_new}
    kept = await service.ask(store.get, list(fresh)) if fresh else {}
    people = {id_: person(one, pictures=store.meta.thumbnails) for id_, one in kept.items()}
    return answer(
        Added(
            added=[people[id_] for id_ in fresh if id_ in people and id_ in added],
            known=[people[id_] for id_ in fresh if id_ in people and id_ not in added],
            refused=refused,
            strangers=service.gallery.means.strangers(entry.camera for entry in coming if entry.id in added),
        )
    )


@router.patch("/{id}", response_model=Person)
async def name(service: TheService, who: WhoAsks, id: str, said: Identity) -> Response:
    """Say who an entry shows; null: unknown again."""
    identity = check_text("identity", said.identity or "")
    await _one(service, id)
    with service.audit.change("identity", who, entry=id, identity=identity):
        if not await service.ask(service.gallery.store.label, [id], identity):
            raise _nobody(id)
    service.forget_info()
    return answer(await _one(service, id))


@router.delete("/{id}", status_code=204, response_class=Response)
async def remove(service: TheService, who: WhoAsks, id: str) -> Response:
    """Remove an entry with its feature and its picture; their bytes are overwritten."""
    store, only = service.gallery.store, Filter(ids=(id,))
    if not await service.ask(store.present, [id]):
        await service.ask(store.remove, only)  # an earlier removal may have left bytes, where others were reading
        raise _nobody(id)
    with service.audit.change("remove", who, entry=id):
        if not await service.ask(store.remove, only):
            raise _nobody(id)
    service.forget_info()
    return Response(None, 204)


async def _one(service: Service, id_: str) -> Person:
    found = await service.ask(service.gallery.store.get, [id_])
    if id_ not in found:
        raise _nobody(id_)
    return person(found[id_], pictures=service.gallery.store.meta.thumbnails)


def _nobody(id_: str) -> Refusal:
    return Refusal(404, "not_found", f"There is no entry {id_[:64]!r}; was it removed?")


def _page(store: Store, only: Filter, offset: int, limit: int) -> tuple[int, list[Entry]]:
    batches = store.entries(only, batch_size=min(10_000, offset + limit))
    return store.count(only), list(islice((entry for batch in batches for entry in batch), offset, offset + limit))
