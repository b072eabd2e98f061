"""When a station was last heard, and what its birth or will message says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from sql.statements import statement
from sql.storable import storable


class SilentStation(NamedTuple):
    """When a station was last heard; ``None``: never. ``online`` is what its birth or will message says."""

    station: str
    last_received_at: datetime | None
    online: bool | None


class PresenceStore:
    """The presence of stations, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def touch(self, heard: Mapping[str, tuple[datetime, datetime | None]]) -> None:
        """Move on when each station was last received, and its largest ``observed_at``; neither ever goes back."""
        received, observed = [r for r, _ in heard.values()], [o for _, o in heard.values()]
        arguments = {"stations": list(heard), "received": received, "observed": observed}
        self._cursor.execute(statement("touch_presence"), arguments)

    def set(self, station: str, online: bool, at: datetime) -> None:
        """Record a station's birth or will message, unless a newer one is recorded."""
        arguments = {"station": storable(station), "online": online, "at": at}
        self._cursor.execute(statement("set_presence"), arguments)

    def silent_stations(self, now: datetime) -> list[SilentStation]:
        """Return every registered or heard station with when it was last received, the longest silent first."""
        return [SilentStation(*row) for row in self._cursor.execute(statement("silent_stations"), {"now": now})]
