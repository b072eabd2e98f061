"""The application: every route, and what wraps them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from quantrac.clock import Clock
from quantrac.errors import StoreError
from quantrac.telemetry import get_logger
from web.house import House, static_folder
from web.middleware import BodyLimit, Headers
from web.options import WebOptions
from web.pages import (
    audit,
    catalogue,
    channels,
    duty,
    entrance,
    incidents,
    links,
    live,
    plan,
    precision,
    province,
    revisions,
    stations,
    users,
)
from web.visit import WebError, not_found, refused

_log = get_logger(__name__)
PAGES = (
    *(entrance, links, live, province, incidents, stations, revisions, duty, plan, channels, catalogue, precision),
    *(users, audit),
)


def create_app(options: WebOptions, conninfo: str, clock: Clock) -> Starlette:
    """Return the page; ``conninfo`` is the database's, as the role ``quantrac_web``."""
    house = House(options, conninfo, clock)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        house.database.open()
        try:
            async with house.hub.running():
                yield
        finally:
            house.database.close()

    app = Starlette(
        routes=[*_routes(options), *(route for pages in PAGES for route in pages.ROUTES)],
        middleware=[
            Middleware(Headers, tiles=options.tiles_origin, secure=options.secure),
            Middleware(BodyLimit, refusal=_too_large),
        ],
        exception_handlers={404: _missing, 405: _missing, 500: _broken},
        lifespan=lifespan,
    )
    app.state.house = house
    return app


def _routes(options: WebOptions) -> list[BaseRoute]:
    return [
        Route("/health", health),
        Route("/worker.js", worker),
        Mount("/static", _Files(directory=static_folder())),
        Mount("/scripts", _Files(directory=options.scripts)),
    ]


class _Files(StaticFiles):
    """Files that are the same for everybody; the address of each has our version, so that browsers may keep it."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Return the file, to be kept for an hour and then asked for again by its tag."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=3600"
        return response


def health(request: Request) -> Response:
    """Say whether the page can answer, which it cannot without its database."""
    house: House = request.app.state.house
    try:
        with house.database.reading("looking whether it answers") as cursor:
            cursor.execute("SELECT 1")
    except StoreError:
        return JSONResponse({"database": "away"}, 503)
    return JSONResponse({"database": "ok", "viewers": house.hub.viewers})


def worker(request: Request) -> Response:  # noqa: ARG001
    """Return the script that keeps pages readable offline; from the root, since it may serve what lies below it."""
    return FileResponse(static_folder() / "worker.js", headers={"cache-control": "no-cache"})


async def _missing(request: Request, exc: Exception) -> Response:  # noqa: ARG001
    if "text/html" in request.headers.get("accept", ""):
        return await run_in_threadpool(refused, request, not_found())
    return Response("Không có trang này. / There is no such page.", 404, media_type="text/plain; charset=utf-8")


async def _broken(request: Request, exc: Exception) -> Response:
    _log.error("page_failed", path=request.url.path[:200], error=type(exc).__name__, exc_info=exc)
    error = WebError(
        500,
        "Lỗi đã ghi vào nhật ký. Hãy thử lại; nếu vẫn lỗi, báo quản trị giờ xảy ra.",
        "It is in the log. Try again; if it stays, tell the administrator the time.",
    )
    return await run_in_threadpool(refused, request, error)


def _too_large(request: Request) -> Response:
    error = WebError(
        413,
        "Tệp tối đa 5 MiB; chưa có gì được lưu. Chụp lại với cỡ nhỏ hơn, hoặc thu nhỏ tệp rồi gửi lại.",
        "A file has 5 MiB at most; nothing was kept. Take the picture smaller, or shrink the file, and send it again.",
    )
    return refused(request, error)
