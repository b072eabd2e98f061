"""Which reports of the province were mailed, and to whom."""

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


def report_mails(conninfo: str, kind: str, first_day: date) -> frozenset[str]:
    """Return the addresses that get the report of a period no (second) time.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("asking for sent reports"), connect(conninfo, APPLICATION) as connection:
        rows = connection.execute(statement("report_mails"), {"kind": kind, "first_day": first_day})
        return frozenset(str(address) for (address,) in rows)


def save_report_mail(writer_conninfo: str, kind: str, first_day: date, address: str, done_at: datetime) -> None:
    """Note that the mail server has taken the report of a period for an address, or has refused it for good.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    row = {"kind": kind, "first_day": first_day, "address": address, "done_at": done_at}
    with translated("noting a sent report"), connect(writer_conninfo, APPLICATION) as connection:
        connection.execute(statement("save_report_mail"), row)
