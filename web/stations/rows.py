"""The stations as the map and the lists show them: read once for all who look at the same moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from sql import page_rows
from sql.page_rows import Cursor, Scope, StationRow

HOLDS = timedelta(seconds=1)
"""Between two looks of an open page for news."""


class StationRows:
    """The last rows that were read, for a second at most and only until something has changed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._generation = 0
        self._kept: tuple[datetime, list[StationRow]] | None = None

    def forget(self) -> None:
        """Something has changed: whoever asks from now on gets what is read from now on."""
        self._generation += 1
        self._kept = None

    def of(self, cursor: Cursor, now: datetime, scope: Scope, *, first: bool = False) -> list[StationRow]:
        """Return the stations in force that are in scope, by code; those who ask at once wait for one reading.

        Parameters
        ----------
        first
            Nothing was read in this transaction so far: it sees the database as it is now, and others may have it.
        """
        with self._lock:
            kept = self._kept
            if kept is None or not timedelta(0) <= now - kept[0] < HOLDS:
                began = self._generation
                kept = (now, page_rows.stations(cursor, now, None))
                # What was read while something changed is given out, and not kept.
                self._kept = kept if first and began == self._generation else None
        wanted = None if scope is None else frozenset(scope)
        return [row for row in kept[1] if wanted is None or row.code in wanted]
