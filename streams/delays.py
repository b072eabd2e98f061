"""How long readings take from the sensor to our COMMIT, as a histogram that any number of workers add to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sql.delays import bucket_of


class DelayLog:
    """Delays that were measured after a COMMIT and wait for the next transaction to be written."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[datetime, int]] = Counter()

    def committed(self, sent: Iterable[tuple[datetime, int]], now: datetime) -> None:
        """Record readings committed at ``now``: pairs of their publish instant and their number."""
        minute = now.replace(second=0, microsecond=0)
        for sent_at, readings in sent:
            self._counts[minute, bucket_of((now - sent_at).total_seconds())] += readings

    def drain(self) -> dict[datetime, dict[int, int]]:
        """Return what waits, by minute and bucket, without forgetting it: :meth:`written` does, after the COMMIT."""
        minutes: dict[datetime, dict[int, int]] = {}
        for (minute, bucket), readings in self._counts.items():
            minutes.setdefault(minute, {})[bucket] = readings
        return minutes

    def written(self) -> None:
        """Forget what :meth:`drain` returned."""
        self._counts.clear()
