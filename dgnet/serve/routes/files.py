"""The page: its files are read when the service starts, and a client's words are only looked up among their names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import Response

from dgnet.serve.refusal import Refusal

FOLDER = Path(__file__).parent.parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class _File:
    data: bytes
    media_type: str
    etag: str


def page_router(folder: Path = FOLDER) -> APIRouter:
    """`/` is index.html, and `/static/NAME` every file of the page."""
    files = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
    router = APIRouter(include_in_schema=False)
    asks = Annotated[str | None, Header()]

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index(if_none_match: asks = None) -> Response:
        return _given(files["index.html"], if_none_match)

    @router.api_route("/static/{name}", methods=["GET", "HEAD"])
    async def static(name: str, if_none_match: asks = None) -> Response:
        if name not in files:
            raise Refusal(404, "not_found", "The page has no such file.")
        return _given(files[name], if_none_match)

    return router


def _read(path: Path) -> _File:
    data = path.read_bytes()
    return _File(data, _TYPES[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def _given(file: _File, if_none_match: str | None) -> Response:
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if if_none_match == file.etag:
        return Response(None, 304, headers)
    return Response(file.data, 200, headers, file.media_type)
