"""What officers do to an alert: acknowledge it, and say what its cause was."""

from __future__ import annotations

from datetime import datetime

from sql.connections import connect, translated
from sql.statements import statement
from sql.storable import storable


def acknowledge(conninfo: str, alert_id: int, officer: str, now: datetime) -> str | None:
    """Note who takes care of an alert, and return who that is: the first one stays.

    ``None`` when there is no such alert.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    row = {"id": alert_id, "officer": storable(officer), "now": now}
    with translated("acknowledging an alert"), connect(conninfo, "quantrac alerts") as connection:
        found = connection.execute(statement("acknowledge_alert"), row).fetchone()
    return None if found is None else str(found[0])


def record_cause(conninfo: str, alert_id: int, cause: str, officer: str, now: datetime) -> bool:
    """Note what the cause of an alert was; the last word counts. ``False`` when there is no such alert.

    Raises
    ------
    StoreError
        The database is out of reach, or the cause is not one that it knows.
    """
    row = {"id": alert_id, "cause": cause, "officer": storable(officer), "now": now}
    with translated("recording the cause of an alert"), connect(conninfo, "quantrac alerts") as connection:
        return connection.execute(statement("record_cause"), row).fetchone() is not None
