"""Running numbers of messages where we first hold them: what the ledger is kept from.

The process that receives a message (a bridge, a drop folder) numbers it within *origin*, station and hour of receipt,
and the number travels with the bytes. An origin is one life of one Kafka producer. Its messages reach Kafka in order
and without a hole or not at all, so that of numbers 1 to 7 acknowledged and 1 to 7 without 5 committed exactly one
message is lost; what is sent again after a fault has another origin, so that nothing is ever counted twice.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

MOST_ORIGIN = 100
"""Characters of an origin."""
_HELD = 10_000
"""Stations and hours whose last number is held in memory before those of past hours are let go."""
_MOST_STATION = 64
"""Characters of a station's code that the ledger tells apart: what is longer is nobody's code."""
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Receipt:
    """The number of one message, from 1."""

    origin: str
    number: int

    def header(self) -> bytes:
        """Return what stands in the Kafka record's header.

        >>> Receipt("bridge-1:0f3a", 17).header()
        b'bridge-1:0f3a 17'
        """
        return f"{self.origin} {self.number}".encode()


class ReceiptKey(NamedTuple):
    """What a number belongs to."""

    origin: str
    station: str
    hour_start: datetime


class ReceiptLine(NamedTuple):
    """Messages 1 to ``acknowledged`` of a key are in Kafka, the last of them at ``last_offset``."""

    key: ReceiptKey
    acknowledged: int
    by_file: bool
    raw_topic: str
    """Kafka's id of the raw topic: offsets mean something within one topic only."""
    raw_partition: int
    last_offset: int


def receipt_of(header: str | None) -> Receipt | None:
    """Return the receipt of a header; ``None`` without one, and for one that nobody of us wrote.

    >>> receipt_of("bridge-1:0f3a 17"), receipt_of("bridge-1"), receipt_of("b -3")
    (Receipt(origin='bridge-1:0f3a', number=17), None, None)
    """
    origin, _, number = (header or "").rpartition(" ")
    if not (0 < len(origin) <= MOST_ORIGIN and origin.isprintable() and number.isascii() and number.isdigit()):
        return None
    return Receipt(origin, int(number)) if len(number) < 20 and 0 < int(number) < _LARGEST else None


def receipt_key(origin: str, station: str, received_at: datetime) -> ReceiptKey:
    """Return what a number belongs to; ``received_at`` is aware."""
    hour = received_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return ReceiptKey(origin, station[:_MOST_STATION], hour)


class Numbers:
    """Gives the messages of one Kafka producer their numbers. Used by one thread.

    >>> numbers, at = Numbers("bridge-1"), datetime(2026, 11, 23, 3, 59, tzinfo=UTC)
    >>> [numbers.next(station, at)[1] for station in ("A", "B", "A")]
    [1, 1, 2]
    """

    def __init__(self, process: str) -> None:
        self._process = process[: MOST_ORIGIN // 2]
        self._origin = self._fresh()
        self._given: Counter[ReceiptKey] = Counter()

    def next(self, station: str, received_at: datetime) -> tuple[ReceiptKey, int]:
        """Return what the next message is numbered within, and its number."""
        key = receipt_key(self._origin, station, received_at)
        if key not in self._given:
            key = self._begin(key)
        self._given[key] += 1
        return key, self._given[key]

    def _begin(self, key: ReceiptKey) -> ReceiptKey:
        """Make room for a station's hour. A clock that went back may name an hour that is let go: a new origin then."""
        if any(other.hour_start > key.hour_start for other in self._given):
            self._origin = self._fresh()
            self._given.clear()
            return key._replace(origin=self._origin)
        if len(self._given) >= _HELD:
            for past in [other for other in self._given if other.hour_start < key.hour_start]:
                del self._given[past]
        return key

    def _fresh(self) -> str:
        return f"{self._process}:{secrets.token_hex(6)}"
