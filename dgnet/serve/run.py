"""Running the service: opening the gallery and its model, listening, and ending when told to."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from dgnet.errors import DgnetError
from dgnet.experiment.galleries.bundled_people import copy_bundled_people
from dgnet.experiment.galleries.embedder import reload_model
from dgnet.experiment.models.find import BUNDLED_NAME
from dgnet.gallery.gallery import Gallery
from dgnet.gallery.stores.choice import open_store
from dgnet.serve.app import make_app
from dgnet.serve.audit import Audit
from dgnet.serve.guard import is_loopback
from dgnet.serve.service import About, Service
from dgnet.serve.settings import DEFAULTS
from dgnet.serve.tokens import ENVIRONMENT, Tokens, read_tokens, tokens_from_environment

_MOST_CONNECTIONS = 1000
_HEADER_BYTES = 16_384
_LAST_SECONDS = 60  # after SIGTERM, for what was accepted


class ServeError(DgnetError, ValueError):
    """The service cannot be started as asked; the message says what to do."""


@dataclass(frozen=True)
class Request:
    """The options of `dgnet serve`; an empty gallery is a copy of the bundled people."""

    gallery: str = ""
    model: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    token: Path | None = None
    audit: Path | None = None
    rate: float = DEFAULTS.rate
    device: str = "auto"
    engine: str = "auto"


def serve(request: Request) -> None:
    """Serve until SIGTERM or Ctrl-C; then finish what was accepted. Raises DgnetError."""
    tokens = _tokens(request)
    listening = _listen(request.host, request.port)
    with listening, _gallery_address(request) as address:
        service = _service(request, address, tokens)
        server = uvicorn.Server(
            uvicorn.Config(
                make_app(service, tokens, request.host),
                lifespan="on",
                ws="none",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_MOST_CONNECTIONS,
                h11_max_incomplete_event_size=_HEADER_BYTES,
                timeout_graceful_shutdown=_LAST_SECONDS,
            )
        )
        host, port = listening.getsockname()[:2]
        everywhere = host in ("0.0.0.0", "::")  # is no address that a browser could open
        shown = "localhost" if everywhere else f"[{host}]" if ":" in host else host
        others = f" From other machines: http://{socket.gethostname()}:{port}/ ;" if everywhere else ""
        print(f"Gallery: {request.gallery or 'a copy of the bundled people, deleted when this ends'}", flush=True)
        print(f"Open http://{shown}:{port}/ ;{others} Ctrl-C ends it", flush=True)
        # uvicorn ends gracefully at a signal, and then sends it again to whom it was for.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        server.run(sockets=[listening])


def _tokens(request: Request) -> Tokens | None:
    """Who is let in. Raises DgnetError where everyone could be who reaches this machine."""
    if request.token is not None:
        tokens, new = read_tokens(request.token)
        if new:
            print(f"Token, shown this once: {new}\nIts hash is kept in {request.token}", flush=True)
        return tokens
    found = tokens_from_environment()
    if found is None and not is_loopback(request.host):
        raise ServeError(
            f"--host: {request.host} can be reached from other machines, so a token is needed: give --token FILE "
            f"(a new file is made with a new token), or set ${ENVIRONMENT}"
        )
    return found


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(
            f"--host {host} --port {port}: cannot be listened on: {reason}; give another --port"
        ) from error


@contextmanager
def _gallery_address(request: Request) -> Iterator[str]:
    if request.gallery:
        yield request.gallery
        return
    with tempfile.TemporaryDirectory(prefix="dgnet-serve-") as folder:
        yield str(copy_bundled_people(Path(folder), request.model or BUNDLED_NAME))


def _service(request: Request, address: str, tokens: Tokens | None) -> Service:
    store = open_store(address)
    try:
        model, embedder = reload_model(store.meta, request.model, request.device, request.engine)
        gallery = Gallery(store, lambda: embedder)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        return Service(
            gallery,
            model,
            limits=replace(DEFAULTS, rate=request.rate),
            about=About(token_required=tokens is not None, temporary=not request.gallery),
            audit=Audit(request.audit),
        )
    except BaseException:
        store.close()
        raise
