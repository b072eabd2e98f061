"""Stored readings in order of time, read piece by piece: a period of any length fits into memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from quantrac.domain.readings import Reading, Status
from sql.connections import connect, translated
from sql.statements import statement

_AT_ONCE = 5_000


def readings_by_instant(
    conninfo: str, station: str, since: datetime, until: datetime
) -> Iterator[tuple[datetime, list[Reading]]]:
    """Yield each instant of a station from ``since`` to before ``until`` with its readings, by parameter.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    arguments = {"station": station, "since": since, "until": until}
    with (
        translated("exporting readings"),
        connect(conninfo, "quantrac export") as connection,
        connection.cursor(name="export") as cursor,
    ):
        cursor.itersize = _AT_ONCE
        cursor.execute(statement("export_readings"), arguments)
        rows = (Reading(row[0], row[1], row[2], row[3], row[4], Status.from_code(row[5])) for row in cursor)
        for instant, readings in groupby(rows, key=lambda reading: reading.observed_at):
            yield instant, list(readings)
