"""The bridge from MQTT to Kafka: a message is acknowledged to its station only after Kafka has it.

One thread does everything but Kafka's own input and output: it reads messages, hands them to the producer, and sends
the PUBACKs. So a PUBACK always belongs to the connection on which its message came, and they go out in order.

Whatever fails, the answer is the same: drop the connection and make it anew. The broker keeps the session and sends
again what was not acknowledged; duplicates are what the stages behind Kafka expect.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest import bridge_metrics as metrics
from ingest.kafka_sender import Headers, KafkaSender
from ingest.mqtt_session import Incoming, MqttSession
from ingest.receipts import ReceiptBook
from ingest.window import Delivery, Window
from quantrac import topics
from quantrac.away import Away
from quantrac.clock import Clock, SystemClock
from quantrac.endpoints import KafkaEndpoint, MqttEndpoint
from quantrac.errors import BrokerError, StoreError
from quantrac.telemetry import get_logger

HEADER_TRUNCATED_FROM = "truncated-from"
"""Original size in bytes of a message that Kafka's limit does not let through whole."""
_RECORD_OVERHEAD_BYTES = 16 * 1024
"""Key, headers and the record's own fields; MQTT topics are at most 64 KiB and station codes 64 characters."""
_TURN_S = 0.2
"""Longest wait of one turn: how late a stop is noticed."""
_TURN_MESSAGES = 200
"""Most messages read before acknowledgements are looked after."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """What one bridge needs to know beside its two servers."""

    client_id: str = "bridge-1"
    """Fixed: the broker's session belongs to it."""
    station_filter: str = "+"
    """Stations of this bridge, as one level of an MQTT topic filter. Several bridges share the stations by filters:
    shared subscriptions would lose the order within a station."""
    window: int = 1000
    """Messages without acknowledgement (MQTT 5 Receive Maximum). Below Mosquitto's max_inflight_messages it costs
    throughput; memory is bounded by ``window_bytes``."""
    window_bytes: int = 64 * 1024 * 1024
    """Reading pauses while more than this waits for Kafka."""
    max_message_bytes: int = 8 * 1024 * 1024
    """Kafka's ``max.message.bytes``."""
    gather_s: float = 0.02
    """Pause between what came first and reading it. Without one each message is a turn of its own: a wake-up of two
    threads, a request to Kafka, an entry on disk; that costs bridge and Kafka more than all the rest."""
    linger_ms: int = 5
    """How long the producer collects a batch: what is handed over in one turn goes in one request."""
    compression: str | None = None
    """``gzip``, or others whose package is installed."""
    send_timeout_s: float = 120.0
    """The oldest message may wait this long for Kafka; then producer and MQTT connection are made anew."""
    stop_timeout_s: float = 10.0
    """On a stop, Kafka gets this long to acknowledge what is under way."""
    retry_max_s: float = 5.0
    """Longest pause between two attempts to connect."""


def run(
    mqtt: MqttEndpoint,
    kafka: KafkaEndpoint,
    settings: BridgeSettings,
    stop: threading.Event,
    *,
    clock: Clock | None = None,
    raw_topic: str = topics.RAW,
    receipts: ReceiptBook | None = None,
) -> None:
    """Carry messages until ``stop`` is set. Servers that are away are waited for; nothing is dropped meanwhile.

    ``receipts`` gets every message that Kafka has before its PUBACK goes out.
    """
    bridge = _Bridge(mqtt, kafka, settings, clock or SystemClock(), raw_topic, receipts=receipts)
    pauses = _pauses(settings.retry_max_s)
    try:
        while not stop.is_set():
            served_s = bridge.clock.monotonic_s()
            try:
                bridge.serve(stop)
            except (BrokerError, StoreError) as exc:
                if bridge.clock.monotonic_s() - served_s > settings.retry_max_s:
                    pauses = _pauses(settings.retry_max_s)
                bridge.away.gone("brokers", exc)
                stop.wait(next(pauses))
    finally:
        bridge.close()


def _pauses(longest_s: float) -> Iterator[float]:
    """Yield growing pauses with jitter, so that bridges that lost one server do not return in one instant."""
    pause_s = 0.1
    while True:
        yield random.uniform(0.5, 1.0) * pause_s  # noqa: S311 - no secret
        pause_s = min(longest_s, 2.0 * pause_s)


class _Bridge:
    """The two connections. The producer outlives MQTT connections; a fault of Kafka ends both."""

    def __init__(
        self,
        mqtt: MqttEndpoint,
        kafka: KafkaEndpoint,
        settings: BridgeSettings,
        clock: Clock,
        raw_topic: str,
        *,
        receipts: ReceiptBook | None,
    ) -> None:
        self._receipts = receipts
        self.clock, self.away = clock, Away()
        self._mqtt = mqtt
        self._kafka = kafka
        self._settings = settings
        self._raw_topic = raw_topic
        root = f"{topics.MQTT_ROOT}/{settings.station_filter}"
        # Also what is misspelt: it becomes a dead letter instead of vanishing.
        self._filters = (f"{root}/#",)
        self._former_filters = (f"{root}/readings", f"{root}/status")
        self._bridge_id = settings.client_id.encode()
        self._sender: KafkaSender | None = None
        self._in_session = False

    def serve(self, stop: threading.Event) -> None:
        """Carry messages over one MQTT connection until ``stop`` is set; raises ``BrokerError`` on any fault."""
        # Kafka first: while it is away the messages are better kept in the broker's session than in ours.
        sender = self._ready_sender()
        session = MqttSession(
            self._mqtt, self._settings.client_id, self._filters, self._settings.window, self._former_filters
        )
        window = Window()
        try:
            session.connect()
            metrics.CONNECTED.set(1)
            self.away.back("brokers")
            _log.info("connected", broker=f"{self._mqtt.host}:{self._mqtt.port}", filters=self._filters)
            self._notice_a_lost_session(continued=session.continued)
            while not stop.is_set():
                self._turn(session, sender, window)
            self._finish(session, sender, window)
        except BrokerError:
            metrics.FAULTS.labels("kafka" if sender.fault else "mqtt").inc()
            if sender.fault is not None:
                self._give_up_sender()
            raise
        except StoreError:
            metrics.FAULTS.labels("receipts").inc()
            raise
        finally:
            metrics.CONNECTED.set(0)
            metrics.WINDOW.set(0)
            session.drop()

    def _notice_a_lost_session(self, *, continued: bool) -> None:
        """Tell when the broker knew this bridge and does so no more: what it acknowledged meanwhile went to nobody."""
        if self._in_session and not continued:
            metrics.SESSIONS_LOST.inc()
            _log.error(
                "session_lost",
                client_id=self._settings.client_id,
                why="the broker lost its store, or somebody took the bridge's session over",
                next="see with `quantrac missing` what stations sent meanwhile, and have them send it again",
            )
        self._in_session = True

    def close(self) -> None:
        """Stop the producer."""
        if self._sender is not None:
            self._sender.close(self._settings.stop_timeout_s)
            self._sender = None

    def _turn(self, session: MqttSession, sender: KafkaSender, window: Window) -> None:
        room = window.size_bytes < self._settings.window_bytes and len(window) < 2 * self._settings.window
        if not room:
            sender.wait(_TURN_S)
        elif session.wait(_TURN_S, sender.wake.reader):
            time.sleep(self._settings.gather_s)
        if room:
            self._forward(session.read(_TURN_MESSAGES), sender, window)
        self._acknowledge(session, sender, window)
        self._check_age(sender, window)
        session.keep_alive()

    def _forward(self, messages: Sequence[Incoming], sender: KafkaSender, window: Window) -> None:
        received_at, since_s = self.clock.now(), self.clock.monotonic_s()
        metrics.RECEIVED.inc(len(messages))
        # Counted, never dropped: DUP does not say that we have it.
        metrics.REDELIVERED.inc(sum(message.dup for message in messages))
        at = received_at.isoformat(timespec="microseconds").encode()
        for message in messages:
            station = topics.station_of_mqtt(message.topic)
            payload, headers = message.payload, self._headers(message.topic, at)
            if len(payload) > self._settings.max_message_bytes - _RECORD_OVERHEAD_BYTES:
                metrics.TRUNCATED.inc()
                _log.error("message beyond Kafka's limit", mqtt_topic=message.topic, size_bytes=len(payload))
                headers.append((HEADER_TRUNCATED_FROM, str(len(payload)).encode()))
                payload = payload[: self._settings.max_message_bytes - _RECORD_OVERHEAD_BYTES]
            delivery = Delivery(message.packet_id, len(payload), since_s)
            window.add(delivery)
            sender.send(delivery, station, payload, headers, received_at)

    def _headers(self, topic: str, received_at: bytes) -> Headers:
        return [
            (topics.HEADER_CONTENT_TYPE, topics.content_of_mqtt(topic).encode()),
            (topics.HEADER_MQTT_TOPIC, topic.encode()),
            (topics.HEADER_RECEIVED_AT, received_at),
            (topics.HEADER_BRIDGE, self._bridge_id),
        ]

    def _acknowledge(self, session: MqttSession, sender: KafkaSender, window: Window) -> None:
        sender.wake.clear()
        sender.raise_fault()
        since_s = window.waiting_since_s()
        stored = window.take_stored()
        if self._receipts is not None:
            self._receipts.note(stored)
        packet_ids = [delivery.packet_id for delivery in stored if delivery.packet_id is not None]
        metrics.WINDOW.set(len(window))
        if packet_ids and since_s is not None:
            metrics.STORED_S.observe(self.clock.monotonic_s() - since_s)
            if session.acknowledge(packet_ids):
                metrics.ACKNOWLEDGED.inc(len(packet_ids))

    def _check_age(self, sender: KafkaSender, window: Window) -> None:
        since_s = window.waiting_since_s()
        if since_s is not None and self.clock.monotonic_s() - since_s > self._settings.send_timeout_s:
            sender.fault = TimeoutError(f"no acknowledgement for {self._settings.send_timeout_s:g} s")
            sender.raise_fault()

    def _finish(self, session: MqttSession, sender: KafkaSender, window: Window) -> None:
        """Acknowledge what Kafka still confirms, within ``stop_timeout_s``, and disconnect."""
        deadline_s = self.clock.monotonic_s() + self._settings.stop_timeout_s
        while len(window) and self.clock.monotonic_s() < deadline_s:
            sender.wait(_TURN_S)
            self._acknowledge(session, sender, window)
        session.close()
        _log.info("stopped", unacknowledged=len(window))

    def _ready_sender(self) -> KafkaSender:
        if self._sender is None:
            settings = self._settings
            self._sender = KafkaSender(
                self._kafka,
                self._raw_topic,
                client_id=settings.client_id,
                linger_ms=settings.linger_ms,
                compression=settings.compression,
                max_message_bytes=settings.max_message_bytes,
            )
        return self._sender

    def _give_up_sender(self) -> None:
        if self._sender is not None:
            self._sender.abandon()
            self._sender = None
