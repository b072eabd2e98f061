"""From a Kafka client's message to a raw record."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from quantrac import topics
from streams.records import raw_record, record_of

KAFKA_STAMP = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def message(headers: object, kind: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        partition=3, offset=17, value=b"{}", headers=headers, timestamp=KAFKA_STAMP.timestamp(), timestamp_type=kind
    )


def test_takes_what_the_bridge_wrote() -> None:
    headers = [
        ("content-type", b"application/x"),
        ("mqtt-topic", b"quantrac/v1/DT_A/readings"),
        ("received-at", b"2026-11-23T10:00:00.25+07:00"),
    ]
    record = record_of(message(headers))
    assert (record.partition, record.offset, record.station) == (3, 17, "DT_A")
    assert record.received_at == datetime(2026, 11, 23, 3, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize("stamp", [None, b"", b"yesterday", b"2026-11-23T10:00:00"], ids=repr)
def test_falls_back_to_the_stamp_of_kafka(stamp: bytes | None) -> None:
    headers = [] if stamp is None else [("received-at", stamp)]
    assert record_of(message(headers)).received_at == KAFKA_STAMP


@pytest.mark.parametrize(("kind", "expected"), [(0, None), (1, KAFKA_STAMP)], ids=["the sender's", "Kafka's"])
def test_keeps_kafka_s_own_stamp_alone(kind: int, expected: datetime | None) -> None:
    assert record_of(message([], kind)).appended_at == expected


@pytest.mark.parametrize("headers", [None, [], {}, [("mqtt-topic", b"\xff\xfe")], [("mqtt-topic", None)]], ids=repr)
def test_a_record_of_an_unknown_origin_has_no_station(headers: object) -> None:
    assert record_of(message(headers)).station == ""


@pytest.mark.parametrize(
    "stamp", [b"", b"\xff\x00", b"soon", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"2026-01-01"]
)
def test_garbage_in_a_header_is_no_stamp(stamp: bytes) -> None:
    headers = [(topics.HEADER_RECEIVED_AT, stamp), (topics.HEADER_MQTT_TOPIC, b"\xff\x00/\x1b[2J")]
    record = raw_record(0, 7, None, headers, 1_700_000_000.0)
    assert record.received_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert record.value == b""
    assert raw_record(0, 7, b"", None, 1e300).received_at == datetime.fromtimestamp(0, UTC)


def test_what_many_records_say_alike_is_one_text_unless_it_is_long() -> None:
    def topic_of(name: bytes) -> str:
        return raw_record(0, 0, b"", [(topics.HEADER_MQTT_TOPIC, bytes(bytearray(name)))], 0.0).mqtt_topic

    assert topic_of(b"quantrac/v1/A/files") is topic_of(b"quantrac/v1/A/files")
    assert topic_of(b"x" * 300) == topic_of(b"x" * 300)
    assert topic_of(b"x" * 300) is not topic_of(b"x" * 300)
