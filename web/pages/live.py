"""The stream of an open page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from quantrac.domain.accounts import Stage
from quantrac.errors import StoreError
from web.house import House

PING_S = 15
CHECK_EVERY_S = 10.0
"""How often it is asked whether the login still holds: a stolen page hears nothing for longer than that."""


async def live(request: Request) -> Response:
    """Stream the names of what has changed."""
    house: House = request.app.state.house
    token = request.cookies.get(house.cookie, "")
    holds = await _holds(house, token)
    if not holds:
        return Response(status_code=503 if holds is None else 401)
    return EventSourceResponse(_events(house, token), ping=PING_S)


async def _events(house: House, token: str) -> AsyncIterator[ServerSentEvent]:
    checked_s = house.clock.monotonic_s()
    with house.hub.viewer() as queue:
        while True:
            topic: str | None = ""
            with anyio.move_on_after(CHECK_EVERY_S):
                topic = await queue.get()
            if topic is None:
                return
            if topic:
                yield ServerSentEvent(data=house.clock.now().isoformat(), event=topic)
            now_s = house.clock.monotonic_s()
            if now_s - checked_s >= CHECK_EVERY_S:
                checked_s = now_s
                if await _holds(house, token) is False:
                    yield ServerSentEvent(data="", event="gone")
                    return


async def _holds(house: House, token: str) -> bool | None:
    """Return whether a login holds; ``None`` when the database cannot say."""

    def look() -> bool | None:
        try:
            session = house.door.session(token) if token else None
        except StoreError:
            return None
        return session is not None and session.stage is Stage.COMPLETE

    return await run_in_threadpool(look)


ROUTES = [Route("/live", live)]
