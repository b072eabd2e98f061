"""How far the workers are, which messages of a logger's session arrived, and when a station was last heard."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from sql.statements import statement
from sql.storable import storable

Feed = tuple[str, str]
"""Station and session of a logger."""
Ranges = list[tuple[int, int]]
"""Half-open ranges [first, beyond) of sequence numbers, ascending, apart from each other."""


class SilentStation(NamedTuple):
    """When a station was last heard; ``None``: never. ``online`` is what its birth or will message says."""

    station: str
    last_received_at: datetime | None
    online: bool | None


def lock_progress(cursor: psycopg.Cursor[Any], topic: str, partitions: Collection[int]) -> dict[int, int]:
    """Lock the rows of ``partitions`` and return the next offset of each; 0 for a partition never read."""
    wanted = sorted(set(partitions))
    arguments = {"topic": topic, "partitions": wanted}
    progress: dict[int, int] = dict(cursor.execute(statement("lock_progress"), arguments).fetchall())
    if len(progress) < len(wanted):
        cursor.execute(statement("add_progress"), arguments)
        progress = dict(cursor.execute(statement("lock_progress"), arguments).fetchall())
    return progress


def save_progress(cursor: psycopg.Cursor[Any], topic: str, next_offsets: Mapping[int, int]) -> None:
    """Record the offset after the last one that this transaction has dealt with."""
    reached = {"partitions": list(next_offsets), "next_offsets": list(next_offsets.values())}
    cursor.execute(statement("save_progress"), {"topic": topic, **reached})


def load_states(cursor: psycopg.Cursor[Any], stations: Collection[str]) -> dict[str, bytes]:
    """Return the saved states of those of ``stations`` that have one."""
    return dict(cursor.execute(statement("load_states"), {"stations": list(stations)}).fetchall())


def save_states(cursor: psycopg.Cursor[Any], snapshots: Mapping[str, bytes], now: datetime) -> None:
    """Save the states of stations."""
    arguments = {"stations": list(snapshots), "snapshots": list(snapshots.values()), "now": now}
    cursor.execute(statement("save_states"), arguments)


def load_bases(cursor: psycopg.Cursor[Any], stations: Collection[str]) -> dict[str, bytes]:
    """Return the large parts of the models' memories of those of ``stations`` that have one."""
    return dict(cursor.execute(statement("load_bases"), {"stations": list(stations)}).fetchall())


def save_bases(cursor: psycopg.Cursor[Any], bases: Mapping[str, bytes], now: datetime) -> None:
    """Save the large parts of models' memories."""
    arguments = {"stations": list(bases), "snapshots": list(bases.values()), "now": now}
    cursor.execute(statement("save_bases"), arguments)


def seen(cursor: psycopg.Cursor[Any], feeds: Collection[Feed]) -> dict[Feed, Ranges]:
    """Lock ``feeds`` and return which sequence numbers of each arrived; a feed never heard has no ranges."""
    arrived: dict[Feed, Ranges] = {feed: [] for feed in feeds}
    if arrived:
        given = {_storable(feed): feed for feed in feeds}
        cursor.execute(statement("lock_feeds"), _columns(given))
        for station, session, ranges in cursor:
            arrived[given[station, session]] = [(r.lower, r.upper) for r in ranges]
    return arrived


def mark_seen(cursor: psycopg.Cursor[Any], arrived: Mapping[Feed, Sequence[tuple[int, int]]], now: datetime) -> None:
    """Add half-open ranges of sequence numbers to what arrived of each feed."""
    if arrived:
        ranges = ["{" + ",".join(f"[{first},{beyond})" for first, beyond in r) + "}" for r in arrived.values()]
        feeds = [_storable(feed) for feed in arrived]
        cursor.execute(statement("mark_seen"), {**_columns(feeds), "seen": ranges, "now": now})


def touch_presence(cursor: psycopg.Cursor[Any], heard: Mapping[str, tuple[datetime, datetime | None]]) -> None:
    """Move on when each station was last received, and its largest ``observed_at``; neither ever goes back."""
    received, observed = [r for r, _ in heard.values()], [o for _, o in heard.values()]
    cursor.execute(statement("touch_presence"), {"stations": list(heard), "received": received, "observed": observed})


def set_presence(cursor: psycopg.Cursor[Any], station: str, online: bool, at: datetime) -> None:
    """Record a station's birth or will message, unless a newer one is recorded."""
    cursor.execute(statement("set_presence"), {"station": storable(station), "online": online, "at": at})


def silent_stations(cursor: psycopg.Cursor[Any], now: datetime) -> list[SilentStation]:
    """Return every registered or heard station, the longest silent first."""
    return [SilentStation(*row) for row in cursor.execute(statement("silent_stations"), {"now": now})]


def _storable(feed: Feed) -> Feed:
    return storable(feed[0]), storable(feed[1])


def _columns(feeds: Collection[Feed]) -> dict[str, list[str]]:
    return {"stations": [station for station, _ in feeds], "sessions": [session for _, session in feeds]}
