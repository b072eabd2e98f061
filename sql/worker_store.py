"""What a worker does to the database: everything of one batch in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from quantrac.domain.alerts import AlertKey, Reassessment, Transition
from quantrac.domain.deadletters import DeadLetter
from quantrac.domain.judgements import Bucket, Judgement
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.notifications import Notification, Summary
from quantrac.domain.readings import CheckedReading, Outcome, StoredRow
from sql import alert_store, bucket_store, feed_store, model_store, readings_store
from sql.connections import connect, translated
from sql.feed_store import Feed, Ranges, SilentStation
from sql.model_store import StationModelLine
from sql.readings_store import Key
from sql.statements import statement
from sql.storable import storable

_SESSION = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=120s"
"""A worker that hangs in mid-transaction loses its locks to the one that takes its partitions over."""


class WorkerTransaction:
    """The open transaction of a ``WorkerStore``.

    A failing method ends the transaction; ``WorkerStore.transaction`` turns the failure into a ``StoreError``.
    """

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor
        self._staged = False

    def lock_progress(self, topic: str, partitions: Collection[int]) -> dict[int, int]:
        """Lock the rows of ``partitions`` and return the next offset of each; 0 for a partition never read."""
        return feed_store.lock_progress(self._cursor, topic, partitions)

    def save_progress(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Record the offset after the last one that this transaction has dealt with."""
        feed_store.save_progress(self._cursor, topic, next_offsets)

    def load_states(self, stations: Collection[str]) -> dict[str, bytes]:
        """Return the saved states of those of ``stations`` that have one."""
        return feed_store.load_states(self._cursor, stations)

    def load_bases(self, stations: Collection[str]) -> dict[str, bytes]:
        """Return the large parts of the models' memories of those of ``stations`` that have one."""
        return feed_store.load_bases(self._cursor, stations)

    def save_bases(self, bases: Mapping[str, bytes], now: datetime) -> None:
        """Save the large parts of models' memories."""
        feed_store.save_bases(self._cursor, bases, now)

    def save_station_models(self, lines: Sequence[StationModelLine], now: datetime) -> None:
        """Note what scores each of some stations, or why nothing does."""
        model_store.save_station_models(self._cursor, lines, now)

    def add_shadow_counts(self, station: str, pair: tuple[str, str], counts: model_store.Counts, now: datetime) -> None:
        """Add to what is counted of a candidate beside the active artefact of a station."""
        model_store.add_shadow_counts(self._cursor, station, pair, counts, now)

    def save_states(self, snapshots: Mapping[str, bytes], now: datetime) -> None:
        """Save the states of stations."""
        feed_store.save_states(self._cursor, snapshots, now)

    def seen(self, feeds: Collection[Feed]) -> dict[Feed, Ranges]:
        """Lock ``feeds`` and return which sequence numbers of each arrived; a feed never heard has no ranges."""
        return feed_store.seen(self._cursor, feeds)

    def mark_seen(self, arrived: Mapping[Feed, Sequence[tuple[int, int]]], now: datetime) -> None:
        """Add half-open ranges of sequence numbers to what arrived of each feed."""
        feed_store.mark_seen(self._cursor, arrived, now)

    def store(self, rows: Sequence[StoredRow]) -> list[Outcome]:
        """Store readings, keep the sums of their hours and days exact, and return what became of each, in order.

        Of rows with the same key the first counts as stored, and each later one is compared with the one before it.
        """
        outcomes = readings_store.store_readings(self._cursor, rows, staged_before=self._staged)
        self._staged = self._staged or bool(rows)
        return outcomes

    def fetch_readings(self, keys: Sequence[Key]) -> list[CheckedReading]:
        """Return the stored readings of (station, parameter, observed_at), in that order; unknown keys are left out."""
        found = readings_store.fetch_readings(self._cursor, keys)
        return [found[key].checked for key in keys if key in found]

    def add_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep what could not be used; a letter that is kept already is left as it is."""
        self._cursor.executemany(statement("add_dead_letter"), [_letter(letter) for letter in letters])

    def mark_replayed(self, ids: Sequence[int], now: datetime) -> None:
        """Record that the messages of dead letters were sent through the pipeline again."""
        self._cursor.execute(statement("mark_replayed"), {"ids": list(ids), "now": now})

    def add_ledger(self, day: date, counts: Mapping[str, LedgerCounts]) -> None:
        """Add to the accounts of a Vietnamese calendar day by station; refused when a residual is not 0."""
        rows = [{"station": storable(s), "day": day, **_counts(c)} for s, c in sorted(counts.items())]
        self._cursor.executemany(statement("add_ledger"), rows)

    def touch_presence(self, heard: Mapping[str, tuple[datetime, datetime | None]]) -> None:
        """Move on when each station was last received, and its largest ``observed_at``; neither ever goes back."""
        feed_store.touch_presence(self._cursor, heard)

    def set_presence(self, station: str, online: bool, at: datetime) -> None:
        """Record a station's birth or will message, unless a newer one is recorded."""
        feed_store.set_presence(self._cursor, station, online, at)

    def silent_stations(self, now: datetime) -> list[SilentStation]:
        """Return every registered or heard station with when it was last received, the longest silent first."""
        return feed_store.silent_stations(self._cursor, now)

    def add_delays(self, minute: datetime, counts: Mapping[int, int]) -> None:
        """Add readings to the delay histogram of a minute, by bucket."""
        arguments = {"minute": minute, "buckets": list(counts), "counts": list(counts.values())}
        self._cursor.execute(statement("add_delays"), arguments)

    def apply_transition(self, transition: Transition) -> tuple[int, int] | None:
        """Open, escalate or resolve an alert; the ids of alert and transition, or ``None`` when nothing changed."""
        return alert_store.apply_transition(self._cursor, transition)

    def update_peak(self, key: AlertKey, value: float) -> None:
        """Move the worst value of the open alert of ``key``, if there is one and ``value`` is worse."""
        alert_store.update_peak(self._cursor, key, value)

    def reassess(self, found: Reassessment) -> None:
        """Write what the model now makes of an open alert."""
        alert_store.reassess(self._cursor, found)

    def neighbours(self, stations: Collection[str], now: datetime) -> dict[str, tuple[int, int]]:
        """Return how many other stations of the same park report, and how many of them have an open anomaly."""
        return alert_store.neighbours(self._cursor, stations, now)

    def open_alerts(self, station: str) -> list[AlertKey]:
        """Return the keys of a station's open alerts."""
        return alert_store.open_alerts(self._cursor, station)

    def enqueue(self, alert_id: int, transition_id: int, notifications: Sequence[Notification]) -> None:
        """Put notifications into the outbox; one whose ``message_id`` is there already is left as it is."""
        alert_store.enqueue(self._cursor, alert_id, transition_id, notifications)

    def last_hour(self, station: str, parameter: str, at: datetime) -> Summary:
        """Return what one sensor's readings in (at - 1 h, at] looked like."""
        return alert_store.last_hour(self._cursor, station, parameter, at)

    def dirty_buckets(self, now: datetime, grace: timedelta, limit: int) -> list[Bucket]:
        """Lock and return hours and days to be judged, ``expected`` left at 0; at most ``limit`` of each.

        Judge in a transaction of its own: together with ``store`` two workers could wait for each other.
        """
        return bucket_store.dirty_buckets(self._cursor, now, grace, limit)

    def save_judgements(self, judgements: Sequence[Judgement]) -> None:
        """Save judgements, in place of earlier ones of the same bucket, and mark the buckets as judged."""
        bucket_store.save_judgements(self._cursor, judgements)


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
            may be stored: ``lock_progress`` tells.
        """
        with translated("storing a batch"):
            connection = self._connected()
            with connection.transaction(), connection.cursor() as cursor:
                yield WorkerTransaction(cursor)

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[Any]:
        # A server that goes in mid-pipeline leaves a connection that is neither closed nor of any use.
        if self._connection is not None and self._connection.info.transaction_status is not TransactionStatus.IDLE:
            self.close()
        if self._connection is None:
            connection = connect(self._conninfo, "quantrac worker", autocommit=True, session=_SESSION)
            try:
                readings_store.create_staging(connection)
            except psycopg.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _letter(letter: DeadLetter) -> dict[str, object]:
    return {
        "station": storable(letter.station),
        "stage": letter.stage.value,
        "reason": letter.reason.value,
        "detail": storable(letter.detail),
        "parameter": None if letter.parameter is None else storable(letter.parameter),
        "payload": letter.payload,
        "content_type": storable(letter.content_type),
        "mqtt_topic": storable(letter.mqtt_topic),
        "received_at": letter.received_at,
        "partition": letter.partition,
        "offset": letter.offset,
        "position": letter.position,
    }


def _counts(counts: LedgerCounts) -> dict[str, int]:
    return {
        "received": counts.received,
        "stored": counts.stored,
        "duplicate": counts.duplicate,
        "revision": counts.revision,
        "dead_letter": counts.dead_letter,
        "redelivered": counts.redelivered,
    }
