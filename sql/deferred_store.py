"""Records of stations beyond their quota: they stay in Kafka, and here stands which ones wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
        self._cursor.executemany(statement("add_deferred"), rows)

    def next(self, source: str, partitions: Collection[int]) -> Deferred | None:
        """Return the records that are to be read next; ``None`` when none wait."""
        arguments = {"source": source, "partitions": list(partitions)}
        row = self._cursor.execute(statement("next_deferred"), arguments).fetchone()
        return None if row is None else Deferred(*row)

    def lock(self, source: str, deferred: Deferred) -> bool:
        """Lock records that wait; ``False`` when others read them, or have read some of them meanwhile."""
        arguments = {"source": source, **deferred._asdict()}
        return self._cursor.execute(statement("lock_deferred"), arguments).fetchone() is not None

    def cut(self, source: str, partition: int, end: int, now: datetime) -> list[Deferred]:
        """Let no record wait that lay at ``end`` or behind it, where the log ends now; return what waited there."""
        arguments = {"source": source, "partition": partition, "end": end, "now": now}
        return [Deferred(*row) for row in self._cursor.execute(statement("cut_deferred"), arguments)]

    def was_read(self, source: str, deferred: Deferred, now: datetime) -> None:
        """Note that records wait no more."""
        places = {"partition": deferred.partition, "first": deferred.first, "station": deferred.station}
        self._cursor.execute(statement("drop_deferred"), {"source": source, "now": now, **places})

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
