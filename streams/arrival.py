"""A worker arrives: it looks at the raw topic and introduces it to the database; who is away is waited for, quietly."""

from __future__ import annotations

import stamina

from quantrac import topics
from quantrac.away import Away
from quantrac.clock import Clock
from quantrac.domain.progress import LogRange
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint
from quantrac.errors import BrokerError, SettingsError, StoreError
from sql.worker_store import WorkerStore
from streams.app import GROUP
from streams.lag import LagProbe
from streams.positions import Origin, RawTopic, prepare, source_of

LONGEST_PAUSE_S = 5.0
"""Between two attempts to reach a server that is away."""


def is_outage(error: Exception) -> bool:
    """Whether the database is away, and waiting helps."""
    return isinstance(error, StoreError) and error.retryable


def examine(kafka: KafkaEndpoint) -> RawTopic:
    """Return the raw topic after a look at it; a broker that is away is waited for.

    Raises
    ------
    SettingsError
        There is no raw topic.
    """
    away = Away()

    def is_away(error: Exception) -> bool:
        if isinstance(error, BrokerError):
            away.gone("kafka", error)
        return isinstance(error, BrokerError)

    for attempt in stamina.retry_context(
        on=is_away, attempts=None, timeout=None, wait_initial=0.5, wait_max=LONGEST_PAUSE_S
    ):
        with attempt, LagProbe(kafka, GROUP, topics.RAW) as probe:
            topic_id = probe.topic_id()
            # The first question about a group makes a new broker create its coordinator; Faust would log an error.
            acknowledged, starts, ends = probe.committed(), probe.starts(), probe.ends()
            if not ends or not topic_id:
                raise SettingsError(
                    f"Kafka at {kafka.bootstrap} has no topic {topics.RAW}: create it with `quantrac servers topics`."
                )
            logs = {partition: LogRange(starts.get(partition, 0), end) for partition, end in ends.items()}
            topic = RawTopic(source_of(probe.cluster_id(), topic_id), logs, acknowledged)
    away.back("kafka")
    return topic


def introduce(database: DatabaseEndpoint, topic: RawTopic, clock: Clock) -> Origin:
    """Let the database know the raw topic, and return what it says of itself; one that is away is waited for.

    Raises
    ------
    StoreError
        It refuses its user, or is not migrated.
    """
    store, away = WorkerStore(database.writer), Away()

    def is_away(error: Exception) -> bool:
        if is_outage(error):
            away.gone("database", error)
        return is_outage(error)

    try:
        for attempt in stamina.retry_context(
            on=is_away, attempts=None, timeout=None, wait_initial=0.5, wait_max=LONGEST_PAUSE_S
        ):
            with attempt:
                origin = prepare(store, topic, clock)
    finally:
        store.close()
    away.back("database")
    return origin
