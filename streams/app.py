"""The Faust app: spreads the partitions of the raw topic over workers, and holds no truth.

Faust's traps, and what stands against each here:

* ``take`` and plain iteration acknowledge a batch whose agent is being cancelled: :meth:`noack_take`, and ``ack`` only
  after the batch is committed.
* It reads on from the group's committed offsets: ``streams.consumer`` makes it read on from the database's progress.
* ``concurrency`` above 1 commits past a message still in work (issue 606): it is 1.
* An exception in an agent still acknowledges the event (issue 315): :class:`Pipeline` never lets one out.
* Its price is per message (.25 ms of processor time): ``streams.consumer`` hands it runs of records as one.
* A failed offset commit is remembered as done (issue 692): our own progress is in the database, in the transaction of
  the readings, and Kafka's offsets are only what monitors look at.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import faust

from quantrac import topics
from quantrac.endpoints import KafkaEndpoint, KafkaSecurity
from streams.consumer import App, DatabaseConsumer, Positions
from streams.records import RawRecord, record_of

GROUP = "quantrac-worker"
_RUNS_TAKEN = 32
"""At most at once: what comes within ``batch_wait_s``, but of a flood or of very many partitions."""
_RUNS_WAITING = 8
"""Behind those under way. More would only make a rebalance slower, and wait before what is live."""
T = TypeVar("T")


class Pipeline(Positions, Protocol):
    """What the agent hands its batches to."""

    async def ready(self) -> None:
        """Return when the database answers, however long that takes."""
        ...

    async def commit(self, records: list[RawRecord]) -> None:
        """Return when every record is committed, however long that takes; never, when that will not be."""
        ...


@dataclass(frozen=True, slots=True)
class AppOptions:
    """What the app needs of the settings."""

    kafka: KafkaEndpoint
    data_dir: Path
    batch_messages: int
    batch_wait_s: float
    batch_bytes: int
    max_message_bytes: int


def create_app(options: AppOptions, pipeline: Pipeline) -> App:
    """Return the app with its one agent attached; nothing is started and nothing listens."""
    app = App(
        GROUP,
        broker=[f"kafka://{server}" for server in options.kafka.bootstrap.split(",")],
        broker_credentials=_credentials(options.kafka),
        broker_max_poll_records=options.batch_messages,
        # A killed worker's partitions move after the session timeout; heartbeats come from the event loop, which
        # never waits for the database (that happens in a thread), so 10 s is generous.
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_rebalance_timeout=20.0,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
        # So often the broker is asked for partitions that were added: usually every five minutes, and what is written
        # to them waits for as long.
        consumer_metadata_max_age_ms=30_000,
        consumer_max_fetch_size=max(4 * 1024 * 1024, 2 * options.max_message_bytes),
        stream_buffer_maxsize=_RUNS_WAITING,
        datadir=str(options.data_dir),
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
    )
    app.positions = pipeline
    raw = app.topic(topics.RAW, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def store(stream: Any) -> None:
        finish: asyncio.Task[None] | None = None
        async for events in stream.noack_take(_RUNS_TAKEN, within=options.batch_wait_s):
            # Two batches are under way: one is being filled, one committed and acknowledged. What is cancelled in
            # between stays unacknowledged, and the database knows whether it was committed.
            if finish is not None:
                await finish
            finish = asyncio.create_task(_commit_and_acknowledge(app, stream, events, pipeline, options))

    app.agent(raw, concurrency=1)(store)

    async def wait_for_database(*_: Any, **__: Any) -> None:
        # Faust gives the seek that follows a minute and a half, then goes on without: an outage is waited out here.
        await pipeline.ready()
        await cast("DatabaseConsumer", app.consumer).locate()

    app.on_rebalance_complete.connect(wait_for_database)
    return app


async def _commit_and_acknowledge(
    app: App, stream: Any, events: Sequence[Any], pipeline: Pipeline, options: AppOptions
) -> None:
    waiting = deque(events)
    records = [record_of(message) for event in events for message in event.message.value.messages]
    committed = 0
    for part in portions(records, lambda record: len(record.value), options.batch_bytes, options.batch_messages):
        await pipeline.commit(part)
        committed += len(part)
        while waiting and committed >= len(waiting[0].message.value.messages):
            event = waiting.popleft()
            committed -= len(event.message.value.messages)
            app.acknowledge(event.message.value)
            await stream.ack(event)


def portions(items: Sequence[T], size: Callable[[T], int], most_bytes: int, most_items: int) -> Iterator[list[T]]:
    """Yield ``items`` in portions of at most ``most_bytes``, but for an item that is larger by itself.

    >>> list(portions([3, 3, 9, 1, 1, 1], int, 6, 2))
    [[3, 3], [9], [1, 1], [1]]
    """
    portion: list[T] = []
    filled = 0
    for item in items:
        if portion and (filled + size(item) > most_bytes or len(portion) == most_items):
            yield portion
            portion, filled = [], 0
        portion.append(item)
        filled += size(item)
    if portion:
        yield portion


def _credentials(kafka: KafkaEndpoint) -> Any:
    context = None
    if kafka.security in (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL):
        context = ssl.create_default_context(cafile=None if kafka.ca_file is None else str(kafka.ca_file))
    if kafka.security in (KafkaSecurity.SASL_SSL, KafkaSecurity.SASL_PLAINTEXT):
        return faust.SASLCredentials(
            mechanism="PLAIN", username=kafka.user, password=kafka.password, ssl_context=context
        )
    return faust.SSLCredentials(context=context) if context is not None else None
