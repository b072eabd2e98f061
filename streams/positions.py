"""Where reading goes on in each partition: the database says so, and keeps what happened to the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quantrac import topics
from quantrac.clock import Clock
from quantrac.domain.progress import BreakKind, LogBreak, LogRange, position_of, restored
from quantrac.telemetry import get_logger
from sql.progress_store import Committed, Installation
from sql.worker_store import WorkerStore, WorkerTransaction

MOST_AGAIN = 20_000
"""Committed records that are read again to be shared again, at most: others get what they missed, soon."""

_log = get_logger(__name__)


def source_of(cluster: str, topic_id: str) -> str:
    """Return the name under which the progress of a raw topic is kept.

    >>> source_of("MkU3OEVBNTcwNTJENDM2Qk", "d6c2…")
    'quantrac.raw@MkU3OEVBNTcwNTJENDM2Qk/d6c2…'
    """
    return f"{topics.RAW}@{cluster}/{topic_id}"


def ids_of(source: str) -> str:
    """Return the ids of cluster and topic alone: with the name before them they look like an address, and are masked.

    >>> ids_of("quantrac.raw@c/t")
    'c/t'
    """
    return source.partition("@")[2]


@dataclass(frozen=True, slots=True)
class RawTopic:
    """The raw topic as the broker has it."""

    source: str
    """Its name with the ids of its cluster and its own."""
    logs: Mapping[int, LogRange]
    acknowledged: Mapping[int, int]
    """The workers' committed offsets."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from, and what is the database's own."""

    source: str
    """Name of the raw topic with the ids of its cluster and its own."""
    installation: Installation
    replayed_before: Mapping[int, int] = field(default_factory=dict)
    """Offsets by partition before which a restored database had dealt with everything."""


def prepare(store: WorkerStore, topic: RawTopic, clock: Clock) -> Origin:
    """Take over the progress of an older version; tell of a topic that was made anew, and of a restored database.

    Raises
    ------
    StoreError
        The database is away, or not migrated.
    """
    source, now = topic.source, clock.now()
    with store.transaction() as tx:
        tx.progress.adopt(source, source.partition("/")[0])
        others = tx.progress.others(source)
        for other, records in others.items():
            found = LogBreak(0, BreakKind.TOPIC_ANEW, records, records + 1)
            if tx.progress.note(source, found, now):
                _log.error("raw_topic_made_anew", before=ids_of(other), now=ids_of(source), told=found.told)
        _notice_restored(tx, topic, now, made_anew=bool(others))
        reached = tx.progress.reached(source, topic.logs)
        replayed = {partition: r.replayed_before for partition, r in reached.items() if r.replayed_before}
        return Origin(source, tx.progress.installation(), replayed)


def _notice_restored(tx: WorkerTransaction, topic: RawTopic, now: datetime, *, made_anew: bool) -> None:
    reached = tx.progress.reached(topic.source, topic.logs)
    # Under a topic made anew a worker may have acknowledged some records before it noticed: where nothing of it was
    # committed yet, that is no sign, however many workers start meanwhile.
    known = [p for p in topic.logs if reached[p].next_offset or not made_anew]
    forgotten = [
        found
        for p in known
        if (found := restored(p, reached[p], topic.acknowledged.get(p, 0), topic.logs[p])) is not None
    ]
    for found in forgotten:
        tx.progress.replay(topic.source, found, now)
        _log.error("database_was_restored", partition=found.partition, told=found.told)
    if forgotten:
        tx.progress.renew_installation()


def last_records(committed: Mapping[int, Committed], logs: Mapping[int, LogRange]) -> dict[int, tuple[int, bytes]]:
    """Return offset and digest of the last committed record of each partition, where Kafka should have it.

    >>> last_records({0: Committed(7, b"d"), 1: Committed(9, b"d")}, {0: LogRange(0, 8), 1: LogRange(0, 8)})
    {0: (6, b'd')}
    """
    return {
        partition: (next_offset - 1, digest)
        for partition, (next_offset, digest) in committed.items()
        if digest is not None and logs[partition].start < next_offset <= logs[partition].end
    }


class DatabasePositions:
    """The positions of one raw topic. Blocking; used by the thread that also commits batches."""

    def __init__(self, store: WorkerStore, source: str, clock: Clock) -> None:
        self._store, self._source, self._clock = store, source, clock

    def committed(self, partitions: Collection[int]) -> dict[int, Committed]:
        """Return what is committed: to be asked before Kafka is asked where its log ends.

        Raises
        ------
        StoreError
            The database is away.
        """
        with self._store.transaction() as tx:
            return tx.progress.committed(self._source, partitions)

    def of(
        self, logs: Mapping[int, LogRange], before: Mapping[int, Committed], rewritten: Collection[int] = ()
    ) -> dict[int, int]:
        """Return the offset at which each partition goes on; move the progress where its log broke, and tell.

        Parameters
        ----------
        before
            What was committed before Kafka was asked for ``logs``.
        rewritten
            Partitions whose last committed record is another one now.

        Raises
        ------
        StoreError
            The database is away.
        """
        positions = {}
        with self._store.transaction() as tx:
            reached = tx.progress.reached(self._source, logs)
            for partition, log in logs.items():
                known = before[partition].next_offset if partition in before else 0
                positions[partition], found = position_of(
                    partition, reached[partition], log, MOST_AGAIN, committed_before=known
                )
                if found is None and partition in rewritten:
                    found = LogBreak(partition, BreakKind.REWRITTEN, log.start, reached[partition].next_offset)
                    positions[partition] = log.start
                if found is not None:
                    tx.progress.move(self._source, found, positions[partition], self._clock.now())
                    _log.error("raw_log_broke", partition=partition, kind=found.kind.value, told=found.told)
                if found is not None and found.kind is BreakKind.TRUNCATED:
                    self._cut_deferred(tx, partition, log.end)
        return positions

    def _cut_deferred(self, tx: WorkerTransaction, partition: int, end: int) -> None:
        """Tell what waited beyond the log's end: new records get these offsets."""
        now = self._clock.now()
        for gone in tx.deferred.cut(self._source, partition, end, now):
            if gone.first < end:
                continue  # shortened: what is missing of it is told when the rest has been read
            found = LogBreak(partition, BreakKind.LOST, gone.first, gone.beyond)
            tx.progress.note(self._source, found, now)
            _log.error("deferred_records_gone", station=gone.station, messages=gone.messages, told=found.told)

    def require(self) -> None:
        """Return when the database answers.

        Raises
        ------
        StoreError
            It does not.
        """
        with self._store.transaction() as tx:
            tx.progress.installation()
