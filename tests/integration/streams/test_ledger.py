"""The ledger from the first byte: what is removed behind its back, from Kafka or the database, shows as a residual."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from ingest.kafka_sender import KafkaSender
from ingest.receipts import ReceiptBook, carry
from ingest.window import Delivery
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.progress import LogRange
from quantrac.domain.receipts import Receipt, ReceiptKey, ReceiptLine, receipt_key
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, client_options
from sql.ledger_report import LedgerReport, MessageLine, ledger_report
from sql.receipts_store import ReceiptStore
from sql.worker_store import WorkerStore
from streams.positions import DatabasePositions
from streams.processor import BatchProcessor
from streams.records import RawRecord, raw_record

STATION, SOURCE = "DT_TEST_NUOSXL", "quantrac.raw@test"
ORIGIN = "bridge-1:test"
MakeProcessor = Callable[..., BatchProcessor]


@pytest.fixture
def ledger(prepared: DatabaseEndpoint, clock: ManualClock) -> Callable[[], LedgerReport]:
    now = clock.now()
    return lambda: ledger_report(prepared.reader, now - timedelta(days=1), now + timedelta(days=1))


@pytest.fixture
def receive(prepared: DatabaseEndpoint, clock: ManualClock) -> Callable[..., None]:
    """Carry to the database that Kafka has so many messages of the station, as a bridge does."""

    def add(acknowledged: int, last_offset: int, raw_topic: str = "") -> None:
        key = receipt_key(ORIGIN, STATION, clock.now())
        line = ReceiptLine(key, acknowledged, False, raw_topic, 0, last_offset)
        ReceiptStore(prepared.intake).add([line])

    return add


def numbered(records: Any, clock: ManualClock, count: int) -> list[RawRecord]:
    made = [records.message({"COD": 20.0 + n}, at=clock.now() - timedelta(seconds=count - n)) for n in range(count)]
    return [replace(record, receipt=Receipt(ORIGIN, n)) for n, record in enumerate(made, 1)]


def line(ledger: Callable[[], LedgerReport]) -> MessageLine:
    (found,) = ledger().messages
    return found


def counts(ledger: Callable[[], LedgerReport]) -> tuple[int, int, int, int, int]:
    """Received, committed, in flight, residual, uncounted."""
    found = line(ledger)
    return found.received, found.committed, found.in_flight, found.residual, found.uncounted


class Log:
    """A real raw topic, a bridge's end of it with its account, and a worker's end."""

    def __init__(
        self, kafka: KafkaEndpoint, topic: str, book: ReceiptBook, database: DatabaseEndpoint, clock: ManualClock
    ) -> None:
        self._kafka, self._topic, self._book, self._database, self._clock = kafka, topic, book, database, clock
        self._sender = KafkaSender(
            kafka, topic, client_id="bridge-1", linger_ms=0, compression=None, max_message_bytes=1_000_000
        )

    def receive(self, count: int) -> None:
        """Take messages as the bridge does: Kafka, then the account."""
        deliveries = []
        for n in range(count):
            now = self._clock.now()
            reading = {"parameter": "COD", "value": 20.0, "status": "00"}
            at = (now - timedelta(seconds=600 - n)).isoformat()
            body = json.dumps({"v": 1, "observed_at": at, "sent_at": now.isoformat(), "readings": [reading]}).encode()
            headers = [
                (topics.HEADER_CONTENT_TYPE, topics.CONTENT_JSON.encode()),
                (topics.HEADER_MQTT_TOPIC, topics.mqtt_readings(STATION).encode()),
                (topics.HEADER_RECEIVED_AT, now.isoformat(timespec="microseconds").encode()),
            ]
            deliveries.append(Delivery(n, len(body), 0.0))
            self._sender.send(deliveries[-1], STATION, body, headers, now)
        while not all(d.stored for d in deliveries):
            self._sender.wait(10)
            self._sender.wake.clear()
        self._book.note(deliveries)
        carry(self._book, ReceiptStore(self._database.intake), self._clock.now())

    def remove_before(self, offset: int) -> None:
        """Remove records, as somebody with Kafka's own tools can."""
        admin = KafkaAdminClient(**client_options(self._kafka))
        admin.delete_records({TopicPartition(self._topic, 0): offset})
        admin.close()

    def read(self, processor: BatchProcessor) -> None:
        """Commit what Kafka has, from where the database says, as a worker does that starts."""
        consumer = KafkaConsumer(**client_options(self._kafka), enable_auto_commit=False, group_id=None)
        partition = TopicPartition(self._topic, 0)
        consumer.assign([partition])
        store = WorkerStore(self._database.writer)
        positions = DatabasePositions(store, SOURCE, self._clock)
        before = positions.committed([0])
        start, end = consumer.beginning_offsets([partition])[partition], consumer.end_offsets([partition])[partition]
        position = positions.of({0: LogRange(start, end)}, before)[0]
        store.close()
        consumer.seek(partition, position)
        found: list[RawRecord] = []
        while consumer.position(partition) < end:
            for batch in consumer.poll(500).values():
                found += [raw_record(r.partition, r.offset, r.value, r.headers, r.timestamp / 1000) for r in batch]
        consumer.close()
        if found:
            processor.process(found)

    def close(self) -> None:
        self._sender.abandon()
        self._book.close()


@pytest.fixture
def log(
    kafka: KafkaEndpoint,
    make_topics: Callable[..., tuple[str, ...]],
    prepared: DatabaseEndpoint,
    clock: ManualClock,
    tmp_path: Path,
) -> Iterator[Log]:
    (topic,) = make_topics("raw")
    made = Log(kafka, topic, ReceiptBook(tmp_path / "receipts.sqlite"), prepared, clock)
    yield made
    made.close()


def test_records_removed_from_kafka_show_without_any_sequence_number(
    log: Log, make_processor: MakeProcessor, ledger: Callable[[], LedgerReport]
) -> None:
    """Numbers of the bridge, and what is removed before the worker has read it.

    bridge   1 2 3 4 5 6 7 8 9
    worker   1 2 3 x x x x 8 9
    """
    log.receive(3)
    log.read(make_processor())
    assert counts(ledger) == (3, 3, 0, 0, 0)
    log.receive(6)
    assert line(ledger).residual + line(ledger).in_flight == 6
    log.remove_before(7)
    log.read(make_processor())
    assert counts(ledger) == (9, 5, 0, 4, 0)
    assert ledger().residual == 4


def test_a_removed_tail_shows_once_the_log_went_on(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, receive: Any, ledger: Any
) -> None:
    """Kafka forgets numbers 4 and 5, and gives their offsets to messages of the next producer.

    bridge   1 2 3 4 5 | 1 2
    offset   0 1 2 3 4 | 3 4
    worker   1 2 3       1 2
    """
    made = numbered(records, clock, 5)
    processor = make_processor()
    processor.process(made[:3])
    receive(5, 4)
    assert counts(ledger)[2:4] == (2, 0)  # not yet known to be lost: the worker has not come so far
    anew = [replace(made[k + 3], receipt=Receipt("bridge-1:next", k + 1)) for k in range(2)]
    processor.process(anew)
    assert line(ledger).residual == 2
    assert line(ledger).uncounted == 2  # of the second producer, whose account is under way


def test_redeliveries_and_rewound_workers_count_once(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, receive: Any, ledger: Any
) -> None:
    made = numbered(records, clock, 4)
    make_processor().process(made)
    receive(4, 3)
    receive(4, 3)
    receive(2, 1)  # an older line that comes late
    make_processor().process(made)
    assert counts(ledger) == (4, 4, 0, 0, 0)


def test_dead_letters_count_as_committed(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, receive: Any, ledger: Any
) -> None:
    made = [*numbered(records, clock, 1), replace(records.raw(b"no JSON"), receipt=Receipt(ORIGIN, 2))]
    make_processor().process(made)
    receive(2, 1)
    assert counts(ledger) == (2, 2, 0, 0, 0)


def test_a_lost_message_of_another_topic_is_not_in_flight_for_ever(
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    receive: Any,
    prepared: DatabaseEndpoint,
    ledger: Any,
) -> None:
    receive(3, 2, "the-old-topic")
    assert counts(ledger) == (3, 0, 3, 0, 0)
    key = ReceiptKey("bridge-1:next", STATION, line(ledger).hour_start)
    ReceiptStore(prepared.intake).add([ReceiptLine(key, 1, False, "the-new-topic", 0, 0)])
    assert counts(ledger) == (4, 0, 1, 3, 0)


@pytest.mark.parametrize(
    ("removed", "residual"),
    [
        ("DELETE FROM readings WHERE value = 21", 1),
        ("DELETE FROM readings", 3),
        ("DELETE FROM readings WHERE value = 22; DELETE FROM reading_hours; DELETE FROM latest_readings", 1),
        ("DELETE FROM receipts_committed", 3),
        ("UPDATE receipts_committed SET numbers = '{[1,1],[3,3]}'", 1),
        ("DELETE FROM stored_hours", 3),
    ],
)
def test_rows_removed_from_the_database_show(
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    receive: Any,
    prepared: DatabaseEndpoint,
    ledger: Any,
    removed: str,
    residual: int,
) -> None:
    make_processor().process(numbered(records, clock, 3))
    receive(3, 2)
    assert ledger().residual == 0
    with psycopg.connect(prepared.owner) as connection:
        connection.execute(removed.encode())
    assert ledger().residual == residual


def test_a_revision_and_a_duplicate_leave_the_accounts_even(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, ledger: Any
) -> None:
    at = clock.now() - timedelta(minutes=5)
    make_processor().process([records.message({"COD": v, "pH": 7.0}, at=at) for v in (20.0, 20.0, 25.0)])
    (found,) = ledger().readings
    assert (found.stored, found.present, found.residual) == (2, 2, 0)
