"""Which workers run, and what each can read of stations and rules."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import psycopg

from quantrac import __version__
from quantrac.domain.running_workers import RunningWorker
from sql.connections import connect, translated
from sql.statements import statement


class RunningWorkers:
    """The workers that run, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def runs(self, worker: UUID, reads: Collection[str]) -> None:
        """Note that a worker of this version runs, and what it reads."""
        row = {"id": worker, "version": __version__, "reads": sorted(reads)}
        self._cursor.execute(statement("worker_runs"), row)

    def ended(self, worker: UUID) -> None:
        """Note that a worker ends: imports wait for it no longer."""
        self._cursor.execute(statement("worker_ended"), {"id": worker})


def running_workers(conninfo: str) -> list[RunningWorker]:
    """Return the workers that were seen within the last two minutes.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("asking for running workers"), connect(conninfo, "quantrac import") as connection:
        return running_workers_of(connection.cursor())


def running_workers_of(cursor: psycopg.Cursor[Any]) -> list[RunningWorker]:
    """Return the same within a transaction that is open."""
    rows = cursor.execute(statement("running_workers")).fetchall()
    return [RunningWorker(version, started_at, frozenset(reads)) for version, started_at, reads in rows]
