"""The Faust app: spreads the partitions of the raw topic over workers, and holds no truth.

Faust's traps, and what stands against each here:

* ``take`` and plain iteration acknowledge a batch whose agent is being cancelled: :meth:`noack_take`, and ``ack`` only
  after the batch is committed and shared.
* ``concurrency`` above 1 commits past a message still in work (issue 606): it is 1.
* An exception in an agent still acknowledges the event (issue 315): :class:`Pipeline` never lets one out.
* A failed offset commit is remembered as done (issue 692): our own progress is in the database, in the transaction of
  the readings, so records that come again are told from new ones.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faust

from quantrac import topics
from quantrac.endpoints import KafkaEndpoint, KafkaSecurity
from streams.processor import Shared
from streams.records import RawRecord, record_of

GROUP = "quantrac-worker"


class Pipeline(Protocol):
    """What the agent hands its batches to."""

    async def commit(self, records: list[RawRecord]) -> Shared:
        """Return when every record is committed, however long that takes, with what is to be shared of them."""
        ...

    async def share(self, shared: Shared) -> None:
        """Return when Kafka has what is to be shared, however long that takes."""
        ...


@dataclass(frozen=True, slots=True)
class AppOptions:
    """What the app needs of the settings."""

    kafka: KafkaEndpoint
    data_dir: Path
    batch_messages: int
    batch_wait_s: float
    max_message_bytes: int


def create_app(options: AppOptions, pipeline: Pipeline) -> faust.App:
    """Return the app with its one agent attached; nothing is started and nothing listens."""
    app = faust.App(
        GROUP,
        broker=[f"kafka://{server}" for server in options.kafka.bootstrap.split(",")],
        broker_credentials=_credentials(options.kafka),
        broker_max_poll_records=4 * options.batch_messages,
        # A killed worker's partitions move after the session timeout; heartbeats come from the event loop, which
        # never waits for the database (that happens in a thread), so 10 s is generous.
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=20.0,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=max(4 * 1024 * 1024, 2 * options.max_message_bytes),
        # Records that wait inside the worker: two batches keep it busy, more would only make a rebalance slower.
        stream_buffer_maxsize=2 * options.batch_messages,
        producer_acks=-1,
        producer_max_request_size=2 * options.max_message_bytes,
        datadir=str(options.data_dir),
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
    )
    raw = app.topic(topics.RAW, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def store(stream: Any) -> None:
        commit: asyncio.Task[Shared] | None = None
        finish: asyncio.Task[None] | None = None
        async for events in stream.noack_take(options.batch_messages, within=options.batch_wait_s):
            # Three batches are under way: one is being filled, one committed, one shared and acknowledged, each in its
            # turn. What is cancelled in between stays unacknowledged: it comes again, is known by its progress, and
            # is shared again.
            if commit is not None:
                await commit
            before, commit = finish, asyncio.create_task(pipeline.commit([record_of(event) for event in events]))
            if before is not None:
                await before
            finish = asyncio.create_task(_share_and_acknowledge(stream, events, commit, pipeline))

    app.agent(raw, concurrency=1)(store)
    return app


async def _share_and_acknowledge(
    stream: Any, events: Sequence[Any], commit: asyncio.Task[Shared], pipeline: Pipeline
) -> None:
    await pipeline.share(await commit)
    for event in events:
        await stream.ack(event)


def _credentials(kafka: KafkaEndpoint) -> Any:
    context = None
    if kafka.security in (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL):
        context = ssl.create_default_context(cafile=None if kafka.ca_file is None else str(kafka.ca_file))
    if kafka.security in (KafkaSecurity.SASL_SSL, KafkaSecurity.SASL_PLAINTEXT):
        return faust.SASLCredentials(
            mechanism="PLAIN", username=kafka.user, password=kafka.password, ssl_context=context
        )
    return faust.SSLCredentials(context=context) if context is not None else None
