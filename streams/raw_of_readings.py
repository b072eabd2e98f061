"""The very bytes behind some readings, out of the raw log, in as few strokes as their offsets allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quantrac.domain.evidence import RawBytes
from streams.raw_reader import MOST_RECORDS, RawReader

NEAR = 200
"""Offsets apart: reading over so many records of others is quicker than asking again."""


def raw_of(reader: RawReader, places: Iterable[tuple[int, int]]) -> list[RawBytes]:
    """Return the records at some (partition, offset); those that Kafka no longer has are left out.

    Raises
    ------
    BrokerError
        Kafka does not answer.
    """
    found = []
    for partition, offsets in _stretches(places):
        wanted, first = set(offsets), offsets[0]
        while first <= offsets[-1]:
            records = reader.read(partition, first, offsets[-1] + 1)
            found += [
                RawBytes(r.partition, r.offset, r.received_at, r.content_type, r.mqtt_topic, r.value)
                for r in records
                if r.offset in wanted
            ]
            if not records:
                break
            first = records[-1].offset + 1
    return found


def _stretches(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[int]]]:
    """Yield a partition and offsets of it that lie near one another, in order.

    >>> list(_stretches([(0, 5), (0, 7), (1, 1), (0, 5000), (0, 5)]))
    [(0, [5, 7]), (0, [5000]), (1, [1])]
    """
    run: list[int] = []
    at = -1
    for partition, offset in sorted(set(places)):
        if run and (partition != at or offset - run[-1] > NEAR or len(run) == MOST_RECORDS):
            yield at, run
            run = []
        at = partition
        run.append(offset)
    if run:
        yield at, run
