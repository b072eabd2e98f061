"""How far the workers are in each partition of the raw topic."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import psycopg

from sql.statements import statement


class ProgressStore:
    """The progress of partitions, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def lock(self, topic: str, partitions: Collection[int]) -> dict[int, int]:
        """Lock the rows of ``partitions`` and return the next offset of each; 0 for a partition never read."""
        wanted = sorted(set(partitions))
        arguments = {"topic": topic, "partitions": wanted}
        progress: dict[int, int] = dict(self._cursor.execute(statement("lock_progress"), arguments).fetchall())
        if len(progress) < len(wanted):
            self._cursor.execute(statement("add_progress"), arguments)
            progress = dict(self._cursor.execute(statement("lock_progress"), arguments).fetchall())
        return progress

    def save(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Record the offset after the last one that this transaction has dealt with."""
        reached = {"partitions": list(next_offsets), "next_offsets": list(next_offsets.values())}
        self._cursor.execute(statement("save_progress"), {"topic": topic, **reached})
