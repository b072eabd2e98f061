"""Forgetting what is no evidence, by functions of the database that touch nothing younger than a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg

from sql.statements import statement

WORKERS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long each is kept."""

    delays: timedelta = timedelta(days=400)
    texts: timedelta = timedelta(days=400)
    """Of messages that were sent or given up; who was told and when is kept."""
    held_notifications: timedelta = timedelta(days=90)
    deferred: timedelta = timedelta(days=90)
    """Notes of records that waited beyond a quota and were read."""
    receipts: timedelta = timedelta(days=800)
    """Hours of receipt whose two accounts agree; one with a residual stays."""
    sessions: timedelta = timedelta(days=400)
    """Sequence numbers of a logger's session, since it was last heard."""
    sessions_per_station: int = 1000


class RetentionStore:
    """What may be forgotten, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def forget(self, retention: Retention) -> dict[str, int]:
        """Forget what is old enough, and return how many rows of each; what is left over waits for the next call."""
        kept = {
            "delays": retention.delays,
            "texts": retention.texts,
            "held_notifications": retention.held_notifications,
            "deferred": retention.deferred,
            "receipts": retention.receipts,
        }
        found = {name: self._forget(name, {"keep": keep}) for name, keep in kept.items()}
        self._forget("workers", {"keep": WORKERS_KEPT})
        sessions = {"keep": retention.sessions, "most": retention.sessions_per_station}
        return found | {"sessions": self._forget("sessions", sessions)}

    def _forget(self, name: str, arguments: dict[str, object]) -> int:
        row = self._cursor.execute(statement(f"forget_{name}"), arguments).fetchone()
        return 0 if row is None else int(row[0])
