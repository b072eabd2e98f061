"""What was raised and told of some stations since an instant: rows for the score of a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sql.connections import connect, translated
from sql.statements import statement


class RunRows(NamedTuple):
    """Rows of ``run_alerts.sql`` and ``run_messages.sql``."""

    alerts: list[tuple[Any, ...]]
    messages: list[tuple[Any, ...]]


def rows_of_run(desk_conninfo: str, stations: Sequence[str], start: datetime) -> RunRows:
    """Return alerts that were opened since an instant, and messages about any. The desk may read subjects.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    arguments = {"stations": list(stations), "start": start}
    with translated("reading a run"), connect(desk_conninfo, "quantrac score") as connection:
        alerts = connection.execute(statement("run_alerts"), arguments).fetchall()
        return RunRows(alerts, connection.execute(statement("run_messages"), arguments).fetchall())


def last_observed(reader_conninfo: str, stations: Sequence[str]) -> datetime | None:
    """Return the newest stamp that is stored of some stations; ``None`` without any.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    with translated("looking for readings"), connect(reader_conninfo, "quantrac drill") as connection:
        row = connection.execute(statement("last_observed"), {"stations": list(stations)}).fetchone()
        return None if row is None else row[0]
