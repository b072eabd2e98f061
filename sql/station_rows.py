"""What a station's page shows of its readings, read within one transaction of the page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from quantrac.domain.report_rows import ReceivedRow
from sql.page_rows import Cursor
from sql.statements import statement


class TrendRow(NamedTuple):
    """A bucket of a trend: seconds since 1970, and the least and greatest of what is usable."""

    at: float
    low: float | None
    high: float | None
    flagged: float | None
    other: float | None
    """Of readings that the logger itself does not vouch for."""


def trend(
    cursor: Cursor, station: str, parameter: str, *, since: datetime, until: datetime, width: timedelta
) -> tuple[list[TrendRow], list[tuple[Any, ...]]]:
    """Return a sensor's readings by buckets, and the limits that were in force meanwhile."""
    arguments = {"station": station, "parameter": parameter, "since": since, "until": until, "width": width}
    rows = [TrendRow(*row) for row in cursor.execute(statement("page_trend"), arguments)]
    return rows, cursor.execute(statement("page_trend_limits"), arguments).fetchall()


def export(
    cursor: Cursor, station: str, parameter: str, *, since: datetime, until: datetime, limit: int
) -> list[tuple[Any, ...]]:
    """Return a station's readings as they are stored, in order of time, at most so many."""
    arguments = {"station": station, "parameter": parameter, "since": since, "until": until, "limit": limit}
    return cursor.execute(statement("page_csv"), arguments).fetchall()


class StatusSpan(NamedTuple):
    """A stretch in which a logger did not vouch for a sensor."""

    parameter: str
    status: str
    since: datetime
    until: datetime
    readings: int


def status_spans(cursor: Cursor, station: str, since: datetime, until: datetime) -> list[StatusSpan]:
    """Return the stretches of calibration and fault of a station, the latest first."""
    arguments = {"station": station, "since": since, "until": until}
    return [StatusSpan(*row) for row in cursor.execute(statement("page_calibrations"), arguments)]


def day_so_far(
    cursor: Cursor, station: str, since: datetime, now: datetime
) -> dict[str, tuple[float, int, float | None]]:
    """Return sum and number of usable readings of each sensor since an instant, and the mean of the last hour."""
    arguments = {"station": station, "since": since, "now": now}
    rows = cursor.execute(statement("page_day_so_far"), arguments)
    return {parameter: (total, count, level) for parameter, total, count, level in rows}


def received(cursor: Cursor, station: str, first_day: date, last_day: date) -> list[ReceivedRow]:
    """Return the share of data received by sensor and day."""
    arguments = {"first_day": first_day, "last_day": last_day, "station": station}
    return [ReceivedRow(*row) for row in cursor.execute(statement("data_received"), arguments)]


class ReadingAt(NamedTuple):
    """A reading and the limit of its day."""

    parameter: str
    observed_at: datetime
    received_at: datetime
    value: float | None
    status: str
    flag: int
    late: bool
    score: float | None
    reasons: list[str] | None
    minimum: float | None
    maximum: float | None
    source: str | None


class AlertAt(NamedTuple):
    """An alert whose condition held at an instant, and what became of its incident."""

    id: int
    rule: str
    kind: str
    page: bool
    retrospective: bool
    explanation_vi: str
    explanation_en: str
    incident: int | None
    incident_reason: str | None
    paged_at: datetime | None


def reading_at(cursor: Cursor, station: str, parameter: str, at: datetime) -> tuple[ReadingAt | None, list[AlertAt]]:
    """Return a sensor's reading at an instant, else the last of the day before it, and the alerts that held then."""
    arguments = {"station": station, "parameter": parameter, "at": at}
    row = cursor.execute(statement("page_reading"), arguments).fetchone()
    if row is None:
        return None, []
    reading = ReadingAt(*row)
    rows = cursor.execute(statement("page_alerts_at"), arguments | {"at": reading.observed_at})
    return reading, [AlertAt(*each) for each in rows]
