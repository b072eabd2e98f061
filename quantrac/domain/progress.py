"""How far the workers are in the raw log, and where that log broke."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BreakKind(StrEnum):
    """What happened to the raw log."""

    LOST = "lost"
    """Records that were never processed are gone: the log begins behind the progress."""
    TRUNCATED = "truncated"
    """The log ends before the progress: its next records get offsets that were used before."""
    REWRITTEN = "rewritten"
    """The log was cut and has grown beyond the progress again: the last committed record is another one now."""
    TOPIC_ANEW = "topic_anew"
    """The topic was deleted and made again, or the cluster is another one."""
    RESTORED = "restored"
    """The database knows less than it did: it is new, or was restored from a backup."""
    ACCEPTED = "accepted"
    """An operator moved the progress over offsets at which the log has no record."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The progress of one partition."""

    next_offset: int
    """Everything before it is committed."""
    shared_offset: int
    """Everything before it was also sent on to Kafka for others; never beyond ``next_offset``."""
    replayed_before: int = 0
    """Records before it were dealt with before the database was restored."""


@dataclass(frozen=True, slots=True)
class LogRange:
    """What Kafka has of one partition: offsets ``start`` to ``end - 1``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LogBreak:
    """Offsets ``first`` to ``beyond - 1`` of a partition are not what they were."""

    partition: int
    kind: BreakKind
    first: int
    beyond: int

    @property
    def told(self) -> str:
        """Return what happened and what to do next, for the operator."""
        return _TOLD[self.kind].format(partition=self.partition, first=self.first, last=self.beyond - 1)


_TOLD = {
    BreakKind.LOST: (
        "Records {first} to {last} of partition {partition} of the raw topic are gone from Kafka and were never "
        "processed. Find out who deleted them (the topic's retention.ms must be -1), restore them from Kafka's backup "
        "into the raw topic, or let the loggers send that time again; `quantrac status` shows missing messages."
    ),
    BreakKind.TRUNCATED: (
        "Kafka has lost records {first} to {last} of partition {partition} of the raw topic, which are stored in the "
        "database: new records get their offsets and are read from {first} on. The evidence of these is lost; check "
        "Kafka's disk and log, and its replication factor."
    ),
    BreakKind.REWRITTEN: (
        "Partition {partition} of the raw topic was cut and written on: record {last} is another one than was "
        "committed. It is read again from {first} on, so that nothing is passed over; what is stored already is "
        "recognised. Check Kafka's disk and log, and its replication factor."
    ),
    BreakKind.TOPIC_ANEW: (
        "The raw topic was made anew or belongs to another cluster. It is read from its beginning; what the old one "
        "held after offset {first} of all its partitions together was not processed. If it still exists, name its "
        "cluster in the settings and let a worker finish it; else let the loggers send that time again."
    ),
    BreakKind.RESTORED: (
        "The database knows nothing of records {first} to {last} of partition {partition} of the raw topic, which its "
        "workers had acknowledged to Kafka: it is new, or was restored from a backup. They are read again and page "
        "nobody, and messages get other Message-IDs than those of the lost database. What people did since the backup "
        "(acknowledgements, causes, imports of stations and limits) is to be done again; compare `quantrac audit "
        "verify --head FILE`."
    ),
    BreakKind.ACCEPTED: "An operator accepted that partition {partition} has no records {first} to {last}.",
}


def position_of(
    partition: int, reached: Reached, log: LogRange, most_again: int, *, committed_before: int
) -> tuple[int, LogBreak | None]:
    """Return the offset at which reading goes on, and how the log broke, if it did.

    Parameters
    ----------
    most_again
        At most so many committed records are read again only to be shared again.
    committed_before
        The next offset before Kafka was asked for ``log``. Another worker may have read on since: that what it
        committed lies behind ``log`` is no sign that the log was cut.

    >>> position_of(0, Reached(7, 5), LogRange(0, 9), 100, committed_before=7)
    (5, None)
    >>> position_of(0, Reached(7, 5), LogRange(0, 3), 100, committed_before=7)[0]
    3
    >>> position_of(0, Reached(7, 5), LogRange(0, 3), 100, committed_before=2)
    (5, None)
    """
    if committed_before > log.end:
        return log.end, LogBreak(partition, BreakKind.TRUNCATED, log.end, reached.next_offset)
    if reached.next_offset < log.start:
        return log.start, LogBreak(partition, BreakKind.LOST, reached.next_offset, log.start)
    return max(log.start, min(reached.shared_offset, reached.next_offset), reached.next_offset - most_again), None


def restored(partition: int, reached: Reached, acknowledged: int, log: LogRange) -> LogBreak | None:
    """Return what a database forgot: Kafka is acknowledged only after the COMMIT, so it never knows more.

    Parameters
    ----------
    acknowledged
        The group's committed offset at the broker.

    >>> restored(0, Reached(7, 7), 7, LogRange(0, 9)) is None
    True
    >>> restored(0, Reached(2, 2), 7, LogRange(0, 9)).beyond
    7
    """
    beyond = min(acknowledged, log.end)
    if beyond <= max(reached.next_offset, reached.replayed_before):
        return None
    return LogBreak(partition, BreakKind.RESTORED, reached.next_offset, beyond)
