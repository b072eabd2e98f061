"""Which reports of the province were mailed."""

from __future__ import annotations

from datetime import date, datetime

from sql.connections import connect, translated
from sql.statements import statement

APPLICATION = "quantrac reporter"


def is_report_sent(conninfo: str, kind: str, first_day: date) -> bool:
    """Return whether the report of a period (``day`` or ``month``) was mailed.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("asking for sent reports"), connect(conninfo, APPLICATION) as connection:
        row = connection.execute(statement("is_report_sent"), {"kind": kind, "first_day": first_day}).fetchone()
        return row is not None and bool(row[0])


def save_sent_report(writer_conninfo: str, kind: str, first_day: date, as_of: datetime, sent_at: datetime) -> None:
    """Note that the report of a period was mailed.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    row = {"kind": kind, "first_day": first_day, "as_of": as_of, "sent_at": sent_at}
    with translated("noting a sent report"), connect(writer_conninfo, APPLICATION) as connection:
        connection.execute(statement("save_sent_report"), row)
