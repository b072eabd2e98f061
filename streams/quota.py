"""A quota of messages and bytes for each station, so that one that floods never delays another.

What is beyond it is not refused: it stays in Kafka, and is read when the honest ones are served. Time is the instant of
receipt at the bridge, not of processing: what waited for us through an outage of our own is no flood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from streams.records import RawRecord

BURST_S = 20.0
"""A station may send the quota of so many seconds at once: a backfill of some days, a logger that was offline."""
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a station has left, and as of when."""

    messages: float
    bytes: float
    at: datetime


class StationQuota:
    """Token buckets of messages and bytes, one a station; pure.

    Parameters
    ----------
    messages_per_s, bytes_per_s
        What a station may send in the long run.
    """

    def __init__(self, messages_per_s: float, bytes_per_s: float) -> None:
        self._messages_per_s, self._bytes_per_s = messages_per_s, bytes_per_s
        self._left: dict[str, Allowance] = {}

    def divide(self, records: Iterable[RawRecord]) -> tuple[list[RawRecord], list[RawRecord], dict[str, Allowance]]:
        """Return the records within the quota, those beyond it, and what is left after them.

        Nothing is spent until the caller says so by :meth:`spend`: a batch may be tried several times. A station of
        which one record is beyond has all its later ones of this call beyond: so they are one stretch of the log.
        """
        within: list[RawRecord] = []
        beyond: list[RawRecord] = []
        left: dict[str, Allowance] = {}
        floods: set[str] = set()
        for record in records:
            station = record.station
            now = self._refilled(left.get(station) or self._left.get(station), record.received_at)
            enough = station not in floods and now.messages >= 1.0 and now.bytes >= len(record.value)
            if not enough:
                floods.add(station)
            (within if enough else beyond).append(record)
            left[station] = Allowance(now.messages - 1.0, now.bytes - len(record.value), now.at) if enough else now
        return within, beyond, left

    def spend(self, left: dict[str, Allowance]) -> None:
        """Take over what :meth:`divide` left."""
        if len(self._left) > MOST_REMEMBERED:
            self._left.clear()
        self._left.update(left)

    def is_spent(self, station: str) -> bool:
        """Whether a station had hardly anything left, less than of a second, when it was last heard."""
        left = self._left.get(station)
        return left is not None and left.messages < self._messages_per_s

    def _refilled(self, before: Allowance | None, at: datetime) -> Allowance:
        most_messages, most_bytes = BURST_S * self._messages_per_s, BURST_S * self._bytes_per_s
        if before is None:
            return Allowance(most_messages, most_bytes, at)
        passed_s = (at - before.at).total_seconds()
        if passed_s < -BURST_S:  # the bridge's clock was ahead and was set back: its future must not be waited for
            return Allowance(before.messages, before.bytes, at)
        passed_s = max(0.0, passed_s)
        return Allowance(
            min(most_messages, before.messages + passed_s * self._messages_per_s),
            min(most_bytes, before.bytes + passed_s * self._bytes_per_s),
            max(at, before.at),
        )
