"""What stands before the app: who may come in, how fast, how many at once, with how much; and what headers leave."""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from dgnet.serve.audit import Who
from dgnet.serve.body import Bodies
from dgnet.serve.rates import Rates
from dgnet.serve.refusal import Refusal, busy, refused
from dgnet.serve.service import Service
from dgnet.serve.tokens import Tokens

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/", "/healthz", "/readyz")  # and /static/: what needs no token
_WRONG_TOKEN_COST = 20  # requests that a wrong token counts as
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Guard:
    """Wraps the app.

    Args:
        host: what the service was told to listen on: beside loopback names, the one that `Host` may give.
        tokens: who is let in; None lets everyone in, so only names of this machine are taken for `Host`. A page of
            elsewhere could else lead a browser here, under a name that it made to mean this machine.
    """

    def __init__(self, app: App, service: Service, tokens: Tokens | None, host: str) -> None:
        self._app, self._service, self._tokens, self._host = app, service, tokens, host
        self._rates = Rates(service.limits.rate)
        self._bodies = Bodies(service.limits)
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._guarded(scope, receive, send_with_headers)
        except Refusal as error:
            response = refused(error.status_code, error.code, error.detail, error.headers)
            await response(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "PATCH", "DELETE") else "other"
            self._service.metrics.observe_request(method, route, status, time.monotonic() - began)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        client = (scope.get("client") or ("unknown", 0))[0]
        self._check_host(headers)
        self._check_origin(scope["method"], headers)
        self._check_rate(client, 1.0)
        scope.setdefault("state", {})["who"] = Who(client, self._let_in(scope["path"], headers, client))
        if scope["method"] not in ("POST", "PATCH"):
            await self._app(scope, receive, send)
            return
        if self._in_progress >= self._service.limits.queue:
            raise busy("The service has as much to do as it takes at once; try again soon.", self._seconds_left())
        self._in_progress += 1
        self._service.metrics.in_progress.set(self._in_progress)
        try:
            with self._bodies.body(headers, receive) as bounded:
                await self._app(scope, bounded, send)
        finally:
            self._in_progress -= 1
            self._service.metrics.in_progress.set(self._in_progress)

    def _check_host(self, headers: Headers) -> None:
        if self._tokens is not None:
            return
        name = _host_name(headers.get("host", ""))
        if name not in ("localhost", self._host.lower()) and not is_loopback(name):
            raise Refusal(403, "host", "This service answers on this machine alone; open it as http://localhost:PORT.")

    def _check_origin(self, method: str, headers: Headers) -> None:
        """No page of elsewhere may make a browser change anything here."""
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit_host(origin) != headers.get("host", "").lower()
        cross = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if method not in ("GET", "HEAD") and (foreign or cross):
            raise Refusal(
                403, "origin", "Pages of other websites may not use this service; use its own page, or a program."
            )

    def _check_rate(self, client: str, cost: float) -> None:
        wait = self._rates.take(client, cost)
        if wait:
            raise Refusal(
                429, "too_fast", "Too many requests; try again in a moment.", {"Retry-After": str(math.ceil(wait))}
            )

    def _let_in(self, path: str, headers: Headers, client: str) -> str:
        """The name of the token. Raises Refusal."""
        if self._tokens is None or path in OPEN or path.startswith("/static/"):
            return ""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        name = self._tokens.name_of(token.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            if token:
                self._check_rate(client, _WRONG_TOKEN_COST)
            raise Refusal(
                401,
                "token",
                "Give the token: Authorization: Bearer TOKEN.",
                {"WWW-Authenticate": 'Bearer realm="dgnet"'},
            )
        return name

    def _seconds_left(self) -> int:
        """When there is room again: about when the last that was accepted is answered."""
        return max(1, math.ceil(self._service.metrics.mean_seconds))


def is_loopback(host: str) -> bool:
    """Whether it is an address of this machine that no other reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host_name(host: str) -> str:
    """`[::1]:8000` and `::1` -> `::1`; `localhost:8000` -> `localhost`."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def urlsplit_host(origin: str) -> str:
    """The host and port of an origin; empty where it is none, such as `null`."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
