"""What workers remember of stations, as opaque snapshots."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import psycopg

from sql.statements import statement


class StateStore:
    """The states of stations, in an open transaction. A base is the large part of a model's memory, saved seldom."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def load(self, stations: Collection[str]) -> dict[str, bytes]:
        """Return the saved states of those of ``stations`` that have one."""
        return dict(self._cursor.execute(statement("load_states"), {"stations": list(stations)}).fetchall())

    def save(self, snapshots: Mapping[str, bytes], now: datetime) -> None:
        """Save the states of stations."""
        if snapshots:
            self._cursor.execute(statement("save_states"), _columns(snapshots, now))

    def load_bases(self, stations: Collection[str]) -> dict[str, bytes]:
        """Return the bases of those of ``stations`` that have one."""
        return dict(self._cursor.execute(statement("load_bases"), {"stations": list(stations)}).fetchall())

    def save_bases(self, bases: Mapping[str, bytes], now: datetime) -> None:
        """Save the bases of stations."""
        self._cursor.execute(statement("save_bases"), _columns(bases, now))


def _columns(snapshots: Mapping[str, bytes], now: datetime) -> dict[str, object]:
    return {"stations": list(snapshots), "snapshots": list(snapshots.values()), "now": now}
