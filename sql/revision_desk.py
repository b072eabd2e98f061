"""What officers decide on revised readings: see what waits, accept or reject it. The audit has an entry for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import psycopg

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.revisions import PendingCause, PendingGroup, PendingJudgement, PendingState, RevisedReading
from sql.connections import connect, translated, usable
from sql.statements import statement
from sql.storable import storable

Cursor = psycopg.Cursor[Any]
APPLICATION = "quantrac revisions"
MOST_SHOWN = 100_000


class RevisionDesk:
    """One connection; the desk's role may decide, the reader's may look."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def groups(self, limit: int = MOST_SHOWN) -> list[PendingGroup]:
        """Return what waits, by station and parameter.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        with self._cursor() as cursor:
            return groups(cursor, limit=limit)

    def pending(
        self, station: str | None = None, parameter: str | None = None, *, every: bool = False, limit: int = MOST_SHOWN
    ) -> list[PendingJudgement]:
        """Return what waits, or ``every`` pending judgement that there was.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        with self._cursor() as cursor:
            return pending(cursor, station, parameter, every=every, limit=limit)

    def readings(self, pending_id: int, limit: int = MOST_SHOWN) -> list[RevisedReading]:
        """Return the readings of a pending hour or day that were sent again.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        with self._cursor() as cursor:
            return readings(cursor, pending_id, limit)

    def of_findings(self, found: Iterable[PendingJudgement]) -> list[RevisedReading]:
        """Return the revised readings of some findings, each once.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        with self._cursor() as cursor:
            return of_findings(cursor, found)

    def decide(self, ids: Sequence[int], accept: bool, officer: str, reason: str) -> dict[int, str]:
        """Accept or reject pending judgements, and return what became of each.

        ``accepted``, ``rejected``; or ``superseded``, ``unknown`` and the earlier decision where none was taken now.

        Raises
        ------
        StoreError
            The database is out of reach, or the officer or the reason is empty.
        """
        row = {"ids": list(ids), "accept": accept, "officer": storable(officer), "reason": storable(reason)}
        with self._cursor() as cursor:
            return dict(cursor.execute(statement("decide_revisions"), row).fetchall())

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with translated("asking for revisions"):
            self._connection = usable(self._connection) or connect(self._conninfo, APPLICATION, autocommit=True)
            yield self._connection.cursor()


def groups(
    cursor: Cursor, station: str | None = None, parameter: str | None = None, limit: int = MOST_SHOWN
) -> list[PendingGroup]:
    """Return what waits, by station and parameter."""
    row = {"station": station, "parameter": parameter, "limit": limit}
    return [_group(found) for found in cursor.execute(statement("pending_groups"), row)]


def pending(
    cursor: Cursor,
    station: str | None = None,
    parameter: str | None = None,
    *,
    every: bool = False,
    limit: int = MOST_SHOWN,
) -> list[PendingJudgement]:
    """Return what waits, the oldest first; with ``every`` also what does not any more, the newest decision first."""
    row = {"station": station, "parameter": parameter, "every": every, "limit": limit}
    return [_pending(found) for found in cursor.execute(statement("pending_judgements"), row)]


def decided(
    cursor: Cursor, limit: int, station: str | None = None, parameter: str | None = None
) -> list[PendingJudgement]:
    """Return what officers have decided, the newest first."""
    row = {"station": station, "parameter": parameter, "limit": limit}
    return [_pending(found) for found in cursor.execute(statement("decided_judgements"), row)]


def readings(cursor: Cursor, pending_id: int, limit: int = MOST_SHOWN) -> list[RevisedReading]:
    """Return the readings of a pending hour or day that were sent again."""
    rows = cursor.execute(statement("pending_readings"), {"id": pending_id, "limit": limit})
    return [RevisedReading(*row) for row in rows]


def decide_by_account(cursor: Cursor, ids: Sequence[int], reason: str, *, accept: bool) -> dict[int, str]:
    """Accept or reject pending judgements in the name of the account of an acting transaction; see ``decide``."""
    row = {"ids": list(ids), "accept": accept, "reason": storable(reason)}
    return dict(cursor.execute(statement("decide_revisions_by_account"), row).fetchall())


def of_findings(cursor: Cursor, found: Iterable[PendingJudgement]) -> list[RevisedReading]:
    """Return the revised readings of some findings, each once: an hour's readings are its day's as well."""
    every = {(r.parameter, r.observed_at, r.partition, r.offset): r for p in found for r in readings(cursor, p.id)}
    return sorted(every.values(), key=lambda r: (r.observed_at, r.parameter, r.replaced_at))


def _group(row: Sequence[Any]) -> PendingGroup:
    station, parameter, start, end, hours, days, found, newest, changes = row
    kinds = tuple((Verdict(standing), Verdict(revised), int(count)) for standing, revised, count in changes)
    return PendingGroup(station, parameter, start, end, hours, days, found, newest, kinds)


def _pending(row: Sequence[Any]) -> PendingJudgement:
    number, station, parameter, window, start, cause, revised, standing_mean, standing_verdict, mean, verdict, *rest = (
        row
    )
    limit_maximum, found_at, state, *decision = rest
    return PendingJudgement(
        *(number, station, parameter, Window(window), start, PendingCause(cause), revised),
        *(standing_mean, Verdict(standing_verdict), mean, Verdict(verdict), limit_maximum, found_at),
        *(PendingState(state), *decision),
    )
