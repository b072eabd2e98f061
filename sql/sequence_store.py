"""Which sequence numbers of a logger's session arrived: a hole is a missing message."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from sql.statements import statement
from sql.storable import storable

SessionKey = tuple[str, str]
"""Station and session of a logger: what a sequence number belongs to."""
Ranges = list[tuple[int, int]]
"""Half-open ranges [first, beyond) of sequence numbers, ascending, apart from each other."""


class SequenceStore:
    """The sequence numbers that arrived, in an open transaction; they are the table ``feeds``."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def lock(self, sessions: Collection[SessionKey]) -> dict[SessionKey, Ranges]:
        """Lock ``sessions`` and return which numbers of each arrived; a session never heard has no ranges."""
        arrived: dict[SessionKey, Ranges] = {session: [] for session in sessions}
        if arrived:
            given = {_storable(session): session for session in sessions}
            self._cursor.execute(statement("lock_sequences"), _columns(given))
            for station, session, ranges in self._cursor:
                arrived[given[station, session]] = [(r.lower, r.upper) for r in ranges]
        return arrived

    def mark_seen(self, arrived: Mapping[SessionKey, Sequence[tuple[int, int]]], now: datetime) -> None:
        """Add half-open ranges of sequence numbers to what arrived of each session."""
        if arrived:
            ranges = ["{" + ",".join(f"[{first},{beyond})" for first, beyond in r) + "}" for r in arrived.values()]
            sessions = [_storable(session) for session in arrived]
            self._cursor.execute(statement("mark_seen"), {**_columns(sessions), "seen": ranges, "now": now})


def _storable(session: SessionKey) -> SessionKey:
    return storable(session[0]), storable(session[1])


def _columns(sessions: Collection[SessionKey]) -> dict[str, list[str]]:
    return {"stations": [station for station, _ in sessions], "sessions": [session for _, session in sessions]}
