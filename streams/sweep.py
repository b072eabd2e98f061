"""What no reading triggers: closed hours and days are judged, silent stations noticed, measured delays written.

Every worker sweeps. Two that do it at once pass over each other's locked buckets, and the database allows one open
alert per key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from alerts.closed_windows import expected_readings, findings, judgement_of
from alerts.limits import limit_for
from alerts.offline import signal_loss
from alerts.rules import rules_in_force
from quantrac.clock import Clock
from quantrac.domain.alerts import AlertKey, AlertKind, Transition, TransitionKind
from quantrac.domain.judgements import Bucket, Judgement
from quantrac.domain.limits import Limit
from quantrac.domain.stations import VIETNAM, Station
from quantrac.errors import RuleError
from quantrac.telemetry import get_logger
from sql.worker_store import WorkerStore, WorkerTransaction
from streams.catalogue import Catalogue, CatalogueCache
from streams.delays import DelayLog
from streams.paging import Recipients, save_and_page

_log = get_logger(__name__)
MOST_BUCKETS = 500
"""Per sweep: a month's backfill of one station is judged within a minute, and no transaction grows long."""
LISTEN_EVERY_S = 10.0
"""How often silence is looked for; the first rung of the ladder is minutes."""


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What the sweep needs of the settings."""

    judge_grace: timedelta
    minimum_completeness: float
    recipients: Recipients


class Sweeper:
    """The periodic work of one worker. Blocking; used by the thread that also commits batches."""

    def __init__(
        self, store: WorkerStore, catalogue: CatalogueCache, delays: DelayLog, options: SweepOptions, clock: Clock
    ) -> None:
        self._store, self._catalogue, self._delays, self._options = store, catalogue, delays, options
        self._clock = clock
        self._started = clock.now()
        self._listened_s = clock.monotonic_s()

    def sweep(self) -> None:
        """Do all of it once.

        Raises
        ------
        StoreError
            The database is away; the next sweep does it.
        """
        catalogue, now = self._catalogue.current(), self._clock.now()
        self._judge(catalogue, now)
        if self._clock.monotonic_s() - self._listened_s >= LISTEN_EVERY_S:
            self._listened_s = self._clock.monotonic_s()
            self._listen(catalogue, now)
        self.flush()

    def flush(self) -> None:
        """Write the delays that were measured after the last COMMIT."""
        minutes = self._delays.drain()
        if not minutes:
            return
        with self._store.transaction() as tx:
            for minute, buckets in minutes.items():
                tx.accounting.add_delays(minute, buckets)
        self._delays.written()

    def _judge(self, catalogue: Catalogue, now: datetime) -> None:
        with self._store.transaction() as tx:
            buckets = tx.buckets.take_dirty(now, self._options.judge_grace, MOST_BUCKETS)
            if not buckets:
                return
            judged = [self._judged(bucket, catalogue, now) for bucket in buckets]
            tx.buckets.save_judgements([judgement for judgement, _, _ in judged])
            save_and_page(tx, _found(tx, judged, catalogue), self._options.recipients)

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

    def _listen(self, catalogue: Catalogue, now: datetime) -> None:
        day = now.astimezone(VIETNAM).date()
        rules = [r for r in rules_in_force(catalogue.rules, day) if r.kind is AlertKind.OFFLINE]
        with self._store.transaction() as tx:
            heard = {s.station: s.last_received_at for s in tx.presence.silent_stations(now)}
            found: list[tuple[Transition, Station]] = []
            for station in catalogue.registry.current(now):
                last = heard.get(station.code) or datetime.combine(station.effective_from, time(), VIETNAM)
                is_open = set(tx.alerts.open_keys(station.code))
                for rule in rules:
                    known = AlertKey(station.code, "", rule.code) in is_open
                    # While no worker ran, nobody listened: silence counts from our start, unless an alert is open.
                    since = last if known else max(last, self._started)
                    transition = signal_loss(rule, station.code, since, now, is_open=known)
                    if transition is not None:
                        found.append((transition, station))
            save_and_page(tx, found, self._options.recipients)


def _limit(station: Station, bucket: Bucket, catalogue: Catalogue) -> Limit | None:
    day = bucket.start.astimezone(VIETNAM).date()
    try:
        return limit_for(station, bucket.parameter, day, catalogue.limit_sets, bucket.window)
    except RuleError as exc:
        _log.warning("limit_not_applied", station=station.code, parameter=bucket.parameter, error=str(exc))
        return None


def _found(
    tx: WorkerTransaction, judged: Iterable[tuple[Judgement, Limit | None, Station | None]], catalogue: Catalogue
) -> list[tuple[Transition, Station]]:
    found: list[tuple[Transition, Station]] = []
    open_alerts: dict[str, set[AlertKey]] = {}
    for judgement, limit, station in sorted(judged, key=lambda j: j[0].bucket.start):
        if station is None or limit is None:
            continue
        bucket = judgement.bucket
        rules = rules_in_force(catalogue.rules, bucket.start.astimezone(VIETNAM).date())
        if station.code not in open_alerts:
            open_alerts[station.code] = set(tx.alerts.open_keys(station.code))
        is_open = {key.rule for key in open_alerts[station.code] if key.parameter == bucket.parameter}
        for transition in findings(judgement, limit, rules, is_open):
            found.append((transition, station))
            # The next hour or day of the same sensor may be judged in this very sweep.
            if transition.kind is TransitionKind.RESOLVED:
                open_alerts[station.code].discard(transition.key)
            else:
                open_alerts[station.code].add(transition.key)
    return found
