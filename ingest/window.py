"""The messages between a PUBLISH and its PUBACK, in the order of the PUBLISHes: pure bookkeeping."""

from __future__ import annotations

from collections import deque

from quantrac.domain.receipts import ReceiptKey


class Delivery:
    """One message on its way. ``stored`` is set once Kafka has acknowledged it, and where it lies just before."""

    __slots__ = (
        *("packet_id", "since_s", "size_bytes", "stored"),
        *("receipt_key", "number", "by_file", "raw_topic", "partition", "offset"),
    )

    def __init__(self, packet_id: int | None, size_bytes: int, since_s: float) -> None:
        self.packet_id = packet_id
        """Of the connection on which it came; ``None`` for QoS 0, which has no acknowledgement."""
        self.size_bytes = size_bytes
        self.since_s = since_s
        self.stored = False
        self.receipt_key: ReceiptKey | None = None
        """What ``number`` belongs to; ``None`` before it was handed to Kafka."""
        self.number = self.partition = self.offset = 0
        self.by_file = False
        self.raw_topic = ""


class Window:
    """The messages of one MQTT connection that are not acknowledged yet.

    A new connection gets a new window: packet ids are used again, so an acknowledgement that belongs to an earlier
    connection would let the broker forget a message that was never stored.
    """

    def __init__(self) -> None:
        self._deliveries: deque[Delivery] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._deliveries)

    def add(self, delivery: Delivery) -> None:
        """Take in the newest message."""
        self._deliveries.append(delivery)
        self.size_bytes += delivery.size_bytes

    def take_stored(self) -> list[Delivery]:
        """Remove the stored messages up to the first one that is not, and return them in order.

        PUBACKs go out in the order of the PUBLISHes (MQTT 5.0, section 4.6).
        """
        taken = []
        deliveries = self._deliveries
        while deliveries and deliveries[0].stored:
            done = deliveries.popleft()
            self.size_bytes -= done.size_bytes
            taken.append(done)
        return taken

    def waiting_since_s(self) -> float | None:
        """Return since when the oldest message waits, by the clock that was given to it; ``None`` when none waits."""
        return self._deliveries[0].since_s if self._deliveries else None
