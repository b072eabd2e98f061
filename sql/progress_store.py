"""How far the workers are in each partition of the raw topic: the one owner of that."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.progress import LogBreak, Reached
from sql.statements import statement
from sql.storable import storable


class Installation(NamedTuple):
    """What is this database's own."""

    id: str
    """Random, of the database's making: part of every Message-ID."""
    retrospective_before: datetime | None
    """What was received before it pages nobody."""


class Committed(NamedTuple):
    """How far one partition is committed."""

    next_offset: int
    last_record: bytes | None
    """Digest of the record before it, where known."""


class ProgressStore:
    """The progress of partitions, in an open transaction. A topic is named with the ids of its cluster and its own."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def lock(self, topic: str, partitions: Collection[int]) -> dict[int, int]:
        """Lock the rows of ``partitions`` and return the next offset of each; 0 for a partition never read."""
        return {partition: reached.next_offset for partition, reached in self.reached(topic, partitions).items()}

    def reached(self, topic: str, partitions: Collection[int]) -> dict[int, Reached]:
        """Lock the rows of ``partitions`` and return the progress of each."""
        wanted = sorted(set(partitions))
        arguments = {"topic": topic, "partitions": wanted}
        rows = self._cursor.execute(statement("lock_progress"), arguments).fetchall()
        if len(rows) < len(wanted):
            self._cursor.execute(statement("add_progress"), arguments)
            rows = self._cursor.execute(statement("lock_progress"), arguments).fetchall()
        return {partition: Reached(*offsets) for partition, *offsets in rows}

    def save(
        self, topic: str, next_offsets: Mapping[int, int], last_records: Mapping[int, bytes] | None = None
    ) -> None:
        """Record the offset after the last one that this transaction has dealt with, and the digest of that record."""
        reached = {
            "partitions": list(next_offsets),
            "next_offsets": list(next_offsets.values()),
            "last_records": [(last_records or {}).get(partition) for partition in next_offsets],
        }
        self._cursor.execute(statement("save_progress"), {"topic": topic, **reached})

    def committed(self, topic: str, partitions: Collection[int]) -> dict[int, Committed]:
        """Return what is committed of each partition that was ever read, without a lock."""
        arguments = {"topic": topic, "partitions": sorted(set(partitions))}
        rows = self._cursor.execute(statement("committed_progress"), arguments)
        return {partition: Committed(*found) for partition, *found in rows}

    def save_shared(self, topic: str, shared_offsets: Mapping[int, int]) -> None:
        """Record the offset after the last one that was sent on; it never goes back, nor beyond what is committed."""
        reached = {"partitions": list(shared_offsets), "shared_offsets": list(shared_offsets.values())}
        self._cursor.execute(statement("save_shared"), {"topic": topic, **reached})

    def move(self, topic: str, found: LogBreak, next_offset: int, now: datetime, *, by: str = "") -> None:
        """Let a partition go on at ``next_offset`` after its log broke, and keep what happened and who said so."""
        arguments = {"topic": topic, "partition": found.partition, "next_offset": next_offset}
        self._cursor.execute(statement("move_progress"), arguments)
        self.note(topic, found, now, by=by)

    def note(self, topic: str, found: LogBreak, now: datetime, *, by: str = "") -> bool:
        """Keep how the log broke, and return whether that is news."""
        facts = {"partition": found.partition, "kind": found.kind.value, "first": found.first, "beyond": found.beyond}
        told = f"{found.told} ({storable(by)})" if by else found.told
        self._cursor.execute(statement("add_log_break"), {"topic": topic, "now": now, "told": told, **facts})
        return self._cursor.rowcount > 0

    def replay(self, topic: str, found: LogBreak, now: datetime) -> None:
        """Let what a lost database had dealt with page nobody, and keep what happened."""
        arguments = {"topic": topic, "partition": found.partition, "beyond": found.beyond}
        self._cursor.execute(statement("save_replayed"), arguments)
        self.note(topic, found, now)

    def renew_installation(self) -> None:
        """Give the database another id: its Message-IDs repeat none of those that it has forgotten."""
        self._cursor.execute(statement("renew_installation"))

    def adopt(self, topic: str, before: str) -> None:
        """Take the progress over that a version which did not know the topic's id has left under ``before``."""
        self._cursor.execute(statement("adopt_progress"), {"topic": topic, "before": before})

    def others(self, topic: str) -> dict[str, int]:
        """Return the raw topics of earlier days, with the sum of their partitions' next offsets."""
        return dict(self._cursor.execute(statement("other_progress"), {"topic": topic}).fetchall())

    def installation(self) -> Installation:
        """Return what is this database's own."""
        (row,) = self._cursor.execute(statement("installation")).fetchall()
        return Installation(*row)

    def begin_rebuild(self, now: datetime) -> None:
        """Let everything received before ``now`` page nobody."""
        self._cursor.execute(statement("begin_rebuild"), {"now": now})
