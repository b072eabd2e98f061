"""What no reading triggers: closed hours and days are judged, silent stations noticed, measured delays written.

Every worker sweeps. Two that do it at once pass over each other's locked buckets, and the database allows one open
alert per key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from uuid import uuid4

from alerts.closed_windows import completeness_findings, expected_readings, findings, judgement_of
from alerts.limits import limit_for
from alerts.readable import readable
from alerts.rules import rules_in_force
from alerts.standing import standing_bucket, standing_day
from quantrac.clock import Clock
from quantrac.domain.alerts import AlertKey, Transition, TransitionKind
from quantrac.domain.judgements import Bucket, Judgement
from quantrac.domain.limits import Limit, Window
from quantrac.domain.stations import VIETNAM, Station
from quantrac.errors import RuleError, StoreError
from quantrac.telemetry import get_logger
from sql.bucket_store import BucketKey
from sql.retention_store import Retention
from sql.worker_store import WorkerStore, WorkerTransaction
from streams.catalogue import Catalogue, CatalogueCache
from streams.delays import DelayLog
from streams.isolation import each_or_aside
from streams.listening import CaughtUp
from streams.overdue import OverdueSweep
from streams.paging import Recipients, save_and_page
from streams.repeated_faults import RepeatedFaults
from streams.upkeep import keep_up

_log = get_logger(__name__)
MOST_BUCKETS = 500
"""Per sweep: a month's backfill of one station is judged within a minute, and no transaction grows long."""
FORGET_EVERY_S = 3600.0
"""How often what is no evidence is forgotten; nothing waits for it."""
LISTEN_EVERY_S = 10.0
"""How often silence is looked for; the first rung of the ladder is minutes."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What the sweep needs of the settings."""

    judge_grace: timedelta
    minimum_completeness: float
    recipients: Recipients
    mass_revision: int = 12
    """So many readings that a station sent again become a work item."""
    retention: Retention = field(default_factory=Retention)


class Sweeper:
    """The periodic work of one worker. Blocking; used by the thread that also commits batches."""

    def __init__(
        self,
        store: WorkerStore,
        catalogue: CatalogueCache,
        delays: DelayLog,
        options: SweepOptions,
        clock: Clock,
        *,
        caught_up: CaughtUp | None = None,
    ) -> None:
        self._store, self._catalogue, self._delays, self._options = store, catalogue, delays, options
        self._clock = clock
        self._overdue = OverdueSweep(clock.now(), options.recipients, caught_up)
        self._listened_s = self._forgot_s = clock.monotonic_s()
        self._faults = RepeatedFaults()
        self._id = uuid4()
        """Of this worker, by which imports know that it runs."""

    def sweep(self) -> None:
        """Do all of it once. A part that fails holds up no other: it is told once, and tried again after a while.

        Raises
        ------
        StoreError
            Retryable: the database is away; the next sweep does it.
        """
        try:
            catalogue, now = self._catalogue.current(), self._clock.now()
        except StoreError:
            self._overdue.failed()
            raise
        self._part("judging", lambda: self._judge(now))
        if self._clock.monotonic_s() - self._listened_s >= LISTEN_EVERY_S:
            self._listened_s = self._clock.monotonic_s()
            self._part("registering", self._runs)
            self._part("listening", lambda: self._listen(catalogue, now))
            self._part("upkeep", lambda: self._keep_up(catalogue, now))
        if self._clock.monotonic_s() - self._forgot_s >= FORGET_EVERY_S:
            self._forgot_s = self._clock.monotonic_s()
            self._part("forgetting", self._forget)
        self._part("delays", self.flush)

    def _part(self, name: str, work: Callable[[], None]) -> None:
        now_s = self._clock.monotonic_s()
        if not self._faults.due(name, now_s):
            return
        try:
            work()
        except Exception as exc:
            if isinstance(exc, StoreError):
                self._overdue.failed()
                if exc.retryable:
                    raise
            if self._faults.failed(name, f"{type(exc).__name__}: {exc}", now_s):
                _log.exception("sweep_failed", part=name, next="it is tried again; readings are stored meanwhile")
        else:
            if self._faults.worked(name):
                _log.info("sweep_works_again", part=name)

    def _listen(self, catalogue: Catalogue, now: datetime) -> None:
        with self._store.transaction() as tx:
            self._overdue.listen(tx, catalogue, now)

    def _keep_up(self, catalogue: Catalogue, now: datetime) -> None:
        with self._store.transaction() as tx:
            keep_up(tx, catalogue, self._options.recipients, now, mass_revision=self._options.mass_revision)

    def _runs(self) -> None:
        with self._store.transaction() as tx:
            tx.running.runs(self._id, readable())

    def _forget(self) -> None:
        with self._store.transaction() as tx:
            forgotten = tx.retention.forget(self._options.retention)
        _log.info("forgotten", **forgotten)

    def end(self) -> None:
        """Write what waits, and let imports know that this worker runs no more."""
        self.flush()
        with self._store.transaction() as tx:
            tx.running.ended(self._id)

    def flush(self) -> None:
        """Write the delays that were measured after the last COMMIT."""
        minutes = self._delays.drain()
        if not minutes:
            return
        with self._store.transaction() as tx:
            for minute, buckets in minutes.items():
                tx.accounting.add_delays(minute, buckets)
        self._delays.written()

    def _judge(self, now: datetime) -> None:
        """Compute revised hours and days again, and judge those that have ended; one that fails holds up no other."""
        with self._store.transaction() as tx:
            # An import marks what is to be judged again: judged by what was loaded before it, the mark would be lost.
            catalogue = self._catalogue.standing(tx.buckets.hold_catalogue())
            stale = tx.buckets.stale(now, MOST_BUCKETS)
            if stale:
                each_or_aside(tx, stale, tx.buckets.recompute, partial(_put_aside, tx, now))
            buckets = tx.buckets.dirty(now, self._options.judge_grace, MOST_BUCKETS)
            if buckets:
                each_or_aside(
                    tx,
                    buckets,
                    lambda some: self._judge_some(tx, some, catalogue, now),
                    lambda bucket, exc: _put_aside(tx, now, _key(bucket), exc),
                )

    def _judge_some(
        self, tx: WorkerTransaction, buckets: Sequence[Bucket], catalogue: Catalogue, now: datetime
    ) -> None:
        """Judge buckets as they stand and, where these differ, as their readings say now."""
        versions = _standing_first(tx, _covered(tx, buckets, catalogue))
        judged = [self._judged(bucket, catalogue, now) for bucket in chain.from_iterable(versions)]
        stands = tx.buckets.save_judgements([judgement for judgement, _, _ in judged])
        saved = [found for found, stood in zip(judged, stands, strict=True) if stood]
        found = _found(tx, saved, catalogue, self._options.minimum_completeness)
        save_and_page(tx, found, self._options.recipients, now)

    def _judged(
        self, bucket: Bucket, catalogue: Catalogue, now: datetime
    ) -> tuple[Judgement, Limit | None, Station | None]:
        station = catalogue.registry.station(bucket.station, bucket.start)
        limit = None if station is None else _limit(station, bucket, catalogue)
        sensor = None if station is None else station.sensor_of.get(bucket.parameter)
        expected = 0 if sensor is None else expected_readings(bucket.window, sensor.cadence_s)
        judgement = judgement_of(
            replace(bucket, expected=expected),
            limit,
            now=now,
            minimum_completeness=self._options.minimum_completeness,
        )
        return judgement, limit, station


def _key(bucket: Bucket) -> BucketKey:
    return BucketKey(bucket.station, bucket.parameter, bucket.window, bucket.start)


def _put_aside(tx: WorkerTransaction, now: datetime, key: BucketKey, exc: Exception) -> None:
    if tx.buckets.put_aside(key, f"{type(exc).__name__}: {exc}", now):
        _log.error(
            "bucket_not_judged",
            station=key.station,
            parameter=key.parameter,
            window=key.window.value,
            start=key.start,
            exc_info=exc,
            next="the others are judged; it is tried again, and quantrac doctor shows it",
        )


def _limit(station: Station, bucket: Bucket, catalogue: Catalogue) -> Limit | None:
    day = bucket.start.astimezone(VIETNAM).date()
    try:
        return limit_for(station, bucket.parameter, day, catalogue.limit_sets, bucket.window)
    except RuleError as exc:
        _log.warning("limit_not_applied", station=station.code, parameter=bucket.parameter, error=str(exc))
        return None


def _covered(tx: WorkerTransaction, buckets: Sequence[Bucket], catalogue: Catalogue) -> list[Bucket]:
    """Return the buckets with what their usable readings cover, where the sensor is registered."""
    cadences = []
    for bucket in buckets:
        station = catalogue.registry.station(bucket.station, bucket.start)
        sensor = None if station is None else station.sensor_of.get(bucket.parameter)
        cadences.append(None if sensor is None else sensor.cadence_s)
    known = [(b, cadence_s) for b, cadence_s in zip(buckets, cadences, strict=True) if cadence_s is not None]
    covered = iter(tx.buckets.coverage(known))
    out = []
    for bucket, cadence_s in zip(buckets, cadences, strict=True):
        covered_s, gaps = (bucket.covered_s, bucket.gaps) if cadence_s is None else next(covered)
        out.append(replace(bucket, covered_s=covered_s, gaps=gaps))
    return out


def _standing_first(tx: WorkerTransaction, buckets: Sequence[Bucket]) -> list[list[Bucket]]:
    """Return each bucket; before it, where that differs, the bucket as it stands while revised readings wait."""
    again = [b for b in buckets if b.rejudged]
    days = [b for b in buckets if b.window is Window.DAY and not b.rejudged]
    standing: dict[Bucket, Bucket | None] = {}
    for position, (mean, count) in tx.buckets.standing_findings(again).items():
        standing[again[position]] = standing_bucket(again[position], mean, count)
    for position, hours in tx.buckets.hours_of_new_days(days).items():
        standing[days[position]] = standing_day(days[position], hours)
    return [[b] if (stood := standing.get(b)) is None else [stood, b] for b in buckets]


def _found(
    tx: WorkerTransaction,
    judged: Iterable[tuple[Judgement, Limit | None, Station | None]],
    catalogue: Catalogue,
    minimum_completeness: float,
) -> list[tuple[Transition, Station]]:
    found: list[tuple[Transition, Station]] = []
    listening = tx.presence.listening()
    open_alerts: dict[str, set[AlertKey]] = {}
    for judgement, limit, station in sorted(judged, key=lambda j: j[0].bucket.start):
        if station is None or limit is None:
            continue
        bucket = judgement.bucket
        rules = rules_in_force(catalogue.rules, bucket.start.astimezone(VIETNAM).date())
        if station.code not in open_alerts:
            open_alerts[station.code] = set(tx.alerts.open_keys(station.code))
        is_open = {key.rule for key in open_alerts[station.code] if key.parameter == bucket.parameter}
        changes = (
            *findings(judgement, limit, rules, is_open),
            *completeness_findings(judgement, rules, is_open, listening, minimum_completeness),
        )
        for transition in changes:
            found.append((transition, station))
            # The next hour or day of the same sensor may be judged in this very sweep.
            if transition.kind is TransitionKind.RESOLVED:
                open_alerts[station.code].discard(transition.key)
            else:
                open_alerts[station.code].add(transition.key)
    return found
