"""The Kafka side of the bridge: an idempotent producer whose acknowledgements wake the network thread."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError
from kafka.partitioner import DefaultPartitioner

from ingest.window import Delivery
from quantrac import topics
from quantrac.domain.receipts import Numbers, Receipt
from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.errors import BrokerError
from quantrac.kafka_clients import abandon, opened
from quantrac.telemetry import quiet

Headers = list[tuple[str, bytes]]

_BLOCK_MS = 5_000
"""Longest wait for a topic's metadata; it blocks the network thread, so it stays far below MQTT's keep-alive."""
_REQUEST_TIMEOUT_MS = 10_000
_NEVER_MS = 86_400_000
"""A batch that expires lets the later ones of its partition go first. So none expires: the bridge watches the oldest
message and gives the whole producer up instead, and the sequence numbers keep the order until then."""


_PLACES_HELD = 10_000


class _Partitions(DefaultPartitioner):  # type: ignore[misc]
    """The default's partition of each key, found once: its hash is Python and costs as much as the rest of a record."""

    def __init__(self) -> None:
        self._found: dict[tuple[bytes, int], int] = {}

    def partition(  # noqa: PLR0917  as its base class is called
        self, topic: str, key: bytes, serialized_key: bytes, value: object, serialized_value: bytes, cluster: Any
    ) -> int:
        """Return the partition of a key, by the number of partitions that there are now."""
        place = (serialized_key, len(cluster.partitions_for_topic(topic) or ()))
        found = self._found.get(place)
        if found is None:
            if len(self._found) >= _PLACES_HELD:
                self._found.clear()
            found = int(super().partition(topic, key, serialized_key, value, serialized_value, cluster))
            self._found[place] = found
        return found


class Wake:
    """Lets another thread end the network thread's ``select``: at most one byte is under way."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._writer.setblocking(False)
        self._pending = False

    def set(self) -> None:
        """Wake the network thread."""
        if not self._pending:
            self._pending = True
            with contextlib.suppress(OSError):  # closed by a producer that was given up
                self._writer.send(b"\0")

    def clear(self) -> None:
        """Forget a wake-up. What it announced has to be looked at after this call, never before."""
        # In this order: whoever finds the wake-up still pending has set his facts before the caller looks at them.
        with contextlib.suppress(BlockingIOError):
            self.reader.recv(16)
        self._pending = False

    def close(self) -> None:
        """Close both ends."""
        self.reader.close()
        self._writer.close()


class KafkaSender:
    """One producer, from its first message to its first fault.

    Raises
    ------
    BrokerError
        Kafka cannot be reached, or has no such topic.
    """

    def __init__(
        self,
        kafka: KafkaEndpoint,
        topic: str,
        *,
        client_id: str,
        linger_ms: int,
        compression: str | None,
        max_message_bytes: int,
    ) -> None:
        self.wake = Wake()
        self.fault: BaseException | None = None
        self._topic = topic
        self._numbers = Numbers(client_id)
        try:
            with quiet("kafka"):  # it logs each attempt with a traceback; the caller says it in a line
                self._producer: Any = KafkaProducer(
                    client_id=client_id,
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=linger_ms,
                    batch_size=256 * 1024,
                    compression_type=compression,
                    partitioner=_Partitions(),
                    max_request_size=max_message_bytes,
                    max_block_ms=_BLOCK_MS,
                    request_timeout_ms=_REQUEST_TIMEOUT_MS,
                    delivery_timeout_ms=_NEVER_MS,
                    bootstrap_timeout_ms=_BLOCK_MS,
                    # Half a minute by default, which a Kafka that is back would be left waiting.
                    reconnect_backoff_max_ms=2_000,
                    metrics_enabled=False,
                    allow_auto_create_topics=False,
                    **client_options(kafka),
                )
        except (KafkaError, OSError, ssl.SSLError) as exc:
            self.wake.close()
            raise BrokerError(f"Kafka at {kafka.bootstrap} cannot be reached: {_told(exc)}.", retryable=True) from exc
        try:
            self._producer.partitions_for(topic)
            self._topic_id = _topic_id(kafka, topic)
        except KafkaError as exc:
            self.abandon()
            raise BrokerError(
                f"Kafka at {kafka.bootstrap} has no topic {topic} for this user, or does not answer: {_told(exc)}. "
                "`quantrac doctor` checks the topics.",
                retryable=True,
            ) from exc

    def send(
        self,
        delivery: Delivery,
        station: str,
        value: bytes,
        headers: Headers,
        received_at: datetime,
        *,
        by_file: bool = False,
    ) -> None:
        """Hand a message to the producer; sets ``delivery.stored`` and wakes the network thread once Kafka has it.

        It is numbered within this producer, the station and the hour of receipt: see ``quantrac.domain.receipts``.

        Raises
        ------
        BrokerError
            The producer does not take it; it is to be given up with everything in it.
        """
        delivery.receipt_key, delivery.number = self._numbers.next(station, received_at)
        delivery.by_file, delivery.raw_topic = by_file, self._topic_id
        receipt = Receipt(delivery.receipt_key.origin, delivery.number)
        numbered = [*headers, (topics.HEADER_RECEIPT, receipt.header())]
        try:
            future = self._producer.send(self._topic, value=value, key=station.encode(), headers=numbered)
        except KafkaError as exc:
            self.fault = exc
            raise BrokerError(f"The Kafka producer refused a message: {_told(exc)}.", retryable=True) from exc
        future.add_callback(self._on_stored(delivery))
        future.add_errback(self._on_failed)

    def _on_stored(self, delivery: Delivery) -> Callable[[object], None]:
        def stored(place: Any) -> None:  # on the producer's own thread
            delivery.partition, delivery.offset = place.partition, place.offset
            delivery.stored = True
            self.wake.set()

        return stored

    def _on_failed(self, exc: BaseException) -> None:
        self.fault = exc
        self.wake.set()

    def wait(self, timeout_s: float) -> None:
        """Wait until Kafka has acknowledged or refused something."""
        select.select([self.wake.reader], [], [], timeout_s)

    def raise_fault(self) -> None:
        """Raise what Kafka refused, if anything: nothing of this producer is sent after it."""
        if self.fault is not None:
            raise BrokerError(f"Kafka did not store a message: {_told(self.fault)}.", retryable=True) from None

    def close(self, timeout_s: float) -> None:
        """Wait a bounded time for what is under way, then stop the producer."""
        # What is not stored in time is not acknowledged either, and comes again by MQTT.
        with contextlib.suppress(KafkaError):
            self._producer.flush(timeout=timeout_s)
        self.abandon()

    def abandon(self) -> None:
        """Stop the producer at once; messages that Kafka has not acknowledged may or may not be stored."""
        abandon(self._producer)
        self.wake.close()


def _topic_id(kafka: KafkaEndpoint, topic: str) -> str:
    """Return Kafka's id of a topic: one that was made anew has another."""
    admin = opened(KafkaAdminClient, kafka)
    try:
        found = admin.describe_topics([topic])
    finally:
        admin.close()
    return "" if not found or found[0]["error_code"] else str(found[0]["topic_id"])


def _told(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}".rstrip(": .")
