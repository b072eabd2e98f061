"""Reads stretches of the raw topic by their offsets, beside the workers and without their group."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError
from quantrac.kafka_clients import opened
from quantrac.telemetry import get_logger, quiet
from sql.deferred_store import Deferred
from sql.storable import storable
from streams.records import RawRecord, is_kafkas, raw_record
from streams.slices import SLICE_BYTES

POLL_MS = 1_000
MOST_POLLS = 3
MOST_RECORDS = 2_000
MOST_BYTES = 4 * 1024 * 1024
"""Of payload read at once: a flood of the largest messages must not fill the memory."""

_log = get_logger(__name__)


class RawReader:
    """One connection, made when first needed and anew after a fault; used by one thread at a time."""

    def __init__(self, kafka: KafkaEndpoint, topic: str) -> None:
        self._kafka, self._topic = kafka, topic
        self._consumer: Any = None
        self._ahead: list[RawRecord] = []
        """What came with the last answer to :meth:`waiting`: one partition's records without a hole between them. A
        flood waits in many short stretches, and Kafka gives some megabytes whatever is asked of it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def waiting(self, waits: Sequence[Deferred], most: int) -> tuple[list[RawRecord], int]:
        """Return at most so many of the records that wait, and the offset after the last one looked at.

        ``waits`` are stretches of one station in one partition, in order. The records end with the one that fills
        ``SLICE_BYTES``, or where Kafka's answer ends.

        Records that Kafka no longer has are passed over: the offset is then beyond them, and the caller sees that too
        few came.

        Raises
        ------
        BrokerError
            Kafka does not answer.
        """
        if not _covers(self._ahead, waits[0]):
            self._ahead = self._read(waits[0].partition, waits[0].first, waits[-1].beyond)
        found: list[RawRecord] = []
        size, looked_at = 0, None
        stretches = iter(waits)
        stretch = next(stretches)
        for record in self._ahead:
            if record.offset >= waits[-1].beyond:
                break
            while record.offset >= stretch.beyond:
                stretch = next(stretches)
            if record.offset < waits[0].first:
                continue
            looked_at = record.offset
            if record.offset >= stretch.first and storable(record.station) == stretch.station:
                found.append(record)
                size += len(record.value)
                if len(found) == most or size >= SLICE_BYTES:
                    return found, record.offset + 1
        # Records of others alone say nothing of those behind them: only an empty stretch is one that Kafka has not.
        return found, waits[-1].beyond if looked_at is None else looked_at + 1

    def read(self, partition: int, first: int, beyond: int) -> list[RawRecord]:
        """Return the records of a stretch, at most ``MOST_RECORDS`` or ``MOST_BYTES``; fewer, where Kafka has fewer.

        Raises
        ------
        BrokerError
            Kafka does not answer, or is too slow to give what it says it has: that is not taken for a loss.
        """
        return [r for r in self._read(partition, first, beyond) if r.offset < beyond]

    def _read(self, partition: int, first: int, beyond: int) -> list[RawRecord]:
        """Return the records of a stretch, as :meth:`read`, and those behind it that came with them."""
        tp = TopicPartition(self._topic, partition)
        try:
            with quiet("kafka"):
                consumer = self._connected()
                consumer.assign([tp])
                start, end = consumer.beginning_offsets([tp])[tp], consumer.end_offsets([tp])[tp]
                consumer.seek(tp, max(first, start))
                return _polled(consumer, tp, min(beyond, end))
        except (KafkaError, OSError) as exc:
            self.close()
            raise BrokerError(
                f"Kafka at {self._kafka.bootstrap} does not give partition {partition} of {self._topic} "
                f"({type(exc).__name__}). It will be tried again.",
                retryable=True,
            ) from exc

    def close(self) -> None:
        """Close the connection; the reader can be used again."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _connected(self) -> Any:
        if self._consumer is None:
            self._consumer = opened(
                KafkaConsumer,
                self._kafka,
                enable_auto_commit=False,
                auto_offset_reset="none",
                max_poll_records=MOST_RECORDS,
            )
        return self._consumer


def _covers(records: Sequence[RawRecord], waits: Deferred) -> bool:
    """Whether records that lie one after another begin before what waits, and have some of it."""
    if not records or records[0].partition != waits.partition:
        return False
    return records[0].offset <= waits.first and any(waits.first <= r.offset < waits.beyond for r in records)


def _polled(consumer: Any, tp: TopicPartition, beyond: int) -> list[RawRecord]:
    found: list[RawRecord] = []
    polls = size = 0
    while len(found) < MOST_RECORDS and size < MOST_BYTES and consumer.position(tp) < beyond and polls < MOST_POLLS:
        polled = consumer.poll(POLL_MS, max_records=MOST_RECORDS - len(found)).get(tp, [])
        polls = 0 if polled else polls + 1
        found += [
            raw_record(r.partition, r.offset, r.value, r.headers, r.timestamp / 1000, by_kafka=is_kafkas(r))
            for r in polled
        ]
        size += sum(len(r.value or b"") for r in polled)
    if not found and consumer.position(tp) < beyond:
        raise KafkaTimeoutError(f"no record before offset {beyond} within {MOST_POLLS * POLL_MS} ms")
    return found
