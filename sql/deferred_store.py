"""Records of stations beyond their quota: they stay in Kafka, and here stands which ones wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from sql.statements import statement
from sql.storable import storable


class Deferred(NamedTuple):
    """Records of ``station`` with ``first <= offset < beyond`` that wait; others may lie between them."""

    partition: int
    first: int
    beyond: int
    station: str
    messages: int
    bytes: int


class Deferring(NamedTuple):
    """What of one station waits."""

    station: str
    messages: int
    bytes: int
    since: datetime
    until: datetime


class DeferredStore:
    """Deferred records, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def add(self, source: str, deferred: Iterable[Deferred], now: datetime) -> None:
        """Let records wait."""
        rows = [
            {"source": source, "now": now, **d._asdict(), "station": storable(d.station)}
            for d in sorted(deferred, key=lambda d: (d.partition, d.first))
        ]
        if rows:
            self._cursor.executemany(statement("add_deferred"), rows)

    def next(self, source: str, partitions: Collection[int], most: int) -> list[Deferred]:
        """Return the stretches that are to be read next: of one station in one partition, in order.

        Together they have ``most`` messages, or more with the last one of them; none when nothing waits.
        """
        arguments = {"source": source, "partitions": list(partitions)}
        found: list[Deferred] = []
        messages = 0
        for row in self._cursor.execute(statement("next_deferred"), arguments):
            if messages < most:
                found.append(Deferred(*row))
                messages += found[-1].messages
        return found

    def lock(self, source: str, deferred: Sequence[Deferred]) -> bool:
        """Lock stretches that wait; ``False`` when others read one of them, or have read some of it meanwhile."""
        locked = self._cursor.execute(statement("lock_deferred"), _places(source, deferred)).fetchall()
        return len(locked) == len(deferred)

    def cut(self, source: str, partition: int, end: int, now: datetime) -> list[Deferred]:
        """Let no record wait that lay at ``end`` or behind it, where the log ends now; return what waited there."""
        arguments = {"source": source, "partition": partition, "end": end, "now": now}
        return [Deferred(*row) for row in self._cursor.execute(statement("cut_deferred"), arguments)]

    def were_read(self, source: str, deferred: Sequence[Deferred], now: datetime) -> None:
        """Note that stretches wait no more."""
        self._cursor.execute(statement("drop_deferred"), _places(source, deferred) | {"now": now})

    def waiting(self, source: str, partitions: Collection[int]) -> list[Deferred]:
        """Return all that waits in partitions."""
        arguments = {"source": source, "partitions": list(partitions)}
        return [Deferred(*row) for row in self._cursor.execute(statement("deferred_in"), arguments)]

    def open_floods(self, rule: str) -> list[str]:
        """Return the stations with an open alert of a rule."""
        return [station for (station,) in self._cursor.execute(statement("open_floods"), {"rule": rule})]

    def stations(self) -> list[Deferring]:
        """Return the stations of which records wait."""
        return [Deferring(*row) for row in self._cursor.execute(statement("deferring_stations"))]


def _places(source: str, deferred: Sequence[Deferred]) -> dict[str, Any]:
    return {
        "source": source,
        "partitions": [d.partition for d in deferred],
        "firsts": [d.first for d in deferred],
        "beyonds": [d.beyond for d in deferred],
        "stations": [d.station for d in deferred],
        "messages": [d.messages for d in deferred],
    }
