"""Records beyond a quota, kept until their slice is read, so that Kafka need not give them twice. Pure.

Which records wait is told by the database; of those that are not here Kafka is asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from sql.deferred_store import Deferred
from sql.storable import storable
from streams.records import RawRecord
from streams.slices import SLICE_BYTES

MOST_BYTES = 32 * 1024 * 1024
"""Of all that is kept: twenty days of a station's files. What does not fit is read from Kafka again."""
_RECORD_BYTES = 1_000
"""What a record takes beside its payload."""


class KeptRecords:
    """Deferred records of this worker, by partition and station, in the order of the log; used by one thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self.bytes = 0
        """Of all that is kept; each record takes more than its payload."""
        self._kept: dict[tuple[int, str], deque[RawRecord]] = {}

    def keep(self, records: Sequence[RawRecord]) -> None:
        """Keep what one transaction deferred; nothing of it where there is no room, for what is here is read first."""
        needed = sum(map(_weight, records))
        if self.bytes + needed > self._most_bytes:
            return
        self.bytes += needed
        for record in records:
            self._kept.setdefault((record.partition, storable(record.station)), deque()).append(record)

    def take(self, waits: Sequence[Deferred], most: int) -> tuple[list[RawRecord], int] | None:
        """Return what ``RawReader.waiting`` would, and keep it no more; ``None`` when the first stretch is not here."""
        place = waits[0].partition, waits[0].station
        kept = self._kept.get(place)
        if kept is None:
            return None
        found: list[RawRecord] = []
        size = 0
        for stretch in waits:
            self._drop_before(kept, stretch.first)
            if not _is_whole(kept, stretch):
                break
            while kept and kept[0].offset < stretch.beyond and len(found) < most and size < SLICE_BYTES:
                found.append(record := kept.popleft())
                self.bytes -= _weight(record)
                size += len(record.value)
            if len(found) == most or size >= SLICE_BYTES:
                break
        if not kept:
            del self._kept[place]
        return (found, found[-1].offset + 1) if found else None

    def clear(self) -> None:
        """Keep nothing: another worker may have read it, or the log may be another one by now."""
        self._kept.clear()
        self.bytes = 0

    def _drop_before(self, kept: deque[RawRecord], first: int) -> None:
        while kept and kept[0].offset < first:
            self.bytes -= _weight(kept.popleft())


def _is_whole(kept: deque[RawRecord], stretch: Deferred) -> bool:
    offsets = [record.offset for record in islice(kept, stretch.messages + 1)]
    within = [offset for offset in offsets if offset < stretch.beyond]
    return len(within) == stretch.messages


def _weight(record: RawRecord) -> int:
    return len(record.value) + _RECORD_BYTES
