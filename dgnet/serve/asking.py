"""What every endpoint takes from its request: the service, who asks, and the fields that several share."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, File, Form, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel

from dgnet.data.records import DataError
from dgnet.experiment.galleries.times import seconds
from dgnet.files.names import name_kept, names_kept
from dgnet.gallery.stores.protocol import Filter
from dgnet.serve.audit import Who
from dgnet.serve.refusal import Refusal
from dgnet.serve.service import Service


async def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


async def _who(request: Request) -> Who:
    found: Who = request.state.who
    return found


def _none() -> list[Any]:
    """For fields that may be left out; pydantic reads the signature of `list` anew each time, which takes long."""
    return []


TIME = "seconds, or a date and time such as 2026-11-28T08:00, in the service's time zone unless it names another"
TheService = Annotated[Service, Depends(_service)]
WhoAsks = Annotated[Who, Depends(_who)]
Images = Annotated[list[UploadFile], File(description="pictures: JPEG, PNG or WebP", default_factory=_none)]
Entries = Annotated[list[str], Form(description="ids of entries in the gallery", default_factory=_none)]


def filter_of(
    cameras: list[str] | None = None,
    not_cameras: list[str] | None = None,
    after: str | None = None,
    before: str | None = None,
    known: bool | None = None,
    identity: str | None = None,
) -> Filter:
    """The filter that a request's fields mean; times are seconds or dates. Raises Refusal."""
    for name, texts in (("cameras", cameras), ("not_cameras", not_cameras), ("identity", [identity or ""])):
        for text in texts or []:
            check_text(name, text)
    return Filter(
        cameras=names_kept(cameras or None),
        not_cameras=names_kept(not_cameras or None),
        identities=None if identity is None else names_kept([identity]),
        after=time_of(after, "after"),
        before=time_of(before, "before"),
        known=known,
    )


def time_of(text: str | None, name: str) -> float | None:
    """Seconds, or a date and time, as seconds; None where nothing is given. Raises Refusal."""
    if not text:
        return None
    try:
        return seconds(text, name)
    except DataError as error:
        raise Refusal(422, "field", f"{error}.") from None


def check_text(name: str, text: str, longest: int = 200) -> str:
    """The text as a gallery keeps it. Raises Refusal for what is too long, holds NUL, or is no text."""
    if len(text) > longest:
        raise Refusal(422, "field", f"{name}: found {len(text)} characters, must be at most {longest}.")
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise Refusal(422, "field", f"{name}: holds a character that is no text, such as NUL; leave it out.")
    return name_kept(text)


def answer(found: BaseModel, status: int = 200) -> Response:
    """A model as JSON."""
    return Response(found.model_dump_json(), status, media_type="application/json")
