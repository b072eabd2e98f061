"""What others read from Kafka: flagged readings and dead letters, sent after the COMMIT, in a thread of its own.

Sharing never holds up storing: what Kafka does not take waits here, and when too much waits the oldest is given up and
said so. How far it is stands in the database beside the progress, so that a restart shares again what was not.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from kafka import KafkaProducer
from kafka.errors import KafkaError
from prometheus_client import Counter, Gauge

from quantrac import topics, wire
from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.kafka_clients import leave
from quantrac.telemetry import get_logger
from streams.processor import Shared

MAX_READINGS_PER_RECORD = 5000
"""Keeps a record of a large backfill below 1 MiB."""
MOST_WAITING = 200_000
"""Readings that may wait for Kafka, a few hundred bytes each; a dead letter counts with its size."""
_BYTES_PER_READING = 256
_SEND_TIMEOUT_S = 30.0
_BLOCK_MS = 5_000
_LINGER_MS = 1_000
"""Nothing waits so long: a batch is flushed. Without it the first records of a batch go out while the others are still
written, in dozens of requests for one."""
_REQUEST_BYTES = 256 * 1024
_LONGEST_PAUSE_S = 10.0

_log = get_logger(__name__)
_unshared = Counter("quantrac_worker_unshared", "Batches that were stored and not sent on to Kafka for others")
_waiting = Gauge("quantrac_worker_sharing_waiting", "Readings that wait to be sent on to Kafka for others")


class Sharer:
    """Sends on what was committed, in the order of the commits."""

    def __init__(self, kafka: KafkaEndpoint, max_message_bytes: int) -> None:
        self._kafka, self._max_message_bytes = kafka, max_message_bytes
        self._queue: deque[Shared] = deque()
        self._news = threading.Condition()
        self._weight = 0
        self._reached: dict[int, int] = {}
        self._closing = False
        self._producer: KafkaProducer | None = None
        self._thread = threading.Thread(target=self._run, name="sharing", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def offer(self, shared: Shared) -> None:
        """Take what was committed; returns at once."""
        with self._news:
            self._queue.append(shared)
            self._weight += _weight(shared)
            while self._weight > MOST_WAITING and len(self._queue) > 1:
                self._give_up(self._queue[0])
            _waiting.set(self._weight)
            self._news.notify()

    def reached(self) -> dict[int, int]:
        """Return the offset after the last record of each partition of which everything was sent on."""
        with self._news:
            return dict(self._reached)

    def close(self, timeout_s: float) -> None:
        """Send what waits, for at most ``timeout_s``; the rest is shared again after the next start."""
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = 0.1
        while (shared := self._next()) is not None:
            try:
                self._send(shared)
            except Exception as exc:  # noqa: BLE001  whatever it is, the next batch deserves its try
                _log.warning("sharing_failed", error=f"{type(exc).__name__}: {exc}", pause_s=pause_s)
                self._drop_producer()
                threading.Event().wait(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
                if not isinstance(exc, KafkaError) or not exc.retriable:
                    self._give_up_first(shared)
            else:
                pause_s = 0.1
                self._done(shared)
        self._drop_producer()

    def _next(self) -> Shared | None:
        with self._news:
            while not self._queue and not self._closing:
                self._news.wait()
            return self._queue[0] if self._queue else None

    def _send(self, shared: Shared) -> None:
        if self._producer is None:
            self._producer = KafkaProducer(
                **client_options(self._kafka),
                acks="all",
                enable_idempotence=True,
                linger_ms=_LINGER_MS,
                batch_size=_REQUEST_BYTES,
                max_request_size=self._max_message_bytes,
                max_block_ms=_BLOCK_MS,
                bootstrap_timeout_ms=_BLOCK_MS,
                metrics_enabled=False,
                allow_auto_create_topics=False,
            )
        sent = [self._producer.send(topic, value, key, headers) for topic, key, value, headers in _records(shared)]
        self._producer.flush(timeout=_SEND_TIMEOUT_S)
        for future in sent:
            future.get(timeout=_SEND_TIMEOUT_S)

    def _done(self, shared: Shared) -> None:
        with self._news:
            if self._queue and self._queue[0] is shared:
                self._remove(shared)

    def _give_up_first(self, shared: Shared) -> None:
        with self._news:
            if self._queue and self._queue[0] is shared:
                self._give_up(shared)

    def _give_up(self, shared: Shared) -> None:
        _unshared.inc()
        _log.error(
            "not_shared",
            stations=sorted(shared.readings)[:10],
            next="stored all the same; mend the topics quantrac.readings and quantrac.dead-letters",
        )
        self._remove(shared)

    def _remove(self, shared: Shared) -> None:
        self._queue.popleft()
        self._weight -= _weight(shared)
        _waiting.set(self._weight)
        for partition, offset in shared.reached.items():
            self._reached[partition] = max(offset, self._reached.get(partition, 0))

    def _drop_producer(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            leave(producer, 1)


def _records(shared: Shared) -> Iterator[tuple[str, bytes, bytes, list[tuple[str, bytes]] | None]]:
    for station, rows in shared.readings.items():
        for start in range(0, len(rows), MAX_READINGS_PER_RECORD):
            value = wire.encode_flagged(station, rows[start : start + MAX_READINGS_PER_RECORD])
            yield topics.READINGS, station.encode(), value, None
    for letter in shared.dead_letters:
        yield topics.DEAD_LETTERS, letter.station.encode(), letter.payload, wire.dead_letter_headers(letter)


def _weight(shared: Shared) -> int:
    letters = sum(len(letter.payload) // _BYTES_PER_READING + 1 for letter in shared.dead_letters)
    return letters + sum(map(len, shared.readings.values()))
