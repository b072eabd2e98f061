"""Sending an original message into the raw topic again: a dead letter whose cause is mended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from kafka import KafkaProducer
from kafka.errors import KafkaError

from quantrac import topics
from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.errors import BrokerError
from quantrac.kafka_clients import leave

BRIDGE_ID = topics.REPLAY.encode()
"""In the place of the bridge's id: tells that a record is a replay."""
TIMEOUT_S = 30.0


class Original(Protocol):
    """A message as it was received."""

    @property
    def station(self) -> str:
        """Code under which it was published."""
        ...

    @property
    def mqtt_topic(self) -> str:
        """Topic on which it was published."""
        ...

    @property
    def content_type(self) -> str:
        """Format of the payload."""
        ...

    @property
    def received_at(self) -> datetime:
        """Our clock when it came, aware."""
        ...

    @property
    def payload(self) -> bytes:
        """The original bytes."""
        ...

    @property
    def file_name(self) -> str:
        """Path in the drop folder; the empty string for what came by MQTT."""
        ...


def reinject(kafka: KafkaEndpoint, messages: Iterable[Original], raw_topic: str = topics.RAW) -> None:
    """Write messages into the raw topic as the bridge did, with the instant at which they were first received.

    Raises
    ------
    BrokerError
        Kafka did not take all of them; sending the same again is harmless.
    """
    try:
        producer = KafkaProducer(
            **client_options(kafka), acks="all", enable_idempotence=True, max_request_size=topics.MAX_MESSAGE_BYTES
        )
        try:
            sent = [producer.send(raw_topic, m.payload, m.station.encode(), _headers(m)) for m in messages]
            for future in sent:
                future.get(timeout=TIMEOUT_S)
        finally:
            leave(producer, 1)
    except KafkaError as exc:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap} did not take the messages ({type(exc).__name__}): nothing is lost, try again.",
            retryable=True,
        ) from exc


def _headers(message: Original) -> list[tuple[str, bytes]]:
    file = [(topics.HEADER_FILE_NAME, message.file_name.encode())] if message.file_name else []
    return [
        (topics.HEADER_CONTENT_TYPE, message.content_type.encode()),
        (topics.HEADER_MQTT_TOPIC, message.mqtt_topic.encode()),
        (topics.HEADER_RECEIVED_AT, message.received_at.isoformat(timespec="microseconds").encode()),
        (topics.HEADER_BRIDGE, BRIDGE_ID),
        *file,
    ]
