"""The worker process: Faust app, one database thread, sharing, periodic work and the watchdog, in one event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TypeVar

import faust
import stamina
from prometheus_client import Counter, Summary

from ingest.payloads import InstantBounds
from models.station.scorer import warm
from quantrac import topics
from quantrac.away import Away
from quantrac.clock import Clock
from quantrac.domain.progress import LogRange
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint
from quantrac.errors import BrokerError, ProgressError, QuantracError, StoreError
from quantrac.settings import Settings
from quantrac.telemetry import get_logger
from sql.deferred_store import Deferred
from sql.retention_store import Retention
from sql.worker_store import WorkerStore
from streams.app import GROUP, AppOptions, create_app
from streams.arrival import LONGEST_PAUSE_S, examine, introduce, is_outage
from streams.artefact_choice import ArtefactChoice
from streams.catalogue import CatalogueCache
from streams.decoding import DecodeOptions
from streams.flooding import Floods
from streams.lag import LagProbe
from streams.listening import CaughtUp
from streams.paging import recipients_of
from streams.positions import DatabasePositions, Origin, last_records
from streams.processor import BatchProcessor, ProcessorOptions
from streams.raw_reader import RawReader
from streams.records import RawRecord
from streams.repeated_faults import RepeatedFaults
from streams.sharing import Sharer
from streams.slices import Slices, Traffic
from streams.sweep import Sweeper, SweepOptions
from streams.topic_guard import TopicGuard
from streams.watchdog import EXIT_STATUS, Finding, Outages, Pulse, Reason, Starvation, Watchdog

_log = get_logger(__name__)
_step_seconds = Summary("quantrac_worker_step_seconds", "Time of a batch, by step", ["step"])
_deferred = Counter("quantrac_worker_deferred_total", "Raw records that waited and were read", ["source"])
T = TypeVar("T")
SWEEP_EVERY_S = 2.0
YOUNG_OBJECTS = 100_000
"""New objects before the collector looks for cycles: a batch makes thousands that live no longer than it."""
MOST_SLICES = 20
"""Before it is looked again whose turn it is."""
SHARE_AT_STOP_S = 5.0
STOP_S = 20.0


class Worker:
    """One worker: what the agent calls, and what runs beside it."""

    def __init__(
        self,
        settings: Settings,
        kafka: KafkaEndpoint,
        database: DatabaseEndpoint,
        clock: Clock,
        origin: Origin,
    ) -> None:
        store = WorkerStore(database.writer)
        catalogue = CatalogueCache(database.writer, clock)
        options = processor_options(settings, origin)
        self._store, self._loop = store, asyncio.get_running_loop()
        self._guard = TopicGuard(kafka, origin.source)
        self._artefacts = artefacts_of(settings)
        self._processor = BatchProcessor(store, catalogue, options, clock, self._artefacts)
        self._clock, self._caught_up = clock, CaughtUp()
        self._positions = DatabasePositions(store, origin.source, clock)
        self._floods = Floods(store, clock)
        self._reader = RawReader(kafka, topics.RAW)
        self._slices, self._traffic = Slices(), Traffic(time.monotonic())
        self._full = settings.batch_messages
        self._sweeper = Sweeper(
            store,
            catalogue,
            self._processor.delays,
            SweepOptions(
                timedelta(seconds=settings.judge_grace_s),
                settings.minimum_completeness,
                options.recipients,
                settings.mass_revision_readings,
                retention_of(settings),
            ),
            clock,
            caught_up=self._caught_up,
        )
        # One thread for everything that touches the database or the states: batches and sweeps take turns in it, and
        # the event loop stays free for Kafka's heartbeats.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._thread.submit(warm)
        self._watchdog = Watchdog(settings.watchdog_s)
        self._kafka = kafka
        self._pulse, self._starvation = Pulse(time.monotonic()), Starvation()
        self._looked_s = time.monotonic()
        self._away, self.outages = Away(), Outages()
        """The outages that this worker is waiting out; the watchdog knows then why nothing moves."""
        self.fault: asyncio.Future[QuantracError] = self._loop.create_future()
        """What ends this worker."""
        self.app = create_app(
            AppOptions(
                kafka,
                settings.run_dir / "faust",
                settings.batch_messages,
                settings.batch_wait_s,
                settings.batch_bytes,
                topics.MAX_MESSAGE_BYTES,
            ),
            self,
        )
        self._sharer = Sharer(kafka, 2 * topics.MAX_MESSAGE_BYTES)
        self._processor.shared_offsets = self._sharer.reached
        self._sharer.start()

    async def commit(self, records: list[RawRecord]) -> None:
        """Commit a batch; outages are waited out here, with back-off. See ``streams.app.Pipeline``."""
        self._pulse.begin({r.partition for r in records}, time.monotonic())
        others = self._processor.has_others(records)
        sizes = [len(record.value) for record in records]
        self._traffic.began(time.monotonic(), sizes, full=len(records) >= self._full, others=others)
        try:
            with _step_seconds.labels(step="commit").time():
                shared = await self._retried(lambda: self._processor.process(records))
        except Exception as exc:  # noqa: BLE001  whatever it is: to leave the batch would acknowledge it
            self._fail(exc)
            await asyncio.Event().wait()
        finally:
            self._pulse.end(time.monotonic())
            self._traffic.ended(time.monotonic())
        self._sharer.offer(shared)

    async def ready(self) -> None:
        """Return when the database answers."""
        await self._retried(self._positions.require)

    async def of(
        self, partitions: Collection[int], logs: Callable[[], Awaitable[Mapping[int, LogRange]]]
    ) -> dict[int, int]:
        """Return where each partition goes on. See ``streams.consumer.Positions``."""
        try:
            await self._loop.run_in_executor(None, self._guard.look)
        except ProgressError as exc:
            self._fail(exc)
            await asyncio.Event().wait()
        before = await self._retried(lambda: self._positions.committed(partitions))
        found = await logs()
        try:
            rewritten = await self._loop.run_in_executor(None, self._guard.rewritten, last_records(before, found))
        except BrokerError as exc:
            _log.warning("last_records_not_compared", error=str(exc), next="it is done at the next start")
            rewritten = set()
        await self._in_thread(self._processor.assigned)
        return await self._retried(lambda: self._positions.of(found, before, rewritten))

    def log_was_cut(self, partition: int, offset: int, read: int) -> None:
        """End the worker: the next one compares the log with the progress. See ``streams.consumer.Positions``."""
        self._fail(
            ProgressError(
                f"Kafka delivered offset {offset} of partition {partition} after everything before {read} had been "
                "delivered: its log was cut. The worker ends, and looks at the log when it starts again."
            )
        )

    async def sweep_forever(self) -> None:
        """Judge closed hours and days, notice silent stations, write the delays; every ``SWEEP_EVERY_S``."""
        works: dict[str, Callable[[], object]] = {
            "progress": lambda: self._processor.require_progress(self._assigned()),
            "artefacts": self._artefacts.refresh,
            "shared": self._processor.save_shared,
            "sweep": self._sweeper.sweep,
        }
        faults = RepeatedFaults()
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            for name, work in works.items():
                if not faults.due(name, time.monotonic()):
                    continue
                try:
                    await self._in_thread(work)
                except Exception as exc:  # noqa: BLE001  judging that fails must not end storing
                    self._not_swept(name, exc, faults)
                else:
                    if name == "sweep":  # the others may have had nothing to ask the database
                        self._away.back("database")
                    if faults.worked(name):
                        _log.info("sweep_works_again", part=name)

    def _not_swept(self, name: str, exc: Exception, faults: RepeatedFaults) -> None:
        if isinstance(exc, ProgressError):
            self._fail(exc)
        elif is_outage(exc):
            self._away.gone("database", exc)
        elif faults.failed(name, f"{type(exc).__name__}: {exc}", time.monotonic()):
            _log.exception("sweep_failed", part=name, next="readings are stored meanwhile; mend it")

    async def read_deferred_forever(self) -> None:
        """Read what stations sent beyond their quota, when the others are served."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                look = partial(self._floods.look, self._processor.has_flooded)
                while await self._in_thread(look) and await self._read_deferred():
                    pass  # nothing else is to do: a back-fill need not wait for the next turn
            except (StoreError, BrokerError) as exc:
                if not exc.retryable:
                    self._fail(exc)
                # A stretch that Kafka does not give is tried again; the watchdog tells when Kafka itself is away.
                if isinstance(exc, StoreError):
                    self._away.gone("database", exc)
            except QuantracError as exc:
                self._fail(exc)

    def watch(self, stop: threading.Event, bark: Callable[[list[int]], None]) -> None:
        """Look at the broker from a thread of its own until ``stop``; call ``bark`` with partitions that are stuck."""
        probe: LagProbe | None = None
        said, every_s = Reason.ALIVE, min(5.0, self._watchdog.patience_s / 4)
        while not stop.wait(every_s):
            try:
                probe = probe or LagProbe(self._kafka, GROUP, topics.RAW)
                found = self._found(probe, every_s)
            except BrokerError as exc:
                self._away.gone("kafka", exc)
                self._watchdog.forgive()
                _close(probe)
                probe = None
            except ProgressError as exc:
                self._loop.call_soon_threadsafe(self._fail, exc)
            except Exception:  # noqa: BLE001  whatever happens to it, it must look again
                _log.exception("watchdog_failed", next="it looks again; nothing is forgiven for that")
                _close(probe)
                probe = None
            else:
                self._away.back("kafka")
                if found.reason is Reason.DEAF:
                    bark(list(found.partitions))
                if found.reason is Reason.STARVED and said is not Reason.STARVED:
                    _log.warning(
                        "starved",
                        partitions=found.partitions,
                        next="it goes on; give the machine more processors, or run fewer things beside it",
                    )
                said = found.reason
        _close(probe)

    async def close(self) -> None:
        """Write what waits and close the database."""
        await asyncio.get_running_loop().run_in_executor(None, self._sharer.close, SHARE_AT_STOP_S)
        try:
            await self._in_thread(self._sweeper.end)
            await self._in_thread(self._processor.save_shared)
        except StoreError as exc:
            _log.warning("flush_failed", error=str(exc))
        await self._in_thread(self._store.close)
        self._reader.close()
        self._thread.shutdown()

    def _found(self, probe: LagProbe, every_s: float) -> Finding:
        asked_s = time.monotonic()
        # The kernel counts no wait of a process that is stopped: this thread then wakes later than it meant to.
        overslept_s = max(0.0, asked_s - self._looked_s - every_s)
        self._guard.require(probe)
        committed, ends, now_s = probe.committed(), probe.ends(), time.monotonic()
        self._caught_up.observe(self._clock.now(), ends, committed)
        waiting = {p: max(0, end - committed.get(p, 0)) for p, end in ends.items()}
        alive = self._pulse.look(now_s, self._processor.steps, [p for p, lag in waiting.items() if lag])
        # A broker that takes its time to answer us takes it to answer the consumer, too.
        starved_s = max(self._starvation.since_last_s(), overslept_s) + now_s - asked_s
        self._looked_s = now_s
        away = self.outages.lasting(now_s)
        return self._watchdog.look(
            waiting, committed, self._assigned(), now_s, alive=alive, starved_s=starved_s, away=away
        )

    async def _read_deferred(self) -> bool:
        """Read the next slices, and return whether there may be more."""
        loop = asyncio.get_running_loop()
        for _ in range(MOST_SLICES):
            most = self._slices.most
            waits, found = await self._in_thread(partial(self._next_deferred, self._assigned(), most))
            if not waits:
                return False
            source = "kafka" if found is None else "memory"
            if found is None:
                # Kafka may take seconds to answer: not in the thread that stores what the honest ones send.
                found = await loop.run_in_executor(None, self._reader.waiting, waits, most)
            records, beyond = found
            shared, took_s = await self._in_thread(
                partial(_timed, partial(self._processor.process_deferred, waits, records, beyond))
            )
            self._sharer.offer(shared)
            _deferred.labels(source=source).inc(len(records))
            beside = self._traffic.look(time.monotonic())
            await asyncio.sleep(self._slices.read(len(records), took_s, beside))
        return True

    def _next_deferred(
        self, partitions: Collection[int], most: int
    ) -> tuple[list[Deferred], tuple[list[RawRecord], int] | None]:
        """Return which records are read next and, where this worker has kept them, the records themselves."""
        waits = self._processor.next_deferred(partitions, most)
        return waits, self._processor.kept.take(waits, most) if waits else None

    def _assigned(self) -> list[int]:
        return [tp.partition for tp in self.app.consumer.assignment() if tp.topic == topics.RAW]

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _retried(self, call: Callable[[], T]) -> T:
        """Repeat a call to the database until it works; whatever is no outage is raised."""
        async for attempt in stamina.retry_context(
            on=is_outage, attempts=None, timeout=None, wait_initial=0.2, wait_max=LONGEST_PAUSE_S, wait_jitter=0.5
        ):
            with attempt:
                try:
                    result = await self._in_thread(call)
                except StoreError as exc:
                    self.outages.seen("database", time.monotonic())
                    self._away.gone("database", exc)
                    raise
        self.outages.over("database")
        self._away.back("database")
        return result

    def _fail(self, error: Exception) -> None:
        if self.fault.done():
            return
        told = error if isinstance(error, QuantracError) else QuantracError(f"{type(error).__name__}: {error}")
        told.__cause__ = error
        self.fault.set_result(told)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return what a call returns, and how long it took (s)."""
    began_s = time.monotonic()
    return call(), time.monotonic() - began_s


def processor_options(settings: Settings, origin: Origin) -> ProcessorOptions:
    """Return what the stages need of the settings and of the database."""
    return ProcessorOptions(
        lane_limit=timedelta(seconds=settings.lane_limit_s),
        decode=DecodeOptions(
            InstantBounds(timedelta(seconds=settings.future_tolerance_s), timedelta(days=settings.oldest_reading_days)),
            settings.max_payload_bytes,
        ),
        recipients=recipients_of(settings),
        source=origin.source,
        messages_per_s=settings.station_messages_per_s,
        bytes_per_s=settings.station_bytes_per_s,
        retrospective_before=origin.installation.retrospective_before,
        replayed_before=origin.replayed_before,
    )


def artefacts_of(settings: Settings) -> ArtefactChoice:
    """Return the choice of models that the settings describe."""
    return ArtefactChoice(
        settings.models_dir or settings.run_dir / "models",
        settings.model_false_alarms_per_week / 7,
    )


def run(settings: Settings, kafka: KafkaEndpoint, database: DatabaseEndpoint, clock: Clock) -> int:
    """Run a worker until SIGTERM or SIGINT and return its exit status: 0, or ``EXIT_STATUS`` when it went deaf.

    Servers that are away at the start are waited for.

    Raises
    ------
    SettingsError
        The raw topic does not exist.
    StoreError
        The database refuses its user, or is not migrated.
    """
    origin = introduce(database, examine(kafka), clock)
    return asyncio.run(_live(settings, kafka, database, clock, origin))


async def _live(
    settings: Settings, kafka: KafkaEndpoint, database: DatabaseEndpoint, clock: Clock, origin: Origin
) -> int:
    worker = Worker(settings, kafka, database, clock, origin)
    loop, over = asyncio.get_running_loop(), asyncio.Event()

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
    beside = {asyncio.create_task(worker.sweep_forever()), asyncio.create_task(worker.read_deferred_forever())}
    watch = threading.Thread(target=worker.watch, args=(stop_watching, bark), name="watchdog", daemon=True)
    watch.start()
    stopping = asyncio.create_task(over.wait())
    ends: set[Awaitable[object]] = {stopping, worker.fault, asyncio.create_task(_crashed(worker.app)), *beside}
    await asyncio.wait(ends, return_when=FIRST_COMPLETED)  # type: ignore[type-var]
    status = 0 if over.is_set() else _told(worker)
    stop_watching.set()
    for task in beside:
        task.cancel()
    # What failed for good, or waits for servers that are away, may not be able to stop; nothing of it was acknowledged.
    ending = threading.Timer(STOP_S, os._exit, (status,))
    ending.daemon = True
    ending.start()
    await worker.app.stop()
    await worker.close()
    return status


def _told(worker: Worker) -> int:
    """Say what ended the worker, and return its exit status."""
    if worker.fault.done():
        fault = worker.fault.result()
        _log.error("worker_ends", error=str(fault), exc_info=fault.__cause__)
    else:
        _log.error("crashed", error=repr(worker.app.crash_reason))
    return EXIT_STATUS


def retention_of(settings: Settings) -> Retention:
    """Return for how long the settings keep what is no evidence."""
    return Retention(
        delays=timedelta(days=settings.keep_delays_days),
        texts=timedelta(days=settings.keep_texts_days),
        held_notifications=timedelta(days=settings.keep_held_days),
        deferred=timedelta(days=settings.keep_deferred_days),
        receipts=timedelta(days=settings.keep_receipts_days),
        sessions=timedelta(days=settings.keep_sessions_days),
        sessions_per_station=settings.sessions_per_station,
    )


def _close(probe: LagProbe | None) -> None:
    if probe is not None:
        try:
            probe.close()
        except Exception as exc:  # noqa: BLE001  it is given up anyway
            _log.debug("probe_not_closed", error=str(exc))


async def _crashed(app: faust.App) -> None:
    while not app.crashed:
        await asyncio.sleep(0.5)
