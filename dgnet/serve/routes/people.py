"""Features of pictures, searching for a person, and comparing two pictures."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Form
from fastapi.responses import Response

from dgnet.gallery.stores.protocol import Float32Array, GalleryError
from dgnet.serve.asking import TIME, Entries, Images, TheService, WhoAsks, answer, check_text, filter_of
from dgnet.serve.looking import Wanted, look_for
from dgnet.serve.pictures import Picture
from dgnet.serve.queries import as_text, from_text, name_of
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Compared, Features, Found, Refused
from dgnet.serve.service import Service, rates
from dgnet.serve.uploads import embed_uploads, read_uploads, refusals, refuse_bad

router = APIRouter(prefix="/v1", tags=["people"])


@router.post("/embed", response_model=Features)
async def embed(service: TheService, images: Images) -> Response:
    """Features of pictures of people, to compare by inner product (their length is 1)."""
    if not images:
        raise Refusal(422, "field", "images: none were sent; send at least one.")
    found, features = await embed_uploads(service, await read_uploads(service, images))
    rows = iter(features.tolist())
    listed = [next(rows) if isinstance(one, Picture) else None for one in found]
    return answer(Features(features=listed, dim=service.gallery.embedder.dim, refused=refusals(found)))


@router.post("/search", response_model=Found)
async def search(
    service: TheService,
    who: WhoAsks,
    images: Images,
    entries: Entries,
    query: Annotated[
        str | None, Form(description="`query` of an earlier answer, instead of pictures", max_length=100_000)
    ] = None,
    top: Annotated[int, Form(ge=1, description="how many results at most")] = 20,
    cameras: Annotated[list[str] | None, Form(description="find only entries of these cameras")] = None,
    not_cameras: Annotated[list[str] | None, Form(description="find no entries of these cameras")] = None,
    from_camera: Annotated[str, Form(description="which camera took the pictures, for a centred gallery")] = "",
    after: Annotated[str | None, Form(description=f"only at this time or later: {TIME}")] = None,
    before: Annotated[str | None, Form(description="only earlier than this, likewise")] = None,
    known: Annotated[bool | None, Form(description="only entries of known identity, or only the others")] = None,
    far: Annotated[
        float | None, Form(description="leave out what lies below the threshold of this false-accept rate")
    ] = None,
) -> Response:
    """Find a person, shown by one or several pictures, by entries of the gallery, or by an earlier query."""
    if top > service.limits.top:
        raise Refusal(422, "field", f"top: found {top}, must be at most {service.limits.top}.")
    only = filter_of(cameras, not_cameras, after, before, known)
    features, refused = await _single(service, images, entries, [from_camera] * len(images))
    if query:
        features = np.concatenate([features, from_text(query, service.gallery.embedder.dim)[None]])
    if not len(features):
        raise Refusal(422, "field", "images: nothing to search for; send a picture, an entry's id or a query.")
    mean = features.mean(axis=0)
    length = np.linalg.norm(mean)
    if length < 1e-6:
        raise Refusal(422, "field", "images: these pictures have nothing in common; search for one of them.")
    alone = len(entries) == 1 and not images and not query
    wanted = Wanted(as_text(mean / length), entries, alone, top, only, far)
    found = await service.ask(look_for, service, wanted, refused)
    shown = [one.id for one in found.results]
    service.audit("search", who, query=name_of(found.query), entries=entries, shown=shown)
    return answer(found)


@router.post("/compare", response_model=Compared)
async def compare(
    service: TheService,
    who: WhoAsks,
    images: Images,
    entries: Entries,
    from_camera: Annotated[
        list[str] | None, Form(description="which camera took each picture, in their order, for a centred gallery")
    ] = None,
    far: Annotated[float | None, Form(description="the false-accept rate that `same` is judged at")] = None,
) -> Response:
    """Do two pictures (or entries, or one of each) show the same person?"""
    if len(images) + len(entries) != 2:
        raise Refusal(422, "field", f"images: found {len(images) + len(entries)} pictures and entries, must be two.")
    taken_by = from_camera or [""] * len(images)
    if len(taken_by) != len(images):
        count = f"found {len(taken_by)} cameras for {len(images)} pictures"
        raise Refusal(422, "field", f"from_camera: {count}, must be one for each (empty: not known), or none at all.")
    features, refused = await _single(service, images, entries, taken_by)
    if refused:
        raise Refusal(415, "not_a_picture", f"{refused[0].name}: {refused[0].message}.")
    similarity = float(np.clip(features[0] @ features[1], -1, 1))
    calibration = await service.ask(service.calibration)
    if far is None:
        far = next(iter(rates(calibration)), None)
    threshold = None if calibration is None or far is None else calibration.threshold(far)
    service.audit("compare", who, entries=entries)
    return answer(
        Compared(
            similarity=similarity,
            probability=None if calibration is None else float(calibration.probability([similarity])[0]),
            same=None if threshold is None else similarity >= threshold,
            threshold=threshold,
            far=None if threshold is None else far,
        )
    )


async def _single(
    service: Service, images: Images, entries: list[str], taken_by: list[str]
) -> tuple[Float32Array, list[Refused]]:
    """The features of pictures, each by a camera of `taken_by` (empty: not known), then of entries.

    Raises Refusal where no picture is one, an entry is not there, or the gallery knows nothing of a camera.
    """
    try:
        for camera in set(taken_by):
            check_text("from_camera", camera)
            service.gallery.means.check_camera(camera, "from_camera: the gallery")
    except GalleryError as error:
        raise Refusal(422, "field", f"{error}.") from error
    if len(entries) > service.limits.images:
        raise Refusal(422, "field", f"entries: found {len(entries)}, must be at most {service.limits.images}.")
    kept = await service.ask(service.gallery.store.vectors, entries) if entries else {}
    for id_ in entries:
        if id_ not in kept:
            raise Refusal(404, "not_found", f"entries: no entry {id_[:64]!r}; was it removed?")
    found, features = await embed_uploads(service, await read_uploads(service, images))
    refuse_bad(found, only_if_all=True)
    cameras = [camera for camera, one in zip(taken_by, found, strict=True) if isinstance(one, Picture)]
    features = service.gallery.means.taken_away(features, cameras)
    rows = [features, *(kept[id_][None] for id_ in entries)]
    return np.concatenate(rows), refusals(found)
