"""Generate the messages of a fleet: signals, then events, then what the logger makes of them. No network, no clock.

The chain of one value: water (with slug, rain, dilution) -> analyser (sample hold, noise) -> instrument fault ->
rounding -> status -> falsification at the logger -> loss. Then whole messages: silence, clock skew, network loss with
backfill, duplicates.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from quantrac.domain.readings import Status
from quantrac.domain.stations import Station
from simulators.events import EventKind, Occurrence, StationEvent
from simulators.instruments import StationInstruments
from simulators.labels import TruthLog
from simulators.messages import Message, Sample
from simulators.noise import stream_key, uniform
from simulators.reference_limits import outside
from simulators.scenario import CALM, Scenario
from simulators.signals import StationSignals

_BLOCK = 256
"""Instants computed at once: large enough for arrays to pay, small enough to start at once and to stay small."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to generate: stations, events on the clock, interval and rhythm.

    ``cadence_s`` of ``None`` lets each station report at the shortest cadence of its sensors, each sensor at its own;
    a number makes all sensors report at once at that cadence. With ``spread`` the stations take turns within a
    cadence instead of reporting at the same instant.
    """

    stations: tuple[Station, ...]
    events: tuple[StationEvent, ...]
    start: datetime
    end: datetime | None
    cadence_s: float | None
    seed: int
    sample_hold_s: float | None = None
    noise_scale: float = 1.0
    speed: float = 1.0
    origin: datetime | None = None
    """Start of the run, where it is not that of the plan: with a backfill there are two plans."""
    spread: bool = False
    backfill: bool = False
    """Mark all messages as ones that waited in the loggers' buffers."""


def generate(  # noqa: PLR0917 - what, when and from which seed: the order in which one says it
    stations: Sequence[Station],
    scenario: Scenario | None,
    start: datetime,
    end: datetime | None,
    cadence: timedelta | None,
    seed: int,
    *,
    truth: TruthLog | None = None,
) -> Iterator[Message]:
    """Yield the messages of a fleet in the order in which their loggers can send them.

    Equal arguments yield equal messages. ``truth`` notes the injected events and their first exceeding readings while
    the messages are consumed.

    Parameters
    ----------
    start, end
        Aware instants; the first message is at or after ``start`` on the grid of the cadence, the last one before
        ``end``. ``None`` never ends.
    cadence
        ``None``: the registry's.

    Raises
    ------
    RuleError
        When the scenario names a station or parameter that does not exist.
    """
    scenario = scenario or CALM
    plan = Plan(
        stations=tuple(stations),
        events=scenario.bind(stations, start),
        start=start,
        end=end,
        cadence_s=cadence.total_seconds() if cadence is not None else None,
        seed=seed,
        sample_hold_s=scenario.sample_hold_s,
        noise_scale=scenario.noise_scale,
        speed=scenario.speed,
    )
    return messages_of(plan, truth if truth is not None else TruthLog())


def messages_of(plan: Plan, truth: TruthLog) -> Iterator[Message]:
    """Yield the messages of a plan, merged over its stations by the instant at which they can be sent."""
    truth.announce(plan.events)
    feeds = [
        _StationFeed(plan, station, place, truth).messages()
        for place, station in enumerate(sorted(plan.stations, key=lambda s: s.code))
    ]
    return heapq.merge(*feeds, key=lambda m: (m.due_at, m.station))


class _StationFeed:
    def __init__(self, plan: Plan, station: Station, place: int, truth: TruthLog) -> None:
        self._plan = plan
        self._station = station
        self._truth = truth
        self._events = tuple(e for e in plan.events if e.station == station.code)
        signals = StationSignals(
            station, plan.seed, sample_hold_s=plan.sample_hold_s, noise_scale=plan.noise_scale, speed=plan.speed,
            origin_s=(plan.origin or plan.start).timestamp(),
        )  # fmt: skip
        self._instruments = StationInstruments(signals, self._events, plan.seed)
        cadences = [s.cadence_s for s in station.sensors] or [300.0]
        self._step_us = max(1, round((plan.cadence_s or min(cadences)) * 1e6))
        self._phase_us = self._step_us * place // max(1, len(plan.stations)) if plan.spread else 0
        self._every = {
            s.parameter: 1 if plan.cadence_s else max(1, round(s.cadence_s * 1e6 / self._step_us))
            for s in station.sensors
        }
        self._first = -(-(_microseconds(plan.start) - self._phase_us) // self._step_us)

    def messages(self) -> Iterator[Message]:
        return self._through_network(self._observed())

    def _instant_us(self, index: int) -> int:
        return (self._first + index) * self._step_us + self._phase_us

    def _observed(self) -> Iterator[tuple[Message, float]]:
        """Messages as the logger composes them, with the true time in epoch seconds."""
        for first in itertools.count(0, _BLOCK):
            instants_us = [self._instant_us(first + i) for i in range(self._block_length(first))]
            if not instants_us:
                return
            times_s = np.array(instants_us, dtype=np.float64) / 1e6
            columns = [
                (self._every[s.parameter], self._instruments.read(s, times_s).samples(s)) for s in self._station.sensors
            ]
            active = self._active(times_s[0], times_s[-1])
            for row, instant_us in enumerate(instants_us):
                message = self._compose(first + row, row, instant_us, columns, active)
                if message is not None:
                    yield message, instant_us / 1e6

    def _block_length(self, first: int) -> int:
        if self._plan.end is None:
            return _BLOCK
        left_us = _microseconds(self._plan.end) - self._instant_us(first)
        return max(0, min(_BLOCK, -(-left_us // self._step_us)))

    def _active(self, first_s: float, last_s: float) -> list[Occurrence]:
        return [o for e in self._events for o in e.occurrences(first_s, last_s)]

    def _compose(
        self, index: int, row: int, instant_us: int, columns: list[tuple[int, list[Sample]]], active: list[Occurrence]
    ) -> Message | None:
        at_s = instant_us / 1e6
        now = [o for o in active if o.active(at_s)] if active else []
        if any(o.event.kind is EventKind.SILENCE for o in now):
            return None
        grid = self._first + index
        samples = tuple([column[row] for every, column in columns if grid % every == 0])
        if not samples:
            return None
        true_at = _instant(instant_us)
        skew_s = sum(o.event.magnitude for o in now if o.event.kind is EventKind.CLOCK_SKEW)
        offset = timedelta(seconds=skew_s)
        return Message(
            station=self._station.code,
            observed_at=true_at + offset,
            due_at=true_at,
            samples=samples,
            backfill=self._plan.backfill,
            clock_offset=offset,
            exceeding=self._exceeding(now, samples, true_at),
        )

    def _exceeding(self, now: Iterable[Occurrence], samples: tuple[Sample, ...], at: datetime) -> tuple[str, ...]:
        found: list[str] = []
        for occurrence in now:
            if occurrence.event.kind is not EventKind.POLLUTION_SLUG:
                continue
            hit = [s.parameter for s in samples if s.parameter in occurrence.event.parameters and self._over(s)]
            if hit:
                self._truth.exceeded(occurrence, at)
            found += [p for p in hit if p not in found]
        return tuple(found)

    def _over(self, sample: Sample) -> bool:
        bounds = self._instruments.bounds(sample.parameter)
        return sample.status is Status.MEASURING and sample.value is not None and outside(bounds, sample.value)

    def _through_network(self, observed: Iterator[tuple[Message, float]]) -> Iterator[Message]:
        """Hold messages back while the network is lost, send them in order after it, and repeat where told to."""
        waiting: list[Message] = []
        back_s = -math.inf
        for message, at_s in observed:
            now = [o for o in self._active(at_s, at_s) if o.active(at_s)] if self._events else []
            lost = [o.end_s for o in now if o.event.kind is EventKind.NETWORK_LOSS]
            back_s = max([back_s, *lost])
            repeated = [o for o in now if o.event.kind is EventKind.DUPLICATES]
            made = [message]
            if any(self._repeats(o, at_s) for o in repeated):
                made.append(replace(message, duplicate=True))
            if at_s < back_s:
                back = _instant(round(back_s * 1e6))
                waiting += [replace(m, due_at=back, backfill=True) for m in made]
                continue
            yield from waiting
            waiting.clear()
            yield from made
        yield from waiting

    def _repeats(self, occurrence: Occurrence, at_s: float) -> bool:
        key = stream_key(self._plan.seed, self._station.code, "duplicate", str(occurrence.event.number))
        return bool(uniform(key, np.array([round(at_s * 1000)]))[0] < occurrence.event.magnitude)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
