"""The worker process: Faust app, one database thread, the periodic sweep and the watchdog, in one event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import faust
import stamina
from aiokafka.errors import KafkaError
from faust.exceptions import FaustError
from prometheus_client import Summary

from ingest.payloads import InstantBounds
from models.assessment import Learnt
from models.families import STATION_DEFAULT
from models.pipeline import warm
from quantrac import topics
from quantrac.clock import Clock
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint
from quantrac.errors import BrokerError, SettingsError, StoreError
from quantrac.settings import Settings
from quantrac.telemetry import get_logger
from sql.worker_store import WorkerStore
from streams.app import GROUP, AppOptions, create_app
from streams.artefact_choice import ArtefactChoice
from streams.catalogue import CatalogueCache
from streams.decoding import DecodeOptions
from streams.lag import LagProbe
from streams.paging import recipients_of
from streams.processor import BatchProcessor, ProcessorOptions, Shared
from streams.records import RawRecord
from streams.sharing import Sharer
from streams.sweep import Sweeper, SweepOptions
from streams.watchdog import EXIT_STATUS, Watchdog

_log = get_logger(__name__)
_step_seconds = Summary("quantrac_worker_step_seconds", "Time of a batch, by step", ["step"])
T = TypeVar("T")
SWEEP_EVERY_S = 2.0
YOUNG_OBJECTS = 20_000
"""New objects before the collector looks for cycles: a batch makes thousands that live no longer than it."""
START_PATIENCE_S = 60.0


class Worker:
    """One worker: what the agent calls, and what runs beside it."""

    def __init__(
        self,
        settings: Settings,
        kafka: KafkaEndpoint,
        database: DatabaseEndpoint,
        clock: Clock,
        cluster: str,
    ) -> None:
        store = WorkerStore(database.writer)
        catalogue = CatalogueCache(database.writer, clock)
        decode = DecodeOptions(
            InstantBounds(timedelta(seconds=settings.future_tolerance_s), timedelta(days=settings.oldest_reading_days)),
            settings.max_payload_bytes,
        )
        recipients = recipients_of(settings)
        options = ProcessorOptions(
            timedelta(seconds=settings.lane_limit_s), decode, recipients, f"{topics.RAW}@{cluster}"
        )
        self._store = store
        self._artefacts = ArtefactChoice(
            settings.models_dir or settings.run_dir / "models",
            STATION_DEFAULT.with_budget(settings.model_false_alarms_per_week),
        )
        self._processor = BatchProcessor(store, catalogue.current, options, clock, self._artefacts)
        self._sweeper = Sweeper(
            store,
            catalogue,
            self._processor.delays,
            SweepOptions(timedelta(seconds=settings.judge_grace_s), settings.minimum_completeness, recipients),
            clock,
        )
        # One thread for everything that touches the database or the states: batches and sweeps take turns in it, and
        # the event loop stays free for Kafka's heartbeats.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._thread.submit(warm, Learnt().pipeline.config)
        self._watchdog = Watchdog(settings.watchdog_s)
        self._kafka = kafka
        self.waiting_for: set[str] = set()
        """The outages that this worker is waiting out; the watchdog knows then why nothing moves."""
        self.app = create_app(
            AppOptions(
                kafka,
                settings.run_dir / "faust",
                settings.batch_messages,
                settings.batch_wait_s,
                topics.MAX_MESSAGE_BYTES,
            ),
            self,
        )
        self._sharer = Sharer(self.app)

    async def commit(self, records: list[RawRecord]) -> Shared:
        """Commit a batch; outages are waited out here, with back-off. See ``streams.app.Pipeline``."""
        with _step_seconds.labels(step="commit").time():
            return await self._retried("database", lambda: self._in_thread(lambda: self._processor.process(records)))

    async def share(self, shared: Shared) -> None:
        """Share what was committed; outages are waited out here, with back-off."""
        with _step_seconds.labels(step="share").time():
            await self._retried("Kafka", lambda: self._sharer.share(shared))

    async def sweep_forever(self) -> None:
        """Judge closed hours and days, notice silent stations, write the delays; every ``SWEEP_EVERY_S``."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                await self._in_thread(self._artefacts.refresh)
                await self._in_thread(self._sweeper.sweep)
            except StoreError as exc:
                _log.warning("sweep_failed", error=str(exc))

    def watch(self, stop: threading.Event, bark: Callable[[list[int]], None]) -> None:
        """Look at the broker from a thread of its own until ``stop``; call ``bark`` with partitions that are stuck."""
        probe: LagProbe | None = None
        while not stop.wait(min(5.0, self._watchdog.patience_s / 4)):
            try:
                probe = probe or LagProbe(self._kafka, GROUP, topics.RAW)
                committed, ends = probe.committed(), probe.ends()
            except BrokerError as exc:
                _log.warning("watchdog_cannot_see", error=str(exc))
                self._watchdog.forgive()
                if probe is not None:
                    probe.close()
                    probe = None
                continue
            if self.waiting_for:
                self._watchdog.forgive()
                continue
            waiting = {p: max(0, end - committed.get(p, 0)) for p, end in ends.items()}
            stuck = self._watchdog.stuck(waiting, committed, self._assigned(), time.monotonic())
            if stuck:
                bark(stuck)

    async def close(self) -> None:
        """Write what waits and close the database."""
        try:
            await self._in_thread(self._sweeper.flush)
        except StoreError as exc:
            _log.warning("flush_failed", error=str(exc))
        await self._in_thread(self._store.close)
        self._thread.shutdown()

    def _assigned(self) -> list[int]:
        return [tp.partition for tp in self.app.consumer.assignment() if tp.topic == topics.RAW]

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _retried(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Repeat a call until it works: the batch is in our hands, and leaving it would acknowledge it."""
        async for attempt in stamina.retry_context(
            on=_passes, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5
        ):
            with attempt:
                try:
                    result = await call()
                except Exception:
                    self.waiting_for.add(what)
                    raise
        self.waiting_for.discard(what)
        return result


def _passes(error: Exception) -> bool:
    """Return whether an error is an outage to be waited out; whatever else there is ends the process."""
    return error.retryable if isinstance(error, StoreError) else isinstance(error, (KafkaError, FaustError))


def run(settings: Settings, kafka: KafkaEndpoint, database: DatabaseEndpoint, clock: Clock) -> int:
    """Run a worker until SIGTERM or SIGINT and return its exit status: 0, or ``EXIT_STATUS`` when it went deaf.

    Raises
    ------
    SettingsError
        The raw topic does not exist, or is not the one that the database's progress belongs to.
    BrokerError, StoreError
        A server is not there at the start.
    """
    cluster = _examine(kafka)
    worker = Worker(settings, kafka, database, clock, cluster)
    return asyncio.run(_live(worker))


def _examine(kafka: KafkaEndpoint) -> str:
    """Return the cluster's id after a look at its raw topic; a broker that is only starting is waited for."""
    for attempt in stamina.retry_context(on=BrokerError, attempts=None, timeout=START_PATIENCE_S, wait_max=2.0):
        with attempt, LagProbe(kafka, GROUP, topics.RAW) as probe:
            cluster = probe.cluster_id()
            # The first question about a group makes a new broker create its coordinator; Faust would log an error.
            probe.committed()
            if not probe.ends():
                raise SettingsError(
                    f"Kafka at {kafka.bootstrap} has no topic {topics.RAW}: create it with `quantrac servers topics`."
                )
    return cluster


async def _live(worker: Worker) -> int:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    status = 0

    def bark(partitions: list[int]) -> None:
        # Not an orderly stop: what is deaf may also not be able to stop.
        _log.error("deaf", partitions=partitions, next="exit; the supervisor starts the worker again")
        os._exit(EXIT_STATUS)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    stop_watching = threading.Event()
    await worker.app.start()
    # What was imported stays: to walk through it in search of cycles takes time, again and again.
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    _log.info("worker_ready")
    sweep = asyncio.create_task(worker.sweep_forever())
    watch = threading.Thread(target=worker.watch, args=(stop_watching, bark), name="watchdog", daemon=True)
    watch.start()
    stopping = asyncio.create_task(over.wait())
    await asyncio.wait({stopping, sweep, asyncio.create_task(_crashed(worker.app))}, return_when=FIRST_COMPLETED)
    if not over.is_set():
        _log.error("crashed", error=repr(worker.app.crash_reason or (sweep.done() and sweep.exception())))
        status = EXIT_STATUS
    stop_watching.set()
    sweep.cancel()
    await worker.app.stop()
    await worker.close()
    return status


async def _crashed(app: faust.App) -> None:
    while not app.crashed:
        await asyncio.sleep(0.5)
