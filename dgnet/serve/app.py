"""The app: every address of the service, behind its guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from starlette.formparsers import MultiPartParser

import dgnet
from dgnet.serve.docs_page import docs_page
from dgnet.serve.guard import App, Guard
from dgnet.serve.known_fields import known_fields
from dgnet.serve.refusal import add_handlers
from dgnet.serve.routes import drawing, entries, marks, people, state
from dgnet.serve.routes.files import page_router
from dgnet.serve.schemas import Failure
from dgnet.serve.service import Service
from dgnet.serve.tokens import Tokens

DESCRIPTION = "Find people in a gallery, and draw them in each other's clothes. Pictures are JPEG, PNG or WebP files."
_FAILURES = {
    400: "the request is malformed",
    401: "no token, or a wrong one",
    403: "sent by a page of another website",
    404: "there is no such thing",
    408: "the body came too slowly",
    409: "the gallery or its model cannot do this",
    413: "the body is too large",
    415: "not a picture",
    422: "a field is wrong",
    429: "too many requests",
    503: "too much to do; Retry-After says when to come again",
}


def make_app(service: Service, tokens: Tokens | None = None, host: str = "127.0.0.1") -> App:
    """The whole service as an ASGI app. When it is shut down, what was accepted is finished, and the gallery closed."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    # Bodies are bounded, so none of their files need ever be written to the disk.
    MultiPartParser.spool_max_size = service.limits.bytes + 1
    app = FastAPI(
        title="dgnet",
        version=dgnet.__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        responses={status: {"model": Failure, "description": what} for status, what in _FAILURES.items()},
    )
    app.state.service = service
    add_handlers(app)
    for router in (people.router, entries.router, marks.router, drawing.router):
        app.include_router(router, dependencies=[Depends(known_fields)])
    for router in (state.router, page_router()):
        app.include_router(router)
    text = docs_page(app.openapi())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(text)

    service.metrics.watch("dgnet_model_jobs_waiting", "Jobs that wait for the model", lambda: service.thread.waiting)
    return Guard(app, service, tokens, host)
