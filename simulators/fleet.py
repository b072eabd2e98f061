"""A fleet of simulated stations that publishes through real MQTT, with a report and the truth beside it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from quantrac.clock import Clock
from quantrac.domain.stations import Station
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import SettingsError
from simulators.events import EventKind, StationEvent
from simulators.generator import Plan, messages_of
from simulators.labels import TruthLog, write_labels
from simulators.messages import Message
from simulators.publisher import Publisher, PublisherLimits
from simulators.report import PublishReport, write_report
from simulators.scenario import CALM, Scenario

REPORT_FILE = "fleet-report.json"
LABELS_FILE = "fleet-labels.csv"


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """How a fleet runs.

    ``cadence`` of ``None`` takes each sensor's from the registry. ``rate`` (messages per second over all stations)
    replaces the cadence: for load. ``duration`` of ``None`` never ends. ``backfill`` first sends that much of the
    past as fast as the broker takes it, at ``backfill_cadence`` (``None``: the registry's).
    """

    seed: int = 1
    cadence: timedelta | None = None
    rate: float | None = None
    duration: timedelta | None = None
    backfill: timedelta = timedelta()
    backfill_cadence: timedelta | None = None
    limits: PublisherLimits = field(default_factory=PublisherLimits)

    def __post_init__(self) -> None:
        if self.rate is not None and self.cadence is not None:
            raise SettingsError("Give --rate or --cadence, not both: the rate decides the cadence.")
        if self.rate is not None and not self.rate > 0:
            raise SettingsError(f"--rate {self.rate:g}: must be more than 0 messages per second.")
        for name in ("cadence", "backfill_cadence"):
            cadence = getattr(self, name)
            if cadence is not None and cadence < timedelta(milliseconds=1):
                raise SettingsError(f"--{name.replace('_', '-')} must be at least 0.001 s.")


def run_fleet(
    stations: Sequence[Station],
    endpoint_of: Callable[[Station], MqttEndpoint],
    folder: Path,
    *,
    clock: Clock,
    scenario: Scenario | None = None,
    options: FleetOptions | None = None,
    stop: Callable[[], bool] = lambda: False,
    each_second: Callable[[PublishReport], None] = lambda _report: None,
) -> PublishReport:
    """Publish the fleet until its duration is over or ``stop`` says so.

    While it runs and at its end, ``fleet-report.json`` and ``fleet-labels.csv`` in ``folder`` say what was published
    and what was injected.

    Raises
    ------
    RuleError
        When the scenario does not fit the stations.
    SettingsError
        When there is no station.
    BrokerError
        When no station can connect, or a login is refused.
    """
    if not stations:
        raise SettingsError("There is no station to simulate: run quantrac stations import, or name other stations.")
    scenario, options = scenario or CALM, options or FleetOptions()
    started = clock.now()
    truth = TruthLog()
    events = scenario.bind(stations, origin_of(started, options))
    messages = fleet_messages(stations, scenario, options, events=events, started=started, truth=truth)

    def record(report: PublishReport) -> None:
        now = clock.now()
        write_report(folder / REPORT_FILE, report, now)
        write_labels(folder / LABELS_FILE, truth.labels(started - options.backfill, now))
        each_second(report)

    publisher = Publisher(
        {s.code: endpoint_of(s) for s in stations},
        clock=clock,
        limits=options.limits,
        network_lost=lambda station: _network_lost(events, station, clock.now()),
        each_second=record,
        stop=stop,
    )
    return publisher.run(messages)


def origin_of(started: datetime, options: FleetOptions) -> datetime:
    """Return the instant from which a scenario's events count: the start of the run, or of a past without a present."""
    only_past = options.duration is not None and not options.duration
    return started - options.backfill if only_past else started


def fleet_messages(
    stations: Sequence[Station],
    scenario: Scenario,
    options: FleetOptions,
    *,
    events: tuple[StationEvent, ...],
    started: datetime,
    truth: TruthLog,
) -> Iterator[Message]:
    """Yield the messages of a fleet in the order in which they are due."""
    seed = scenario.seed if scenario.seed is not None else options.seed
    cadence = options.cadence.total_seconds() if options.cadence else None
    if options.rate is not None:
        cadence = len(stations) / options.rate
    live = Plan(
        stations=tuple(stations), events=events, start=started,
        end=None if options.duration is None else started + options.duration, cadence_s=cadence, seed=seed,
        sample_hold_s=scenario.sample_hold_s, noise_scale=scenario.noise_scale, speed=scenario.speed, origin=started,
        spread=options.rate is not None,
    )  # fmt: skip
    if not options.backfill:
        return messages_of(live, truth)
    past_cadence = options.backfill_cadence.total_seconds() if options.backfill_cadence else None
    past = Plan(
        stations=tuple(stations), events=events, start=started - options.backfill, end=started,
        cadence_s=past_cadence, seed=seed, noise_scale=scenario.noise_scale, speed=scenario.speed, origin=started,
        backfill=True,
    )  # fmt: skip
    return itertools.chain(messages_of(past, truth), messages_of(live, truth))


def _network_lost(events: Sequence[StationEvent], station: str, now: datetime) -> bool:
    at_s = now.timestamp()
    return any(
        occurrence.active(at_s)
        for event in events
        if event.kind is EventKind.NETWORK_LOSS and event.station == station
        for occurrence in event.occurrences(at_s, at_s)
    )
