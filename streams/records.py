"""A raw Kafka record as the stages see it: the original bytes and what the bridge wrote beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from quantrac import topics
from quantrac.domain.receipts import Receipt, ReceiptKey, receipt_key, receipt_of

_LOG_APPEND_TIME = 1
"""Kafka's word for a stamp of its own."""
_MOST_BRIDGE = 64
_TEXTS_HELD = 4_096
_LONGEST_HELD = 256
"""Bytes: a topic may be much longer, and a flood may be of many."""
Headers = Mapping[str, bytes] | Iterable[tuple[str, bytes]] | None


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record of the raw topic. ``received_at`` is the bridge's clock, aware, UTC, until that is corrected."""

    partition: int
    offset: int
    value: bytes
    content_type: str
    mqtt_topic: str
    received_at: datetime
    replayed: bool = False
    """A dead letter that was sent through the pipeline again, with the instant at which it was first received."""
    receipt: Receipt | None = None
    """Its number where it was first held; ``None`` for a replay, and for what somebody else wrote."""
    bridge: str = ""
    """Which process wrote it."""
    appended_at: datetime | None = None
    """Kafka's own clock; ``None`` where the topic keeps the sender's."""
    stamped_at: datetime | None = None
    """What the bridge said, where ``received_at`` was corrected."""
    file_name: str = ""
    """Path in the drop folder; the empty string for what came by MQTT."""

    @property
    def stamp(self) -> datetime:
        """The bridge's own word, by which it numbered the record and which is in Kafka for ever."""
        return self.stamped_at or self.received_at

    @property
    def station(self) -> str:
        """Code under which the message was published; the empty string when the topic has none."""
        return topics.station_of_mqtt(self.mqtt_topic)

    @property
    def digest(self) -> bytes:
        """What tells this record from another one at its offset."""
        facts = f"{self.mqtt_topic}\n{self.stamp.isoformat()}\n".encode()
        return hashlib.blake2b(facts + self.value, digest_size=16).digest()


def record_of(m: Any) -> RawRecord:
    """Return the raw record of a message of Faust's consumer."""
    return raw_record(m.partition, m.offset, m.value, m.headers, m.timestamp, by_kafka=is_kafkas(m))


def is_kafkas(message: Any) -> bool:
    """Whether the stamp of a Kafka client's message is of Kafka's own clock, and not of the sender's."""
    return bool(message.timestamp_type == _LOG_APPEND_TIME)


def raw_record(
    partition: int,
    offset: int,
    value: bytes | None,
    headers: Headers,
    timestamp_s: float,
    *,
    by_kafka: bool = False,
) -> RawRecord:
    """Return a raw record of what a Kafka client gives; ``timestamp_s`` is its stamp, since 1970, of Kafka's clock."""
    known = _of_name(headers)
    bridge = _repeated(known.get(topics.HEADER_BRIDGE, b""))
    return RawRecord(
        partition,
        offset,
        value or b"",
        _repeated(known.get(topics.HEADER_CONTENT_TYPE, b"")),
        _repeated(known.get(topics.HEADER_MQTT_TOPIC, b"")),
        _instant(_text(known.get(topics.HEADER_RECEIVED_AT, b""))) or _stamped(timestamp_s),
        replayed=bridge == topics.REPLAY,
        receipt=receipt_of(_text(known.get(topics.HEADER_RECEIPT, b""))),
        bridge=bridge[:_MOST_BRIDGE],
        appended_at=_stamped(timestamp_s) if by_kafka else None,
        file_name=_text(known.get(topics.HEADER_FILE_NAME, b"")),
    )


def numbers_of(records: Iterable[RawRecord]) -> dict[ReceiptKey, list[int]]:
    """Return the numbers that records were given where they were first held, by what they are numbered within."""
    numbers: dict[ReceiptKey, list[int]] = {}
    for record in records:
        if record.receipt is not None:
            key = receipt_key(record.receipt.origin, record.station, record.stamp)
            numbers.setdefault(key, []).append(record.receipt.number)
    return numbers


def _of_name(headers: Headers) -> dict[str, bytes]:
    if not headers:
        return {}
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return {key: value for key, value in pairs if value is not None}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _repeated(value: bytes) -> str:
    """Return the same of what thousands of records say alike: they share one text."""
    return _held(value) if len(value) <= _LONGEST_HELD else _text(value)


_held = lru_cache(_TEXTS_HELD)(_text)


def _instant(text: str) -> datetime | None:
    """Parse the bridge's stamp; a record that another producer wrote without one is stamped by Kafka instead."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no equal in another zone
        return None


def _stamped(timestamp_s: float) -> datetime:
    """Return Kafka's own stamp; one that is no instant is the beginning of 1970: old, whatever is asked."""
    try:
        return datetime.fromtimestamp(timestamp_s, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
