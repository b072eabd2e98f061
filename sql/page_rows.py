"""What the pages show, read within one transaction of :class:`sql.web_database.WebDatabase`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.incidents import HoldWindow, Incident
from quantrac.domain.statuses import StationStatus, status_of_rank
from quantrac.domain.words import Bilingual
from sql import incident_rows
from sql.incident_store import IncidentTransaction
from sql.reports import AlertLine
from sql.statements import statement

Cursor = psycopg.Cursor[Any]
Scope = Sequence[str] | None
"""Stations that an account sees; ``None``: all."""


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station as the map and the lists show it."""

    code: str
    name: Bilingual
    kind: str
    park: str | None
    operator: str
    longitude: float
    latitude: float
    illustration: bool
    last_received_at: datetime | None
    last_observed_at: datetime | None
    open_alerts: int
    status: StationStatus


class LatestRow(NamedTuple):
    """The latest reading of a sensor against its limit; ``None`` where there is none."""

    parameter: str
    unit: str
    observed_at: datetime | None
    received_at: datetime | None
    value: float | None
    status: str | None
    flag: int | None
    score: float | None
    minimum: float | None
    maximum: float | None
    source: str | None

    @property
    def usable(self) -> bool:
        """Whether it counts: status 00, flag 1 or 2."""
        return self.status == "00" and self.flag is not None and self.flag <= 2 and self.value is not None

    @property
    def share(self) -> float | None:
        """Value over maximum; ``None`` where no maximum is."""
        return None if self.value is None or not self.maximum else self.value / self.maximum

    @property
    def exceeds(self) -> bool:
        """Whether it is usable and outside of its limits."""
        value = self.value
        if not self.usable or value is None:
            return False
        return (self.maximum is not None and value > self.maximum) or (
            self.minimum is not None and value < self.minimum
        )


def marks(cursor: Cursor) -> dict[str, object]:
    """Return a mark for each topic of the open pages; it changes when what they show may have changed."""
    row = cursor.execute(statement("page_marks")).fetchone() or ("", "", "")
    return dict(zip(("incidents", "stations", "duty"), row, strict=True))


def stations(cursor: Cursor, now: datetime, scope: Scope) -> list[StationRow]:
    """Return the stations in force, by code."""
    rows = cursor.execute(statement("page_stations"), {"now": now, "stations": None if scope is None else list(scope)})
    return [_station(row) for row in rows]


def latest(cursor: Cursor, station: str, now: datetime) -> list[LatestRow]:
    """Return the latest reading of each sensor of a station, in the order of its description."""
    return [LatestRow(*row) for row in cursor.execute(statement("page_latest"), {"station": station, "now": now})]


def incidents(
    cursor: Cursor, scope: Scope, *, only_active: bool, limit: int, before: int | None = None
) -> list[Incident]:
    """Return incidents, the newest first; members of stations out of scope are left out by who shows them."""
    arguments = {
        "stations": None if scope is None else list(scope),
        "only_active": only_active,
        "limit": limit,
        "before": before,
    }
    return IncidentTransaction(cursor).read("page_incidents", arguments)


def incident(cursor: Cursor, incident_id: int) -> Incident | None:
    """Return one incident as it stands, without a lock."""
    return IncidentTransaction(cursor).shown(incident_id)


class DeliveryRow(NamedTuple):
    """A message about an incident, and how far it is."""

    created_at: datetime
    channel: str
    person: str
    notice: str | None
    sent_at: datetime | None
    failed_at: datetime | None
    withdrawn_at: datetime | None
    attempts: int


class PlacingRow(NamedTuple):
    """Why a change of an alert belongs to an incident."""

    alert_id: int
    kind: str
    reason: str
    at: datetime


def alerts(
    cursor: Cursor,
    *,
    ids: Sequence[int] | None = None,
    station: str | None = None,
    only_open: bool = False,
    limit: int = 50,
) -> list[AlertLine]:
    """Return alerts by number or of a station, the newest first."""
    arguments = {
        "ids": None if ids is None else list(ids), "station": station, "only_open": only_open, "limit": limit,
    }  # fmt: skip
    return [AlertLine(*row) for row in cursor.execute(statement("page_alerts"), arguments)]


def placings(cursor: Cursor, incident_id: int) -> list[PlacingRow]:
    """Return why each change of an incident's alerts was put into it."""
    return [PlacingRow(*row) for row in cursor.execute(statement("page_placings"), {"id": incident_id})]


def deliveries(cursor: Cursor, incident_id: int) -> list[DeliveryRow]:
    """Return what was sent of an incident."""
    return [DeliveryRow(*row) for row in cursor.execute(statement("page_deliveries"), {"id": incident_id})]


class MadeEvidence(NamedTuple):
    """A sealed file that was made of an incident."""

    at: datetime
    account: str
    file: str
    size: int
    sha256: str


def made_evidence(cursor: Cursor, incident_id: int) -> list[MadeEvidence]:
    """Return the sealed files that were made of an incident, the newest first, as the audit has them."""
    rows = cursor.execute(statement("page_evidence"), {"subject": f"incident {incident_id}"}).fetchall()
    entries = [json.loads(entry) for (entry,) in rows]
    return [
        MadeEvidence(
            datetime.fromisoformat(entry["at"]),
            str(entry.get("account") or entry["detail"].get("officer") or entry["actor"]),
            str(entry["detail"].get("file", "")),
            int(entry["detail"].get("size", 0)),
            str(entry["detail"].get("sha256", "")),
        )
        for entry in entries
    ]


def windows(cursor: Cursor, scope: Scope, since: datetime, until: datetime) -> list[HoldWindow]:
    """Return windows that have lasted at some time between two instants, the latest first."""
    arguments = {"stations": None if scope is None else list(scope), "since": since, "until": until}
    return [incident_rows.window(row) for row in cursor.execute(statement("page_windows"), arguments)]


def _station(row: Sequence[Any]) -> StationRow:
    code, name_vi, name_en, kind, park, operator, longitude, latitude, illustration = row[:9]
    received, observed, open_alerts, rank = row[9:]
    return StationRow(
        code, Bilingual(name_vi, name_en), kind, park, operator, longitude, latitude, illustration, received, observed,
        open_alerts, status_of_rank(rank),
    )  # fmt: skip
