"""What a worker does to the database: everything of one batch in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from sql.accounting_store import AccountingStore
from sql.alert_store import AlertStore
from sql.bucket_store import BucketStore
from sql.channel_store import ChannelStore
from sql.connections import connect, translated, usable
from sql.deferred_store import DeferredStore
from sql.model_store import ModelStore
from sql.paging_store import PagingStore
from sql.presence_store import PresenceStore
from sql.progress_store import ProgressStore
from sql.readings_store import ReadingsStore, create_staging
from sql.receipts_store import CommittedStore
from sql.retention_store import RetentionStore
from sql.running_workers import RunningWorkers
from sql.sequence_store import SequenceStore
from sql.state_store import StateStore

_SESSION = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=120s"
"""A worker that hangs in mid-transaction loses its locks to the one that takes its partitions over."""


class WorkerTransaction:
    """The open transaction of a ``WorkerStore``: one store for each area, all on its cursor.

    A failing method ends the transaction; ``WorkerStore.transaction`` turns the failure into a ``StoreError``.
    """

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor
        self.progress = ProgressStore(cursor)
        self.states = StateStore(cursor)
        self.sequences = SequenceStore(cursor)
        self.readings = ReadingsStore(cursor)
        self.accounting = AccountingStore(cursor)
        self.committed = CommittedStore(cursor)
        self.channels = ChannelStore(cursor)
        self.deferred = DeferredStore(cursor)
        self.presence = PresenceStore(cursor)
        self.alerts = AlertStore(cursor)
        self.paging = PagingStore(cursor)
        self.models = ModelStore(cursor)
        self.buckets = BucketStore(cursor)
        self.retention = RetentionStore(cursor)
        self.running = RunningWorkers(cursor)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Keep all of the block, or when it raises nothing of it; the transaction goes on.

        Raises
        ------
        StoreError
            Something failed in the block.
        """
        with translated("storing a part of a batch"), self._cursor.connection.transaction():
            yield


class WorkerStore:
    """One connection as the writer role, used by one thread at a time; opened on first use."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[WorkerTransaction]:
        """Open a transaction: committed, and on disk, when the block ends; rolled back when it raises.

        A lost connection is opened again by the next call.

        Raises
        ------
        StoreError
            Something failed in the block or at its end. When the connection was lost in the COMMIT itself the batch
            may be stored: ``progress.lock`` tells.
        """
        with translated("storing a batch"):
            connection = self._connected()
            with connection.transaction(), connection.cursor() as cursor:
                yield WorkerTransaction(cursor)

    @contextmanager
    def rehearsal(self) -> Iterator[WorkerTransaction]:
        """Open a transaction of which nothing is kept, to see whether something could be stored.

        Raises
        ------
        StoreError
            Something failed in the block.
        """
        with translated("rehearsing a batch"):
            connection = self._connected()
            with connection.transaction(force_rollback=True), connection.cursor() as cursor:
                yield WorkerTransaction(cursor)

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[Any]:
        self._connection = usable(self._connection)
        if self._connection is None:
            connection = connect(self._conninfo, "quantrac worker", autocommit=True, session=_SESSION)
            try:
                create_staging(connection)
            except psycopg.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection
