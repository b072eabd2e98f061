"""How a producer of kafka-python is left when Kafka is away."""

from __future__ import annotations

import contextlib

from kafka import KafkaProducer
from kafka.errors import KafkaError

_PATIENCE_S = 5.0


def abandon(producer: KafkaProducer) -> None:
    """Stop a producer at once; messages that Kafka has not acknowledged may or may not be stored."""
    # close() raises a time-out when something is unsent, leaves its thread sending, and raises again in __del__.
    thread = producer._sender  # noqa: SLF001
    thread.initiate_close()
    thread.force_close()
    thread.join(_PATIENCE_S)
    with contextlib.suppress(KafkaError):
        producer.close(timeout=0)
