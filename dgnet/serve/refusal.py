"""Refusing a request: a status, a word for programs, and a sentence that says what to do. Nothing else leaves."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from dgnet.data.records import DataError
from dgnet.errors import DgnetError
from dgnet.gallery.calibration.curve import CalibrationError
from dgnet.gallery.stores.protocol import GalleryError

logger = logging.getLogger(__name__)
_CODES = {400: "malformed", 404: "not_found", 405: "method", 413: "too_large", 422: "field"}
_SENTENCES = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take this method; /docs lists those that it takes.",
}


class Refusal(HTTPException):
    """A request that is not answered; `code` is for programs, the message for people."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code = code


def busy(message: str, seconds: int) -> Refusal:
    """Come again in so many seconds."""
    return Refusal(503, "busy", message, {"Retry-After": str(seconds)})


def refused(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response of a refusal."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, dict(headers or {}))


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the app in one shape."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_fields)
    app.add_exception_handler(DgnetError, _of_dgnet)
    app.add_exception_handler(Exception, _of_fault)


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = error.code if isinstance(error, Refusal) else _CODES.get(error.status_code, "refused")
    message = error.detail if isinstance(error, Refusal) else _SENTENCES.get(error.status_code, str(error.detail))
    return refused(error.status_code, code, message, error.headers)


async def _of_fields(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [_of_field(one) for one in error.errors()]
    return refused(422, "field", f"{'; '.join(found[:5])}. /docs says what each field takes.")


def _of_field(error: Mapping[str, Any]) -> str:
    """What is wrong with one field; in words of HTTP where pydantic speaks of Python."""
    name = ".".join(str(part) for part in error["loc"][1:])
    if error["type"] == "json_invalid":
        return "the body: is not valid JSON"
    if not name:
        return "the body: must be a JSON object, sent with Content-Type: application/json"
    if error["type"] == "extra_forbidden":
        return f"{name[:50]}: there is no field of this name"
    if "UploadFile" in error["msg"]:
        return f"{name.partition('.')[0]}: must be a file, not text; for curl, write @ before the file's name"
    return f"{name}: {error['msg']}"


async def _of_dgnet(request: Request, error: Exception) -> Response:
    """What dgnet refuses; the gallery's address, which may be a path of this machine, is left out."""
    message = str(error).replace(request.app.state.service.gallery.store.address, "the gallery")
    if isinstance(error, CalibrationError | DataError):
        return refused(422, "field", message)
    if isinstance(error, GalleryError):
        logger.warning("the gallery could not be used: %s", error)
        if "may only be read" in message:
            return refused(409, "read_only", "This gallery may only be read by the service, so nothing was changed.")
        return refused(503, "gallery", message, {"Retry-After": "5"})
    return refused(409, "cannot", message)


async def _of_fault(_: Request, error: Exception) -> Response:
    logger.error("a fault of dgnet's own", exc_info=error)
    return refused(500, "fault", "The service failed at this request; its log says why.")


def line(what: Mapping[str, object]) -> str:
    """One line of JSON."""
    return json.dumps(what, ensure_ascii=True, separators=(",", ":"))
