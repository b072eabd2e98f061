"""Number 1 on real Kafka: what waits beyond a quota is read again, and nothing that Kafka has is taken for lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from quantrac import topics
from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.errors import BrokerError
from sql.deferred_store import Deferred
from streams import raw_reader
from streams.raw_reader import RawReader

FLOOD, HONEST = "DT_FLOOD_NUOSXL", "DT_HONEST_NUOSXL"


@pytest.fixture
def topic(make_topics: Callable[..., tuple[str, ...]]) -> str:
    (made,) = make_topics("raw")
    return made


@pytest.fixture
def reader(kafka: KafkaEndpoint, topic: str) -> Iterator[RawReader]:
    with RawReader(kafka, topic) as opened:
        yield opened


def write(kafka: KafkaEndpoint, topic: str, stations: list[str]) -> None:
    """Write one record of each station, in this order, from offset 0 on."""
    producer = KafkaProducer(**client_options(kafka), acks="all")
    for station in stations:
        headers = [(topics.HEADER_MQTT_TOPIC, topics.mqtt_readings(station).encode())]
        producer.send(topic, value=b"{}", headers=headers)
    producer.flush()
    producer.close()


def test_number_1_deferred_records_are_read_in_slices_past_those_of_others(
    kafka: KafkaEndpoint, topic: str, reader: RawReader
) -> None:
    write(kafka, topic, [FLOOD, HONEST] * 6)
    waits = Deferred(0, 0, 12, FLOOD, 6, 12)
    first, beyond = reader.waiting([waits], 4)
    assert ([r.offset for r in first], beyond) == ([0, 2, 4, 6], 7)
    rest, beyond = reader.waiting([waits._replace(first=beyond, messages=2)], 4)
    assert ([r.offset for r in rest], beyond) == ([8, 10], 12)


def test_number_1_what_lies_between_two_stretches_was_read_already(
    kafka: KafkaEndpoint, topic: str, reader: RawReader
) -> None:
    # offsets  0 1 2 3 4 5 6 7 8 9     of FLOOD the even ones; 4 was within the quota
    # waits    [ . . )   . [ . . )
    write(kafka, topic, [FLOOD, HONEST] * 5)
    waits = [Deferred(0, 0, 3, FLOOD, 2, 4), Deferred(0, 6, 9, FLOOD, 2, 4)]
    first, beyond = reader.waiting(waits, 3)
    assert ([r.offset for r in first], beyond) == ([0, 2, 6], 7)
    rest, beyond = reader.waiting([waits[1]._replace(first=7, messages=1)], 3)
    assert ([r.offset for r in rest], beyond) == ([8], 9)


def test_number_1_short_stretches_that_came_together_are_not_asked_for_again(
    kafka: KafkaEndpoint, topic: str, reader: RawReader
) -> None:
    write(kafka, topic, [FLOOD, HONEST] * 6)
    first, beyond = reader.waiting([Deferred(0, 0, 1, FLOOD, 1, 2)], 4)
    assert ([r.offset for r in first], beyond) == ([0], 1)
    admin = KafkaAdminClient(**client_options(kafka))
    admin.delete_records({TopicPartition(topic, 0): 12})  # whoever asks gets nothing any more
    admin.close()
    second, beyond = reader.waiting([Deferred(0, 4, 11, FLOOD, 4, 8)], 4)
    assert ([r.offset for r in second], beyond) == ([4, 6, 8, 10], 11)
    assert reader.waiting([Deferred(0, 12, 13, FLOOD, 1, 2)], 4) == ([], 13), "what did not come is asked for"


def test_number_1_a_slice_of_a_flood_is_bounded_by_bytes(
    kafka: KafkaEndpoint, topic: str, reader: RawReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(kafka, topic, [FLOOD] * 6)
    monkeypatch.setattr(raw_reader, "SLICE_BYTES", 4)  # two payloads
    found, beyond = reader.waiting([Deferred(0, 0, 6, FLOOD, 6, 12)], 4)
    assert ([r.offset for r in found], beyond) == ([0, 1], 2)


def test_number_1_deferred_records_behind_many_of_others_are_not_taken_for_lost(
    kafka: KafkaEndpoint, topic: str, reader: RawReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_reader, "MOST_RECORDS", 5)
    write(kafka, topic, [HONEST] * 8 + [FLOOD])
    waits = Deferred(0, 0, 9, FLOOD, 1, 2)
    none, beyond = reader.waiting([waits], 4)
    assert (none, beyond) == ([], 5)
    found, beyond = reader.waiting([waits._replace(first=beyond)], 4)
    assert ([r.offset for r in found], beyond) == ([8], 9)


def test_number_1_a_slow_kafka_is_an_outage_and_no_loss(
    kafka: KafkaEndpoint, topic: str, reader: RawReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(kafka, topic, [FLOOD])
    monkeypatch.setattr(raw_reader, "MOST_POLLS", 0)  # it has given nothing when patience ends
    with pytest.raises(BrokerError, match="tried again") as told:
        reader.waiting([Deferred(0, 0, 1, FLOOD, 1, 2)], 4)
    assert told.value.retryable


def test_number_1_deferred_records_that_kafka_deleted_are_passed_over(
    kafka: KafkaEndpoint, topic: str, reader: RawReader
) -> None:
    write(kafka, topic, [FLOOD] * 4)
    admin = KafkaAdminClient(**client_options(kafka))
    admin.delete_records({TopicPartition(topic, 0): 3})
    admin.close()
    found, beyond = reader.waiting([Deferred(0, 0, 4, FLOOD, 4, 8)], 4)
    assert ([r.offset for r in found], beyond) == ([3], 4)
    assert reader.waiting([Deferred(0, 0, 3, FLOOD, 3, 6)], 4) == ([], 3)
