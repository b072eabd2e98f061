"""How long a reading takes from the sensor's publish to our COMMIT, as a histogram that any number of workers add to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

SMALLEST_S = 0.001
RATIO = 1.1
"""Each bucket is a tenth wider than the one before: a quantile read from the histogram is right within 10 %."""
LAST_BUCKET = 200
"""0.001 s x 1.1^200 is about 53 hours; whatever took longer is counted here."""


def bucket_of(delay_s: float) -> int:
    """Return the histogram bucket of a delay: bucket i covers [0.001 x 1.1^i, 0.001 x 1.1^(i+1)) seconds.

    >>> bucket_of(0.0005), bucket_of(0.001), bucket_of(1.0), bucket_of(1e9)
    (0, 0, 72, 200)
    """
    if delay_s <= SMALLEST_S:
        return 0
    return min(LAST_BUCKET, int(math.log(delay_s / SMALLEST_S, RATIO)))


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
