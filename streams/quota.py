"""A quota of messages and bytes for each station, so that one that floods, or sends its past, never delays another.

What is beyond it is not refused: it stays in Kafka, and is read when the others are served. Time is the instant of
receipt at the bridge, not of processing: what waited for us through an outage of our own is no flood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streams.records import RawRecord

BURST_S = 20.0
"""A station may send the quota of so many seconds at once: a logger that collects, or was offline for a while."""
PAST_S = 1.0
PAST_SHARE = 0.1
"""But of the past no more than that, and in the long run this share of the quota, goes ahead of what others send:
nobody waits for it, and ten stations at once would send ten thousand messages."""
MOST_REMEMBERED = 10_000
LATELY = timedelta(seconds=1)
FLOODED = timedelta(minutes=5)
"""Between two looks at what waits lie slices of large messages, for minutes: a burst must be told all the same."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be sent at once, and as of when."""

    messages: float
    bytes: float
    at: datetime

    def takes(self, size: int) -> bool:
        """Whether a message of so many bytes is within it."""
        return self.messages >= 1.0 and self.bytes >= size

    def less(self, size: int) -> Allowance:
        """Return what is left after such a message."""
        return Allowance(self.messages - 1.0, self.bytes - size, self.at)


_NOTHING = Allowance(0.0, 0.0, datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Left:
    """What a station has left: of all that it sends, and of what was late when it was received."""

    all: Allowance
    past: Allowance
    refused_at: datetime | None = None
    """When it last sent something beyond its quota."""


class StationQuota:
    """Token buckets of messages and bytes, two a station; pure.

    Parameters
    ----------
    messages_per_s, bytes_per_s
        What a station may send in the long run.
    """

    def __init__(self, messages_per_s: float, bytes_per_s: float) -> None:
        self._messages_per_s, self._bytes_per_s = messages_per_s, bytes_per_s
        self._left: dict[str, Left] = {}

    def divide(
        self, records: Iterable[RawRecord], is_past: Callable[[RawRecord], bool]
    ) -> tuple[list[RawRecord], list[RawRecord], dict[str, Left]]:
        """Return the records that go ahead, those that wait, and what is left after them.

        ``is_past`` says whether a record was late when it was received; it is asked of every one that goes ahead.
        Nothing is spent until the caller says so by :meth:`spend`: a batch may be tried several times. A station of
        which one record waits has all its later ones of this call wait: so they are one stretch of the log.
        """
        ahead: list[RawRecord] = []
        waiting: list[RawRecord] = []
        left: dict[str, Left] = {}
        wait: set[str] = set()
        for record in records:
            station, size = record.station, len(record.value)
            now = self._refilled(left.get(station) or self._left.get(station), record.received_at)
            if not now.all.takes(size):
                now = Left(now.all, now.past, now.all.at)
                wait.add(station)
            else:
                now = Left(now.all.less(size), now.past, now.refused_at)
                if station not in wait and is_past(record):
                    if now.past.takes(size):
                        now = Left(now.all, now.past.less(size), now.refused_at)
                    else:
                        wait.add(station)
            (waiting if station in wait else ahead).append(record)
            left[station] = now
        return ahead, waiting, left

    def spend(self, left: dict[str, Left]) -> None:
        """Take over what :meth:`divide` left."""
        if len(self._left) > MOST_REMEMBERED:
            self._left.clear()
        self._left.update(left)

    def is_spent(self, station: str, within: timedelta = LATELY) -> bool:
        """Whether a station was beyond its quota so shortly before it was last heard."""
        left = self._left.get(station)
        return left is not None and left.refused_at is not None and left.all.at - left.refused_at < within

    def _refilled(self, before: Left | None, at: datetime) -> Left:
        if before is None:
            return Left(self._grown(_NOTHING, BURST_S, BURST_S, at), self._grown(_NOTHING, PAST_S, PAST_S, at))
        passed_s = (at - before.all.at).total_seconds()
        if passed_s < -BURST_S:  # the bridge's clock was ahead and was set back: its future must not be waited for
            passed_s = 0.0
        elif passed_s <= 0.0:
            return before
        past = self._grown(before.past, passed_s * PAST_SHARE, PAST_S, at)
        return Left(self._grown(before.all, passed_s, BURST_S, at), past, before.refused_at)

    def _grown(self, before: Allowance, passed_s: float, most_s: float, at: datetime) -> Allowance:
        return Allowance(
            min(most_s * self._messages_per_s, before.messages + passed_s * self._messages_per_s),
            min(most_s * self._bytes_per_s, before.bytes + passed_s * self._bytes_per_s),
            at,
        )
