"""What the database shows of the whole path, from a station's message to an officer's, and of the processes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from sql.connections import ANSWER_S, connect, translated, usable
from sql.statements import statement

Row = tuple[datetime | None, datetime | None, datetime | None, datetime | None, datetime | None]
Processes = tuple[datetime | None, float, dict[str, tuple[datetime, float]]]
"""When a worker was seen, the shortest cadence, and of each bridge what came last and its shortest cadence."""
WATCH_KEY = 0x77617463680A0001
"""Advisory lock of whoever watches the system: of two notifiers one tells."""


class SignStore:
    """One connection as the notifier role, opened on first use and again when lost. Methods raise ``StoreError``."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    def signs(self) -> Row:
        """Return received, stepped, due since, failing since, sent; see ``alerts.heartbeat.Signs``."""
        with translated("looking at the whole path"):
            row = self._connected().execute(statement("heartbeat_signs")).fetchone()
            return (None, None, None, None, None) if row is None else (row[0], row[1], row[2], row[3], row[4])

    def processes(self) -> Processes | None:
        """Return what shows of the processes; ``None`` while another connection of this kind has asked before us."""
        with translated("looking at the processes"):
            row = self._connected().execute(statement("system_signs"), {"lock": WATCH_KEY}).fetchone()
            if row is None or not row[0]:
                return None
            bridges = {name: (datetime.fromisoformat(at), float(cadence_s)) for name, (at, cadence_s) in row[3].items()}
            return row[1], row[2], bridges

    def mailed(self) -> dict[str, datetime]:
        """Return the faults of the system that its operators were told of and that are not known to be over."""
        with translated("reading what was told of faults"):
            return dict(self._connected().execute(statement("mailed_faults")).fetchall())

    def save_mailed(self, mailed: Mapping[str, datetime]) -> None:
        """Note them; those that are not named any more are over."""
        with translated("noting what was told of faults"):
            row = {"names": list(mailed), "since": list(mailed.values())}
            self._connected().execute(statement("save_mailed_faults"), row)

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[Any]:
        self._connection = usable(self._connection)
        if self._connection is None:
            self._connection = connect(self._conninfo, "quantrac heartbeat", autocommit=True, answer_s=ANSWER_S)
        return self._connection
