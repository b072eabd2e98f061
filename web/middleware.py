"""What every answer has: headers that bind the browser, a bound on what is sent to us, one line in the log."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import Histogram
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.incidents.links import PATH
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
_SECONDS = Histogram(
    "quantrac_web_request_seconds",
    "Time to the first byte of an answer",
    ["kind"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5),
)
LARGEST_BODY = 6 * 1024 * 1024
"""Bytes of a request: an attachment of 5 MiB and its form."""
MOST_HEARD = 64 * 1024 * 1024
"""Bytes of a body that is too large which are read and forgotten: what a telephone takes for a film."""


def policy(tiles: str | None) -> str:
    """Return the content security policy: scripts and styles are files of ours, nobody else is asked."""
    pictures = "'self' data:" if tiles is None else f"'self' data: {tiles}"
    return "; ".join((
        "default-src 'none'", "script-src 'self'", "style-src 'self'", f"img-src {pictures}", "font-src 'self'",
        "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'",
        "frame-ancestors 'none'",
    ))  # fmt: skip


class Headers:
    """Sets the headers of safety, and says how long an answer took."""

    def __init__(self, app: ASGIApp, *, tiles: str | None, secure: bool) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": policy(tiles),
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }
        if secure:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        path = str(scope["path"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # What one account sees is kept by no cache on its way.
                headers.setdefault("cache-control", "no-store, private")
                took_s = time.perf_counter() - began_s
                _SECONDS.labels("static" if path.startswith("/static/") else "page").observe(took_s)
                if not path.startswith(("/static/", "/scripts/", "/health")):
                    _log.info("request", method=scope["method"], path=shown(path), status=message["status"],
                              ms=round(took_s * 1000, 1))  # fmt: skip
            await send(message)

        await self._app(scope, receive, with_headers)


def shown(path: str) -> str:
    """Return a path without the secret of a link.

    >>> shown("/login/link/abc"), shown("/ack/abc"), shown("/incidents/3")
    ('/login/link/…', '/ack/…', '/incidents/3')
    """
    for prefix in ("/login/link/", PATH):
        if path.startswith(prefix):
            return f"{prefix}…"
    return path[:200]


class BodyLimit:
    """Refuses a body that is too large, before it is read where its length is told, else while it is read."""

    def __init__(self, app: ASGIApp, refusal: Callable[[Request], Response], largest: int = LARGEST_BODY) -> None:
        self._app, self._refusal, self._largest = app, refusal, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with the page of the refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self._largest:
            await self._refuse(scope, receive, send)
            return
        taken, begun = 0, False

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._largest:
                raise _TooLargeError
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, bounded, noting)
        except _TooLargeError:
            if not begun:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, once the rest was heard: a browser that is cut off in the middle of it shows an error of its own."""
        heard, more = 0, True
        while more and heard < MOST_HEARD:
            message = await receive()
            heard += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
        answer = await run_in_threadpool(self._refusal, Request(scope))
        await answer(scope, receive, send)


class _TooLargeError(Exception):
    pass
