"""The rows that reports are made of, as they were known at an instant, read by the reader role."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.report_rows import (
    AlertRow,
    HourRow,
    JudgedRow,
    PendingRow,
    ReceivedRow,
    RevisionRow,
    SilenceRow,
    StationRows,
    StatusRow,
)
from quantrac.domain.revisions import PendingCause, PendingState
from sql.connections import connect, translated
from sql.statements import statement

APPLICATION = "quantrac report"


def station_rows(
    conninfo: str,
    station: str,
    since: datetime,
    until: datetime,
    as_of: datetime,
    *,
    late_after: timedelta,
    silent_after: timedelta,
) -> StationRows:
    """Return what was known at ``as_of`` of a station from ``since`` to before ``until``, out of one snapshot.

    A reading counts from the instant at which it was received, with the number that it had then; a finding with the
    limit and the mean that it had then. So the rows of an instant stay the same for ever, once everything received
    until then has been stored.

    Parameters
    ----------
    late_after
        A reading received later than this after it was measured is late.
    silent_after
        A longer stretch without any reading is a silence.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    key = {"station": station, "since": since, "until": until, "as_of": as_of}
    with translated("reading a report"), connect(conninfo, APPLICATION) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

        def rows(name: str, **more: object) -> list[tuple[Any, ...]]:
            return connection.execute(statement(name), key | more).fetchall()

        readings = rows("known_readings", late_after=late_after, silent_after=silent_after)
        return StationRows(
            hours=tuple(_hour(row) for row in readings if row[0] == "hour"),
            judged=tuple(_judged(row) for row in rows("known_judgements")),
            statuses=tuple(_status(row) for row in readings if row[0] == "status"),
            silences=tuple(SilenceRow(*row[2:4]) for row in readings if row[0] == "silence"),
            revisions=tuple(RevisionRow(*row) for row in rows("known_revisions")),
            alerts=tuple(AlertRow(*row) for row in rows("known_alerts")),
            pending=tuple(_pending(row) for row in rows("known_pending")),
        )


def data_received(conninfo: str, first_day: date, last_day: date, station: str | None = None) -> list[ReceivedRow]:
    """Return the share of data received by station, parameter and Vietnamese calendar day, both days included."""
    with translated("reading the share of data received"), connect(conninfo, APPLICATION) as connection:
        arguments = {"first_day": first_day, "last_day": last_day, "station": station}
        return [ReceivedRow(*row) for row in connection.execute(statement("data_received"), arguments)]


def _hour(row: tuple[Any, ...]) -> HourRow:
    _, parameter, start, _, _, readings, total, usable, *rest = row
    return HourRow(parameter, start, total, usable, readings, *rest)


def _status(row: tuple[Any, ...]) -> StatusRow:
    _, parameter, first, last, status, readings, *_ = row
    return StatusRow(parameter, status, first, last, readings)


def _pending(row: tuple[Any, ...]) -> PendingRow:
    parameter, window, start, standing_mean, standing_verdict, mean, verdict, readings, cause, state, *decision = row
    return PendingRow(
        *(parameter, Window(window), start, standing_mean, Verdict(standing_verdict), mean, Verdict(verdict)),
        *(readings, PendingCause(cause), PendingState(state), *decision),
    )


def _judged(row: tuple[Any, ...]) -> JudgedRow:
    parameter, window, start, mean, verdict, *rest = row
    return JudgedRow(parameter, Window(window), start, mean, Verdict(verdict), *rest)
