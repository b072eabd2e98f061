"""How a client of kafka-python is made and left, so that nothing of it stays behind: also when Kafka is away."""

from __future__ import annotations

import contextlib
from typing import Any, Protocol, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.kafka_tls import HANDSHAKE_S

_PATIENCE_S = 5.0
_Client_co = TypeVar("_Client_co", covariant=True)


class _Kind(Protocol[_Client_co]):
    """``KafkaConsumer`` or ``KafkaAdminClient``."""

    def __call__(self, **options: Any) -> _Client_co: ...


def opened(kind: _Kind[_Client_co], endpoint: KafkaEndpoint, *, patience_s: float = 30.0, **options: Any) -> _Client_co:
    """Return a consumer or an admin client that has reached Kafka, and waits no longer than that for an answer.

    Both start a thread and then ask Kafka for its brokers: where that fails, they leave the thread and its files for
    as long as the process lives, which through a night without Kafka is all that a process may have open.

    Raises
    ------
    KafkaError, OSError
        Kafka was not reached.
    """
    made: list[Any] = []

    def network(**configuration: Any) -> Any:
        made.append(KafkaNetClient(**configuration))
        return made[-1]

    waits = {"bootstrap_timeout_ms": round(1000 * patience_s), "request_timeout_ms": round(1000 * patience_s)}
    connection = client_options(endpoint, min(HANDSHAKE_S, patience_s))
    try:
        return kind(**(connection | waits | options), kafka_client=network)
    except BaseException:
        for each in made:
            each.close()
        raise


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
