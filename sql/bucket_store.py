"""Hours and days that changed since they were judged, and the judgements of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from quantrac.domain.judgements import Bucket, Judgement
from quantrac.domain.limits import Window
from sql.statements import statement

_WINDOWS = (Window.HOUR, Window.DAY)


class BucketStore:
    """Hours and days to be judged, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def take_dirty(self, now: datetime, grace: timedelta, limit: int) -> list[Bucket]:
        """Lock and return hours and days that ended at least ``grace`` before ``now`` and have to be judged.

        Buckets with revised readings, also those still running, are first computed again from the readings. Buckets
        that another process has locked are passed over. ``expected`` is 0: the caller knows the cadence. Judge in a
        transaction of its own: together with ``ReadingsStore.store`` two workers could wait for each other.

        Parameters
        ----------
        limit
            Most hours, and most days, returned by one call.
        """
        found = []
        for window in _WINDOWS:
            self._recompute(window, limit)
            closed = {"closed_at": now - grace, "limit": limit}
            rows = self._cursor.execute(statement(f"lock_dirty_{window.value}s"), closed)
            found += [_bucket(window, row) for row in rows]
        return found

    def save_judgements(self, judgements: Sequence[Judgement]) -> None:
        """Save judgements, in place of earlier ones of the same bucket, and mark the buckets as judged."""
        self._cursor.executemany(statement("save_judgement"), [_judgement(j) for j in judgements])
        for window in _WINDOWS:
            judged = [_judgement(j) for j in judgements if j.bucket.window is window]
            self._cursor.executemany(statement(f"clear_{window.value}"), judged)

    def _recompute(self, window: Window, limit: int) -> None:
        stale = self._cursor.execute(statement(f"lock_stale_{window.value}s"), {"limit": limit}).fetchall()
        if stale:
            stations, parameters, starts = (list(column) for column in zip(*stale, strict=True))
            keys = {"stations": stations, "parameters": parameters, "starts": starts}
            self._cursor.execute(statement(f"recompute_{window.value}s"), keys)


def _bucket(window: Window, row: Sequence[Any]) -> Bucket:
    station, parameter, start, end, usable_sum, usable_count, total_count, late_count, minimum, maximum = row
    return Bucket(
        station=station,
        parameter=parameter,
        window=window,
        start=start,
        end=end,
        usable_sum=float(usable_sum),
        usable_count=usable_count,
        total_count=total_count,
        late_count=late_count,
        minimum=minimum,
        maximum=maximum,
        expected=0,
    )


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
