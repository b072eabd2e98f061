"""Letting stations begin anew: for demonstrations, whose signals start again with every run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sql.connections import connect, translated
from sql.statements import statement

_OF_READINGS = ("limit", "anomaly", "fault", "calibrating")


def forget(owner_conninfo: str, stations: Collection[str], now: datetime) -> None:
    """Drop what workers remember of some stations, and close the alerts that only that memory could end, and incidents.

    Readings, means and the history of alerts stay; nobody is told. No worker may hold any of the stations.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    row = {"stations": list(stations), "now": now, "rules": list(_OF_READINGS)}
    with translated("letting stations begin anew"), connect(owner_conninfo, "quantrac demo") as connection:
        connection.execute(statement("forget_states"), row)
        connection.execute(statement("close_alerts"), row)
        connection.execute(statement("forget_incidents"), row)


def verify(owner_conninfo: str, person: str, now: datetime) -> None:
    """Take every channel of somebody as verified: the inbox of a demonstration is nobody's.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    with translated("verifying channels"), connect(owner_conninfo, "quantrac demo") as connection:
        connection.execute(statement("verify_channels"), {"person": person, "now": now})
