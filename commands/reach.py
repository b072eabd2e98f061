"""Which servers answer: each is asked once, all side by side, before anybody asks it for something.

A server that is frozen takes connections (the kernel does) and says nothing: who asks it ten things waits ten times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TYPE_CHECKING

from quantrac.errors import BrokerError, QuantracError, SettingsError

if TYPE_CHECKING:
    from commands.context import Context

PATIENCE_S = 4.0
"""One that is well answers within a tenth of a second; an operator who looks for a fault waits no longer than this."""


class Server(StrEnum):
    """What the pipeline stands on."""

    DATABASE = "database"
    KAFKA = "kafka"
    MQTT = "mqtt"
    MAIL = "mail"


Away = Mapping[Server, QuantracError]
"""The servers that do not answer, each with the sentence that says so."""


def away(context: Context, servers: Collection[Server]) -> Away:
    """Ask each server once, all at the same time, and return those that do not answer within one patience."""
    with ThreadPoolExecutor(len(servers), thread_name_prefix="reach") as pool:
        asked = {server: pool.submit(_failure, _QUESTIONS[server], context) for server in servers}
        return {server: failure for server, future in asked.items() if (failure := future.result()) is not None}


def advice(server: Server, failure: QuantracError) -> str:
    """Return what to do about a server that does not answer."""
    if isinstance(failure, SettingsError):
        return "Mend what the sentence names, then run doctor again."
    restart = "`quantrac servers stop`, then `quantrac servers start`"
    return (
        f"Look at the {server}'s process, its log and the load of its machine; where it is one of the local servers: "
        f"{restart}. Nothing is lost meanwhile: what comes waits in front of it."
    )


def _failure(question: Callable[[Context], None], context: Context) -> QuantracError | None:
    try:
        question(context)
    except QuantracError as exc:
        return exc
    return None


def _database(context: Context) -> None:
    from sql.connections import answers

    answers(context.database().reader, PATIENCE_S)


def _kafka(context: Context) -> None:
    from local.servers.kafka_probe import kafka_answers

    endpoint = context.kafka()
    if not kafka_answers(endpoint, PATIENCE_S):
        raise BrokerError(f"Kafka at {endpoint.bootstrap} does not answer within {PATIENCE_S:g} s.", retryable=True)


def _mqtt(context: Context) -> None:
    from local.servers.mqtt_probe import mqtt_answers

    endpoint = context.mqtt_probe()
    if not mqtt_answers(endpoint, PATIENCE_S):
        raise BrokerError(
            f"The MQTT broker at {endpoint.host}:{endpoint.port} does not answer within {PATIENCE_S:g} s.",
            retryable=True,
        )


def _mail(context: Context) -> None:
    from alerts.notifiers.email import probe

    probe(context.smtp(), PATIENCE_S)


_QUESTIONS: Mapping[Server, Callable[[Context], None]] = {
    Server.DATABASE: _database,
    Server.KAFKA: _kafka,
    Server.MQTT: _mqtt,
    Server.MAIL: _mail,
}
