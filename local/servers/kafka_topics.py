"""Creating Kafka topics, on a local or any other cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError, SettingsError
from quantrac.topics import STAMPED_BY, KafkaTopic

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient

CONNECT_TIMEOUT_MS = 5_000
PROBE_TIMEOUT_MS = 5_000
REQUEST_TIMEOUT_MS = 15_000


def create_topics(endpoint: KafkaEndpoint, topics: tuple[KafkaTopic, ...]) -> tuple[str, ...]:
    """Create the topics that are missing and return their names; when it returns, every topic has its leaders.

    Raises
    ------
    SettingsError
        A topic is there with another number of partitions: changing it would break the order within a station.
    BrokerError
        The cluster cannot be reached or refuses.
    """
    from kafka.errors import KafkaError

    try:
        with _admin(endpoint, CONNECT_TIMEOUT_MS) as admin:
            present = set(admin.list_topics())
            known = [topic for topic in topics if topic.name in present]
            _check_partitions(admin, known)
            _let_kafka_stamp(admin, known)
            missing = {topic.name: _creation(topic) for topic in topics if topic.name not in present}
            if missing:
                admin.create_topics(missing, timeout_ms=REQUEST_TIMEOUT_MS, wait_for_metadata=True)
    except KafkaError as exc:
        raise BrokerError(
            f"The topics could not be created at Kafka {endpoint.bootstrap}: {exc}. Check that it runs and that "
            "its user may create topics.",
            retryable=bool(getattr(exc, "retriable", False)),
        ) from exc
    return tuple(missing)


def delete_topics(endpoint: KafkaEndpoint, names: tuple[str, ...]) -> None:
    """Delete topics with all their records, for tests and drills; they are gone when this returns.

    Names of no topic are ignored.
    """
    with _admin(endpoint, CONNECT_TIMEOUT_MS) as admin:
        wanted = sorted(set(admin.list_topics()) & set(names))
        if wanted:
            admin.delete_topics(wanted)
        deadline = time.monotonic() + REQUEST_TIMEOUT_MS / 1000
        while set(admin.list_topics()) & set(wanted):
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka did not delete the topics {', '.join(wanted)}: try again.", retryable=True)
            time.sleep(0.05)


def answers(endpoint: KafkaEndpoint) -> bool:
    """Whether the cluster accepts the endpoint's user and has a controller."""
    from kafka.errors import KafkaError

    try:
        with _admin(endpoint, PROBE_TIMEOUT_MS) as admin:
            cluster = admin.describe_cluster()
    except (KafkaError, OSError):
        return False
    return int(cluster.get("controller_id", -1)) >= 0


@contextmanager
def _admin(endpoint: KafkaEndpoint, timeout_ms: int) -> Iterator[KafkaAdminClient]:
    from kafka.admin import KafkaAdminClient

    from quantrac.kafka_clients import opened

    with _quiet_connecting():
        admin = opened(KafkaAdminClient, endpoint, bootstrap_timeout_ms=timeout_ms, client_id="quantrac-admin")
    try:
        yield admin
    finally:
        admin.close()


@contextmanager
def _quiet_connecting() -> Iterator[None]:
    """Silence kafka-python, which logs every failed attempt as an error; the caller gets it as an exception."""
    logger = logging.getLogger("kafka")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _creation(topic: KafkaTopic) -> dict[str, Any]:
    return {
        "num_partitions": topic.partitions,
        "replication_factor": topic.replication,
        "configs": dict(topic.config),
    }


def _let_kafka_stamp(admin: KafkaAdminClient, topics: list[KafkaTopic]) -> None:
    """Set whose clock stamps records, which may have been another's when a topic was made."""
    from kafka.admin import ConfigResource, ConfigResourceType

    wanted = {topic.name: dict(topic.config).get(STAMPED_BY) for topic in topics}
    changes = [
        ConfigResource(ConfigResourceType.TOPIC, name, {STAMPED_BY: value}) for name, value in wanted.items() if value
    ]
    results = admin.alter_configs(changes)["topic"] if changes else {}
    for name, result in results.items():
        if result != "OK":
            raise SettingsError(
                f"Kafka does not set {STAMPED_BY}={wanted[name]} for {name} ({result}): set it by the cluster's tools."
            )


def _check_partitions(admin: KafkaAdminClient, topics: list[KafkaTopic]) -> None:
    if not topics:
        return
    described = {entry["name"]: len(entry["partitions"]) for entry in admin.describe_topics([t.name for t in topics])}
    for topic in topics:
        present = described[topic.name]
        if present != topic.partitions:
            raise SettingsError(
                f"The Kafka topic {topic.name} has {present} partitions, but the settings ask for {topic.partitions}: "
                f"set QUANTRAC_KAFKA_PARTITIONS={present}, or delete the topic if its records are not needed."
            )
