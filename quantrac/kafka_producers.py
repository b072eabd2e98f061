"""How a producer of kafka-python is left, also when Kafka is away."""

from __future__ import annotations

import contextlib

from kafka import KafkaProducer
from kafka.errors import KafkaError

_PATIENCE_S = 5.0


def leave(producer: KafkaProducer, wait_s: float) -> None:
    """Send what is unsent for at most ``wait_s``, then stop the producer whatever is left."""
    try:
        producer.close(timeout=wait_s)
    except KafkaError:  # something is unsent
        abandon(producer)


def abandon(producer: KafkaProducer) -> None:
    """Stop a producer at once; messages that Kafka has not acknowledged may or may not be stored."""
    # close() raises a time-out when something is unsent, leaves its thread sending, and raises again in __del__.
    thread = producer._sender  # noqa: SLF001
    thread.initiate_close()
    thread.force_close()
    thread.join(_PATIENCE_S)
    with contextlib.suppress(KafkaError):
        producer.close(timeout=0)
