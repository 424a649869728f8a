"""People in each other's clothes, and the way from one to another."""

from __future__ import annotations

import base64
import io
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Form
from fastapi.responses import Response
from PIL import Image

from dgnet.data.store.decode import decode_image
from dgnet.data.store.resize import resize
from dgnet.files.images import ImagesU8
from dgnet.serve.asking import Entries, Images, TheService, answer
from dgnet.serve.pictures import Picture
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Interpolated, Swapped
from dgnet.serve.service import Service
from dgnet.serve.uploads import decode_uploads, read_uploads, refuse_bad

router = APIRouter(prefix="/v1", tags=["drawing"])


@router.post("/swap", response_model=Swapped)
async def swap(
    service: TheService,
    images: Images,
    entries: Entries,
    paste: Annotated[bool, Form(description="draw the clothes alone, and keep the rest of each picture")] = False,
) -> Response:
    """Everyone in everyone's clothes: pictures[i][j] has the clothes of person i, and the body, pose and background of
    person j. People are the files, then the entries, each in the order in which they were sent."""
    people = await _people(service, images, entries, 2, service.limits.people)
    drawn = await service.draw(lambda: service.model.swap(people, people, pasted=paste, every=True))
    height, width = service.model.size
    pngs = await service.decode(lambda: [[_png(one) for one in row] for row in drawn])
    heads = await service.decode(lambda: [_png(one) for one in people])
    return answer(Swapped(height=height, width=width, people=heads, pictures=pngs))


@router.post("/interpolate", response_model=Interpolated)
async def interpolate(
    service: TheService,
    images: Images,
    entries: Entries,
    code: Annotated[
        Literal["appearance", "structure"], Form(description="what changes: the clothes, or body, pose and background")
    ] = "appearance",
    steps: Annotated[int, Form(ge=2, description="how many pictures, both ends included")] = 9,
    keep: Annotated[Literal["first", "second"], Form(description="whose other code stays")] = "first",
) -> Response:
    """From the first person's clothes to the second's on one body; or from body to body in the same clothes."""
    if steps > service.limits.steps:
        raise Refusal(422, "field", f"steps: found {steps}, must be at most {service.limits.steps}.")
    people = await _people(service, images, entries, 2, 2)
    kept = people[0 if keep == "first" else 1]
    draw = service.model.interpolate if code == "appearance" else service.model.interpolate_structure
    drawn = await service.draw(lambda: draw(people[0], people[1], kept, steps))
    height, width = service.model.size
    pngs = await service.decode(lambda: [_png(one) for one in drawn])
    return answer(Interpolated(height=height, width=width, pictures=pngs))


async def _people(service: Service, images: Images, entries: list[str], least: int, most: int) -> ImagesU8:
    """The crops of a request's files, then of its entries' pictures. Raises Refusal."""
    if not service.model.can_draw:
        raise Refusal(409, "cannot_draw", "The gallery's model has no generator, so it cannot draw people.")
    number = len(images) + len(entries)
    if not least <= number <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise Refusal(422, "field", f"images: found {number} pictures and entries, must be {wanted}.")
    kept = await service.ask(service.gallery.store.thumbnails, entries) if entries else {}
    for id_ in entries:
        if id_ not in kept:
            raise Refusal(404, "not_found", f"entries: no entry {id_[:64]!r} with a picture; send the picture itself.")
    found = await decode_uploads(service, await read_uploads(service, images))
    refuse_bad(found)
    crops = [one.crop for one in found if isinstance(one, Picture)]
    if entries:
        pictures = await service.decode(lambda: [decode_image(kept[id_]) for id_ in entries])
        crops += list(resize(pictures, service.model.size))
    people: ImagesU8 = np.stack(crops)
    return people


def _png(image_u8: ImagesU8) -> str:
    stream = io.BytesIO()
    Image.fromarray(image_u8).save(stream, "PNG", compress_level=3)
    return base64.b64encode(stream.getvalue()).decode()
