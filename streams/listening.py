"""Whether our own path hears everything: silence of a station counts only while it does.

::

    ends      10   14   20   20      what was in Kafka when the broker was asked
    committed 10   10   14   20
    until     t1   t1   t2   t4      all that was in Kafka at this instant has been committed
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

INTERRUPTION = timedelta(seconds=60)
"""An outage of ours (database, Kafka, no worker) that lasts longer makes all silence before its end our own."""
MOST_MARKS = 2000


class CaughtUp:
    """Up to which instant all that came into Kafka is committed. Told by one thread, read by another."""

    def __init__(self) -> None:
        self._marks: deque[tuple[datetime, dict[int, int]]] = deque()
        self._asked_at: datetime | None = None
        self.until: datetime | None = None
        """``None``: not since the start."""
        self.breaks = 0
        """How often the broker could not be asked for longer than ``INTERRUPTION``."""

    def observe(self, now: datetime, ends: Mapping[int, int], committed: Mapping[int, int]) -> None:
        """Take an answer of the broker: log ends, and the offsets that were committed, by partition."""
        if self._asked_at is not None and now - self._asked_at > INTERRUPTION:
            self.breaks += 1
        self._asked_at = now
        if self._marks and any(ends.get(p, 0) < end for p, end in self._marks[-1][1].items()):
            self._marks.clear()  # the topic was made anew: its old ends are never reached
        if len(self._marks) < MOST_MARKS:
            self._marks.append((now, dict(ends)))
        while self._marks and all(committed.get(p, 0) >= end for p, end in self._marks[0][1].items()):
            self.until = self._marks.popleft()[0]
