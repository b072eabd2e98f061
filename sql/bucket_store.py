"""Hours and days that changed since they were judged, and the judgements of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.judgements import Bucket, HourOfDay, Judgement
from quantrac.domain.limits import Window
from quantrac.domain.revisions import StationRevisions
from quantrac.domain.stations import midnight
from sql.statements import statement
from sql.storable import storable

_WINDOWS = (Window.HOUR, Window.DAY)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Before a bucket that could not be judged is tried again; twice as long each time."""


class BucketKey(NamedTuple):
    """One hour or day of one sensor."""

    station: str
    parameter: str
    window: Window
    start: datetime | date
    """Of an hour its beginning; of a day that, or the day itself."""


class BucketStore:
    """Hours and days to be judged, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def hold_catalogue(self) -> int:
        """Let no import be committed until the end of the transaction, and return what :func:`limits_stored` does.

        Called before any bucket is taken: an import locks the catalogue first, and then the buckets that it marks.
        """
        row = self._cursor.execute(statement("hold_catalogue")).fetchone()
        return 0 if row is None else int(row[0])

    def stale(self, now: datetime, limit: int) -> list[BucketKey]:
        """Lock and return at most so many hours, and so many days, with revised readings, also those still running."""
        return [
            BucketKey(station, parameter, window, start)
            for window in _WINDOWS
            for station, parameter, start in self._cursor.execute(
                statement(f"lock_stale_{window.value}s"), {"now": now, "limit": limit}
            ).fetchall()
        ]

    def recompute(self, keys: Sequence[BucketKey]) -> None:
        """Compute hours and days again from the readings; the caller has locked them."""
        for window in _WINDOWS:
            wanted = [key for key in keys if key.window is window]
            if wanted:
                columns = {
                    "stations": [key.station for key in wanted],
                    "parameters": [key.parameter for key in wanted],
                    "starts": [key.start for key in wanted],
                }
                self._cursor.execute(statement(f"recompute_{window.value}s"), columns)

    def take_dirty(self, now: datetime, grace: timedelta, limit: int) -> list[Bucket]:
        """Lock and return hours and days that ended at least ``grace`` before ``now`` and have to be judged.

        Buckets with revised readings, also those still running, are first computed again from the readings.
        """
        self.recompute(self.stale(now, limit))
        return self.dirty(now, grace, limit)

    def dirty(self, now: datetime, grace: timedelta, limit: int) -> list[Bucket]:
        """Do as :meth:`take_dirty` without computing anything: buckets with revised readings are passed over.

        So are buckets that another process has locked, and those that were put aside. ``expected`` is 0: the caller
        knows the cadence. Judge in a transaction of its own: together with ``ReadingsStore.store`` two workers could
        wait for each other.

        Parameters
        ----------
        limit
            Most hours, and most days, returned by one call.
        """
        closed = {"now": now, "closed_at": now - grace, "limit": limit}
        return [
            _bucket(window, row)
            for window in _WINDOWS
            for row in self._cursor.execute(statement(f"lock_dirty_{window.value}s"), closed).fetchall()
        ]

    def put_aside(self, key: BucketKey, failure: str, now: datetime) -> bool:
        """Let an hour or day be tried again later, after a longer pause each time; return whether that is news."""
        where = {"station": key.station, "parameter": key.parameter, "start": _start(key)}
        pauses = {"first": FIRST_PAUSE, "longest": LONGEST_PAUSE}
        found = self._cursor.execute(
            statement(f"put_aside_{key.window.value}"), {"failure": storable(failure), "now": now, **where, **pauses}
        ).fetchone()
        return found is not None and bool(found[0])

    def coverage(self, buckets: Sequence[tuple[Bucket, float]]) -> list[tuple[float, int]]:
        """Return how much time (s) of each bucket its usable readings cover, and the gaps: of bucket and cadence (s).

        A reading covers the time to the next one, or to the bucket's end, and at most one cadence: many readings within
        a minute cover a minute. So does the last one before the bucket.
        """
        columns = {
            "stations": [b.station for b, _ in buckets],
            "parameters": [b.parameter for b, _ in buckets],
            "starts": [b.start for b, _ in buckets],
            "ends": [b.end for b, _ in buckets],
            "cadences": [cadence_s for _, cadence_s in buckets],
        }
        return list(self._cursor.execute(statement("covered_time"), columns)) if buckets else []

    def standing_findings(self, buckets: Sequence[Bucket]) -> dict[int, tuple[float | None, int]]:
        """Return the mean and usable count by which judged buckets stand, by their place in ``buckets``."""
        columns = _keys(buckets) | {"windows": [b.window.value for b in buckets]}
        rows = self._cursor.execute(statement("standing_findings"), columns) if buckets else ()
        return {position: (mean, count) for position, mean, count in rows}

    def hours_of_new_days(self, days: Sequence[Bucket]) -> dict[int, list[HourOfDay]]:
        """Return the hours of those days that were never judged, by their place in ``days``."""
        columns = _keys(days) | {"ends": [b.end for b in days]}
        found: dict[int, list[HourOfDay]] = {}
        for position, *hour in self._cursor.execute(statement("standing_hours"), columns) if days else ():
            found.setdefault(position, []).append(HourOfDay(*hour))
        return found

    def revising_stations(self, since: datetime) -> list[StationRevisions]:
        """Return the stations of which findings wait, or which sent readings again after ``since``."""
        return [
            StationRevisions(*row) for row in self._cursor.execute(statement("revising_stations"), {"since": since})
        ]

    def save_judgements(self, judgements: Sequence[Judgement]) -> list[bool]:
        """Save judgements in the place of earlier ones of the same bucket, and mark the buckets as judged.

        Returns
        -------
        list of bool
            For each, in order, whether it stands now: the database holds one back that rests on readings which were
            revised since its bucket was judged, or that softens an exceedance, until an officer accepts it.
        """
        stands = []
        self._cursor.executemany(statement("save_judgement"), [_judgement(j) for j in judgements], returning=True)
        for _ in judgements:
            stands.append(self._cursor.fetchone() is not None)
            self._cursor.nextset()
        for window in _WINDOWS:
            judged = [_judgement(j) for j in judgements if j.bucket.window is window]
            self._cursor.executemany(statement(f"clear_{window.value}"), judged)
        return stands


def _start(key: BucketKey) -> datetime:
    """Return the instant at which a bucket begins; the key of a stale day has the day itself."""
    return key.start if isinstance(key.start, datetime) else midnight(key.start)


def _bucket(window: Window, row: Sequence[Any]) -> Bucket:
    station, parameter, start, end, usable_sum, usable_count, total_count, late_count, minimum, maximum, rejudged = row
    return Bucket(
        station=station,
        parameter=parameter,
        window=window,
        start=start,
        end=end,
        usable_sum=usable_sum,
        usable_count=usable_count,
        total_count=total_count,
        late_count=late_count,
        minimum=minimum,
        maximum=maximum,
        expected=0,
        rejudged=rejudged,
    )


def _keys(buckets: Sequence[Bucket]) -> dict[str, list[object]]:
    return {
        "stations": [b.station for b in buckets],
        "parameters": [b.parameter for b in buckets],
        "starts": [b.start for b in buckets],
    }


def _judgement(judgement: Judgement) -> dict[str, object]:
    bucket = judgement.bucket
    return {
        "station": bucket.station,
        "parameter": bucket.parameter,
        "window": bucket.window.value,
        "window_start": bucket.start,
        "total_count": bucket.total_count,
        "mean": judgement.mean,
        "verdict": judgement.verdict.value,
        "limit_minimum": judgement.limit_minimum,
        "limit_maximum": judgement.limit_maximum,
        "limit_source": judgement.limit_source,
        "ratio": judgement.ratio,
        "exceedance_class": judgement.exceedance_class,
        "usable_count": bucket.usable_count,
        "expected": bucket.expected,
        "retrospective": judgement.retrospective,
        "judged_at": judgement.judged_at,
    }
