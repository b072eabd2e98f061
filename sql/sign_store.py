"""What the database shows of the whole path, from a station's message to an officer's, for the heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from sql.connections import connect, translated, usable
from sql.statements import statement

Row = tuple[datetime | None, datetime | None, datetime | None, datetime | None, datetime | None]


class SignStore:
    """One connection as the notifier role, opened on first use and again when lost. Methods raise ``StoreError``."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    def signs(self) -> Row:
        """Return received, stepped, due since, failing since, sent; see ``alerts.heartbeat.Signs``."""
        with translated("looking at the whole path"):
            self._connection = usable(self._connection)
            if self._connection is None:
                self._connection = connect(self._conninfo, "quantrac heartbeat", autocommit=True)
            row = self._connection.execute(statement("heartbeat_signs")).fetchone()
            return (None, None, None, None, None) if row is None else (row[0], row[1], row[2], row[3], row[4])

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
