"""When stations and their sensors were last heard, and since when our own path hears everything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_type_hints

import msgspec
import psycopg

from quantrac.domain.alerts import AlertKey
from quantrac.domain.incidents import HoldWindow
from quantrac.domain.presence import Defect, Listening, OpenAlert, SensorPresence
from sql import incident_rows
from sql.statements import statement
from sql.storable import storable


class SilentStation(NamedTuple):
    """When a station was last heard; ``None``: never. ``online`` is what its birth or will message says."""

    station: str
    last_received_at: datetime | None
    online: bool | None


SensorKey = tuple[str, str]
"""Station and parameter."""


class PresenceStore:
    """The presence of stations, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def touch(self, heard: Mapping[str, tuple[datetime, datetime | None]]) -> None:
        """Move on when each station was last received, and its largest ``observed_at``; neither ever goes back."""
        if not heard:
            return
        received, observed = [r for r, _ in heard.values()], [o for _, o in heard.values()]
        arguments = {"stations": list(heard), "received": received, "observed": observed}
        self._cursor.execute(statement("touch_presence"), arguments)

    def set(self, station: str, online: bool, at: datetime) -> None:
        """Record a station's birth or will message, unless a newer one is recorded."""
        arguments = {"station": storable(station), "online": online, "at": at}
        self._cursor.execute(statement("set_presence"), arguments)

    def set_back(self, now: datetime, tolerance: timedelta) -> bool:
        """Let nobody have been heard later than now: a clock of ours was ahead. Return whether anybody had been."""
        found = self._cursor.execute(statement("set_presence_back"), {"now": now, "beyond": now + tolerance}).fetchone()
        return found is not None and bool(found[0])

    def silent_stations(self, now: datetime) -> list[SilentStation]:
        """Return every registered or heard station with when it was last received, the longest silent first."""
        return [SilentStation(*row) for row in self._cursor.execute(statement("silent_stations"), {"now": now})]

    def heard(self, stations: Collection[str]) -> dict[str, datetime]:
        """Return when those of ``stations`` that were ever heard were heard last."""
        rows = self._cursor.execute(statement("heard_stations"), {"stations": list(stations)}).fetchall()
        return {station: at for station, at in rows if at is not None}

    def sensors(self, stations: Collection[str]) -> dict[SensorKey, SensorPresence]:
        """Return what is remembered of the sensors of stations."""
        rows = self._cursor.execute(statement("load_sensor_presence"), {"stations": list(stations)})
        return {(station, parameter): _presence(*values) for station, parameter, *values in rows}

    def save_sensors(self, noted: Mapping[SensorKey, SensorPresence]) -> None:
        """Write what is remembered of sensors."""
        if noted:
            # As one text: to write out an array of each column takes the worker ten times as long.
            kept = [_Kept(*key, *of_one) for key, of_one in noted.items()]
            self._cursor.execute(statement("save_sensor_presence"), {"noted": msgspec.json.encode(kept).decode()})

    def open_alerts(self) -> dict[AlertKey, OpenAlert]:
        """Return the open alerts about silence and about what was due, of all stations."""
        rows = self._cursor.execute(statement("open_due_alerts"))
        return {AlertKey(s, p, rule): OpenAlert(severity, paged) for s, p, rule, severity, paged in rows}

    def hold_windows(self, ended_after: datetime) -> list[HoldWindow]:
        """Return the windows that people have registered, without those that ended before."""
        rows = self._cursor.execute(statement("load_hold_windows"), {"now": ended_after})
        return [incident_rows.window(row) for row in rows]

    def listening(self) -> Listening | None:
        """Return the time in which our own path last heard everything; ``None``: it never has."""
        row = self._cursor.execute(statement("load_listening")).fetchone()
        return None if row is None or None in row else Listening(*row)

    def save_listening(self, listening: Listening, now: datetime) -> None:
        """Write the time in which our own path has heard everything."""
        arguments = {"since": listening.since, "until": listening.until, "now": now}
        self._cursor.execute(statement("save_listening"), arguments)

    def save_clock(self, defect: Defect | None, now: datetime) -> None:
        """Write that the stations' stamps are ahead of our clock, or late, alike; ``None``: they are not."""
        self._cursor.execute(statement("save_clock"), {"defect": defect, "now": now})

    def save_bridge_clock(self, bridge: str, off_s: float, since: datetime, seen_at: datetime) -> None:
        """Write that a bridge's clock is fast by ``off_s`` (negative: slow)."""
        arguments = {"bridge": storable(bridge), "off_s": off_s, "since": since, "seen_at": seen_at}
        self._cursor.execute(statement("save_bridge_clock"), arguments)


_FIELDS = {"station": str, "parameter": str, **get_type_hints(SensorPresence)}
_Kept: Callable[..., msgspec.Struct] = msgspec.defstruct("_Kept", _FIELDS.items())
"""A presence by name, as the database reads it."""


def _presence(*values: Any) -> SensorPresence:
    found = SensorPresence(*values)
    return found if found.defect is None else found._replace(defect=Defect(found.defect))
