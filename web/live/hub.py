"""Tells open pages *that* something has changed; what, they ask by themselves, each as far as its account sees.

One look a second for all viewers together, and none while nobody looks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

from quantrac.away import Away
from quantrac.errors import StoreError

LOOK_EVERY_S = 1.0
"""With the browser's own fetch a change is seen within two seconds."""
MOST_WAITING = 100
AWAY, BACK = "away", "back"
"""Topics of the database itself: what open pages show is of before, and it is not any more."""
Look = Callable[[], Mapping[str, object]]


class Hub:
    """Asks for marks, one a topic, and tells every viewer the topics whose mark has changed."""

    def __init__(self, look: Look, changed: Callable[[], None] = lambda: None) -> None:
        self._look, self._changed = look, changed
        self._viewers: set[asyncio.Queue[str | None]] = set()
        self._marks: dict[str, object] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._away = Away()
        self._is_away = False

    @property
    def viewers(self) -> int:
        """How many pages are open."""
        return len(self._viewers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look for as long as this lasts, then let every viewer go."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            self.close()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def close(self) -> None:
        """End every stream; browsers come back by themselves."""
        self._closed = True
        for viewer in self._viewers:
            while viewer.full():
                viewer.get_nowait()
            viewer.put_nowait(None)

    @contextmanager
    def viewer(self) -> Iterator[asyncio.Queue[str | None]]:
        """Give an open page a queue of the topics that have changed; ``None`` ends it.

        At first it holds every topic: the page may have been away.
        """
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=MOST_WAITING)
        for topic in (*self._marks, AWAY) if self._is_away else self._marks:
            queue.put_nowait(topic)
        if self._closed:
            queue.put_nowait(None)
        self._viewers.add(queue)
        self._wake.set()
        try:
            yield queue
        finally:
            self._viewers.discard(queue)

    async def _run(self) -> None:
        while True:
            if not self._viewers:
                self._is_away = False  # nobody looks: whoever comes hears what is seen then
                self._wake.clear()
                await self._wake.wait()
            await self.once()
            await asyncio.sleep(LOOK_EVERY_S)

    async def once(self) -> None:
        """Look, and tell what is new."""
        try:
            marks = await asyncio.to_thread(self._look)
        except StoreError as exc:
            self._away.gone("database", exc)
            if not self._is_away:
                self._is_away = True
                self._tell([AWAY])
            return
        self._away.back("database")
        # Whoever asked while the database was away has got nothing: after it everything is news.
        changed = [topic for topic, mark in marks.items() if self._is_away or self._marks.get(topic) != mark]
        self._marks = dict(marks)
        if changed:
            self._changed()  # before anybody hears of it, and asks
        back, self._is_away = self._is_away, False
        self._tell([BACK, *changed] if back else changed)

    def _tell(self, topics: Sequence[str]) -> None:
        for viewer in self._viewers:
            for topic in topics:
                # A viewer that reads nothing gets no more; its browser asks anew when it comes back.
                if not viewer.full():
                    viewer.put_nowait(topic)
