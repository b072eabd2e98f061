"""Files on their way to Kafka: known only after every record of theirs was acknowledged."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.dropfolder import metrics
from ingest.dropfolder.known import KnownFile
from ingest.dropfolder.names import printable
from ingest.kafka_sender import Headers, KafkaSender
from ingest.receipts import ReceiptBook
from ingest.window import Delivery
from quantrac import topics
from quantrac.clock import Clock
from quantrac.errors import BrokerError

_MOST_RECORDS = 2000
_MOST_BYTES = 32 * 1024 * 1024
_SEND_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class _Sent:
    file: KnownFile
    deliveries: tuple[Delivery, ...]


class Sending:
    """The files between reading and acknowledgement, in order, over one producer."""

    def __init__(self, sender: KafkaSender, name: str, clock: Clock, receipts: ReceiptBook | None = None) -> None:
        self._sender, self._name, self._clock, self._receipts = sender, name.encode(), clock, receipts
        self._under_way: deque[_Sent] = deque()
        self._records = self._bytes = 0
        self._is_full = False

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def has_room(self) -> bool:
        """Whether another file may be read: once full, not before half of it is free, so that many are read at once."""
        return not self._is_full

    def send(self, file: KnownFile, content_type: str, records: Iterable[tuple[int, bytes]]) -> None:
        """Hand a file's records (offset, bytes) to the producer.

        Raises
        ------
        BrokerError
            The producer is to be given up with everything under way; all of it is read again.
        """
        now_s = self._clock.monotonic_s()
        received_at = self._clock.now()
        deliveries = []
        for offset, content in records:
            delivery = Delivery(None, len(content), now_s)
            headers: Headers = [
                (topics.HEADER_CONTENT_TYPE, content_type.encode()),
                (topics.HEADER_MQTT_TOPIC, topics.file_topic(file.station).encode()),
                (topics.HEADER_RECEIVED_AT, received_at.isoformat(timespec="microseconds").encode()),
                (topics.HEADER_BRIDGE, self._name),
                (topics.HEADER_FILE_NAME, printable(file.path).encode()),
                (topics.HEADER_FILE_SIZE, str(file.fingerprint.size).encode()),
                (topics.HEADER_FILE_SHA256, (file.sha256 or b"").hex().encode()),
                (topics.HEADER_FILE_OFFSET, str(offset).encode()),
            ]
            self._sender.send(delivery, file.station, content, headers, received_at, by_file=True)
            deliveries.append(delivery)
        self._under_way.append(_Sent(file, tuple(deliveries)))
        self._records += len(deliveries)
        self._bytes += sum(d.size_bytes for d in deliveries)
        self._is_full |= self._holds(1.0)

    def take_stored(self) -> list[KnownFile]:
        """Return the files that Kafka has, in the order of sending; they are counted then.

        Raises
        ------
        BrokerError
            Kafka refused a record, or has not answered for too long.
        StoreError
            They cannot be counted.
        """
        self._sender.wake.clear()
        self._sender.raise_fault()
        taken: list[KnownFile] = []
        counted: list[Delivery] = []
        while self._under_way and all(d.stored for d in self._under_way[0].deliveries):
            sent = self._under_way.popleft()
            taken.append(sent.file)
            counted += sent.deliveries
            self._records -= len(sent.deliveries)
            self._bytes -= sum(d.size_bytes for d in sent.deliveries)
            metrics.RECORDS.inc(len(sent.deliveries))
        self._is_full &= self._holds(0.5)
        if self._receipts is not None:
            self._receipts.note(counted)
        if self._under_way:
            since_s = self._under_way[0].deliveries[0].since_s
            if self._clock.monotonic_s() - since_s > _SEND_TIMEOUT_S:
                raise BrokerError(f"Kafka has not answered for {_SEND_TIMEOUT_S:g} s.", retryable=True)
        return taken

    def _holds(self, share: float) -> bool:
        """Whether at least this share of what may be under way is."""
        return self._records >= share * _MOST_RECORDS or self._bytes >= share * _MOST_BYTES

    def wait(self, timeout_s: float) -> None:
        """Wait until Kafka has acknowledged or refused something."""
        self._sender.wait(timeout_s)


def sha256_of(content: bytes) -> bytes:
    """Return the digest of a file's content."""
    return hashlib.sha256(content).digest()
