"""Pictures that come with a request: read, decoded and turned into features together with those of other requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from fastapi import UploadFile

from dgnet.data.store.decode import ImageError
from dgnet.files.names import printable
from dgnet.gallery.stores.protocol import Float32Array
from dgnet.serve.pictures import Picture, read_picture
from dgnet.serve.refusal import Refusal
from dgnet.serve.schemas import Refused
from dgnet.serve.service import Service


@dataclass(frozen=True)
class Upload:
    """A file that a client sent: its name without folders, and its bytes."""

    name: str
    data: bytes


async def read_uploads(service: Service, images: Sequence[UploadFile]) -> list[Upload]:
    """The files of a request. Raises Refusal where there are too many."""
    if len(images) > service.limits.images:
        raise Refusal(
            422,
            "field",
            f"images: found {len(images)}, must be at most {service.limits.images}; send the others separately.",
        )
    return [Upload(plain_name(image.filename or ""), await image.read()) for image in images]


def plain_name(name: str) -> str:
    """A file's name without folders and control characters, cut where it is long: never a path that can be opened."""
    return printable(name.replace("\\", "/").rpartition("/")[2])[:100] or "picture"


async def decode_uploads(
    service: Service, uploads: Sequence[Upload], *, thumbnail: bool = False
) -> list[Picture | Refused]:
    """Each file as a picture, or why it was refused."""

    def decoded(upload: Upload) -> Picture | Refused:
        try:
            return read_picture(upload.data, service.model.size, service.limits, thumbnail=thumbnail)
        except ImageError as error:
            return Refused(name=upload.name, message=str(error))

    found = await asyncio.gather(*(service.decode(decoded, upload) for upload in uploads))
    service.metrics.refused_pictures.inc(sum(isinstance(one, Refused) for one in found))
    return found


async def embed_uploads(service: Service, uploads: Sequence[Upload]) -> tuple[list[Picture | Refused], Float32Array]:
    """Each file as a picture or a refusal, and the features of the pictures, in order."""
    with service.thread.coming():
        found = await decode_uploads(service, uploads)
        crops = [one.crop for one in found if isinstance(one, Picture)]
        features = asyncio.wrap_future(service.thread.embed(np.stack(crops))) if crops else None
    return found, np.empty((0, service.gallery.embedder.dim), np.float32) if features is None else await features


def refusals(found: Sequence[Picture | Refused]) -> list[Refused]:
    """Those that were refused."""
    return [one for one in found if isinstance(one, Refused)]


def refuse_bad(found: Sequence[Picture | Refused], *, only_if_all: bool = False) -> None:
    """Raise Refusal for a picture that is none; with `only_if_all`, only where no other is left."""
    bad = refusals(found)
    if bad and not (only_if_all and len(bad) < len(found)):
        raise Refusal(415, "not_a_picture", f"{bad[0].name}: {bad[0].message}.")
