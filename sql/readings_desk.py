"""Readings as people ask for them, and what officers say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sql.connections import connect, translated
from sql.statements import statement
from sql.storable import storable


@dataclass(frozen=True, slots=True)
class ShownReading:
    """One stored reading, and whether somebody has changed it."""

    parameter: str
    observed_at: datetime
    received_at: datetime
    value: float | None
    status: str
    flag: int
    late: bool
    reasons: list[str] | None
    revised: bool
    officer: str | None
    """Who has said the number that counts; ``None``: the station."""
    reason: str | None


def readings_of(
    reader_conninfo: str, station: str, parameter: str | None, span: tuple[datetime, datetime], limit: int
) -> list[ShownReading]:
    """Return the readings of a station between two instants, both included, the newest first.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    since, until = span
    row = {"station": station, "parameter": parameter, "since": since, "until": until, "limit": limit}
    with translated("reading readings"), connect(reader_conninfo, "quantrac readings") as connection:
        return [ShownReading(*found) for found in connection.execute(statement("readings_of_station"), row)]


def revise(
    desk_conninfo: str,
    what: str,
    sensor: tuple[str, str],
    span: tuple[datetime, datetime],
    *,
    value: float | None,
    officer: str,
    reason: str,
) -> int:
    """Write an officer's word about the readings of a sensor in a span of time, and return how many it changed.

    Parameters
    ----------
    what
        ``revise`` (another number), ``invalidate`` (not to be used) or ``restore`` (the station's own counts again).

    Raises
    ------
    StoreError
        The database is out of reach, or a word is empty.
    """
    row = {
        "what": what,
        "station": sensor[0],
        "parameter": sensor[1],
        "since": span[0],
        "until": span[1],
        "value": value,
        "officer": storable(officer),
        "reason": storable(reason),
    }
    with translated("revising readings"), connect(desk_conninfo, "quantrac readings") as connection:
        found = connection.execute(statement("revise_by_desk"), row).fetchone()
    return 0 if found is None else int(found[0])
