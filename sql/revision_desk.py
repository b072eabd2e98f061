"""What officers decide on revised readings: see what waits, accept or reject it. The audit has an entry for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import psycopg

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.revisions import PendingCause, PendingJudgement, PendingState, RevisedReading
from sql.connections import connect, translated, usable
from sql.statements import statement
from sql.storable import storable

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

    def pending(
        self, station: str | None = None, parameter: str | None = None, *, every: bool = False, limit: int = MOST_SHOWN
    ) -> list[PendingJudgement]:
        """Return what waits, or ``every`` pending judgement that there was.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        row = {"station": station, "parameter": parameter, "every": every, "limit": limit}
        return [_pending(found) for found in self._rows("pending_judgements", row)]

    def readings(self, pending_id: int, limit: int = MOST_SHOWN) -> list[RevisedReading]:
        """Return the readings of a pending hour or day that were sent again.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        return [RevisedReading(*row) for row in self._rows("pending_readings", {"id": pending_id, "limit": limit})]

    def decide(self, ids: Sequence[int], accept: bool, officer: str, reason: str) -> dict[int, str]:
        """Accept or reject pending judgements, and return what became of each.

        ``accepted``, ``rejected``; or ``superseded``, ``unknown`` and the earlier decision where none was taken now.

        Raises
        ------
        StoreError
            The database is out of reach, or the officer or the reason is empty.
        """
        row = {"ids": list(ids), "accept": accept, "officer": storable(officer), "reason": storable(reason)}
        return dict(self._rows("decide_revisions", row))

    def _rows(self, name: str, row: Mapping[str, object]) -> list[Any]:
        with translated("asking for revisions"):
            self._connection = usable(self._connection) or connect(self._conninfo, APPLICATION, autocommit=True)
            return self._connection.execute(statement(name), row).fetchall()


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
