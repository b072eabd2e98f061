"""Files to be forwarded, as the forwarder and its report see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg

from quantrac.domain.forwarding import FilePiece, ForwardingLine, Proof, WaitingFile
from quantrac.errors import StoreError
from sql.connections import connect, translated, usable
from sql.progress_store import ProgressStore
from sql.statements import statement
from sql.storable import storable

APPLICATION = "quantrac forwarder"


class ForwardingStore:
    """One connection as the writer role, for one target; opened on first use and again when lost.

    ``raw_topic`` is the topic's name with the cluster's id: offsets mean something only within one cluster. Every
    method raises ``StoreError``.
    """

    def __init__(self, conninfo: str, target: str, raw_topic: str) -> None:
        self._conninfo, self._target, self._raw_topic = conninfo, target, raw_topic
        self._progress_name = f"forwarding to {target} of {raw_topic}"
        self._connection: psycopg.Connection[Any] | None = None

    def progress(self) -> dict[int, int]:
        """Return the next offset of each partition that was read before."""
        with self._transaction("reading the forwarder's progress") as cursor:
            rows = cursor.execute(statement("forwarding_progress"), {"topic": self._progress_name}).fetchall()
        return dict(rows)

    def add(self, pieces: Sequence[FilePiece], progress: Mapping[int, int]) -> None:
        """Save pieces of files and the offsets after them, in one transaction; the same again changes nothing."""
        with self._transaction("saving files to be forwarded") as cursor:
            for piece in pieces:
                row = asdict(piece) | {"target": self._target, "raw_topic": self._raw_topic}
                row["file_name"] = storable(piece.file_name)
                name = "add_made_file" if piece.made else "add_forwarded_file"
                cursor.execute(statement("append_to_forwarded_file" if piece.offset else name), row)
            ProgressStore(cursor).save(self._progress_name, progress)

    def take(self, limit: int, now: datetime) -> list[WaitingFile]:
        """Return the oldest waiting file of each station whose next try is due, the oldest first."""
        with self._transaction("taking files to be forwarded") as cursor:
            arguments = {"target": self._target, "now": now, "limit": limit}
            return [WaitingFile(*row) for row in cursor.execute(statement("take_forwarded_files"), arguments)]

    def accepted(self, file_id: int, now: datetime, proof: Proof) -> None:
        """Record that the target has a file, and how that is known."""
        with self._transaction("recording an accepted file") as cursor:
            cursor.execute(statement("forwarded_file_accepted"), {"id": file_id, "now": now, "proof": proof.value})

    def failed(self, file_id: int, now: datetime, error: str, next_try_at: datetime | None) -> None:
        """Record a try that failed; without ``next_try_at`` the file is given up."""
        arguments = {"id": file_id, "now": now, "error": storable(error), "next_try_at": next_try_at}
        with self._transaction("recording a refused file") as cursor:
            cursor.execute(statement("forwarded_file_failed"), arguments)

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[Any]:
        """Open the connection that holds the target: the lock ends with it."""
        connection = connect(self._conninfo, APPLICATION, autocommit=True)
        row = connection.execute(statement("lock_forwarding"), {"name": self._progress_name}).fetchone()
        if row != (True,):
            connection.close()
            raise StoreError(
                f"Another forwarder serves {self._target}: stop one of the two. This one waits.", retryable=True
            )
        return connection

    @contextmanager
    def _transaction(self, doing: str) -> Any:
        with translated(doing):
            self._connection = usable(self._connection) or self._connected()
            with self._connection.transaction(), self._connection.cursor() as cursor:
                yield cursor


def forwarding_lines(conninfo: str) -> list[ForwardingLine]:
    """Return what became of each station's files at each target."""
    with translated("reading what was forwarded"), connect(conninfo, APPLICATION) as connection:
        return [ForwardingLine(*row) for row in connection.execute(statement("report_forwarding"))]
