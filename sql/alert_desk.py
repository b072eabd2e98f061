"""What officers do to an alert: acknowledge it, and say what its cause was.

The database's clock counts, and its audit has an entry for each, with the session's login beside the officer's name.
"""

from __future__ import annotations

from sql.connections import connect, translated
from sql.statements import statement
from sql.storable import storable


def acknowledge(conninfo: str, alert_id: int, officer: str) -> str | None:
    """Note who takes care of an alert, and return who that is: the first one stays.

    ``None`` when there is no such alert.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    row = {"id": alert_id, "officer": storable(officer)}
    with translated("acknowledging an alert"), connect(conninfo, "quantrac alerts") as connection:
        found = connection.execute(statement("acknowledge_alert"), row).fetchone()
    return None if found is None or found[0] is None else str(found[0])


def record_cause(conninfo: str, alert_id: int, cause: str, officer: str) -> bool:
    """Note what the cause of an alert was; the last word counts. ``False`` when there is no such alert.

    Raises
    ------
    StoreError
        The database is out of reach, or the cause is not one that it knows.
    """
    row = {"id": alert_id, "cause": cause, "officer": storable(officer)}
    with translated("recording the cause of an alert"), connect(conninfo, "quantrac alerts") as connection:
        return connection.execute(statement("record_cause"), row).fetchone() == (True,)
