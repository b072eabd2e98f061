"""How each kind of rule sees a reading: as an observation to count, or as a named reason not to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from alerts.escalation import Observation, Reason
from alerts.rules import Rule, Trigger
from alerts.thresholds import Thresholds, exceeds, harm_measure
from quantrac.domain.alerts import AlertKind
from quantrac.domain.limits import Limit
from quantrac.domain.readings import CheckedReading, Flag, QcReason, Status
from quantrac.domain.stations import Sensor, Station
from quantrac.domain.words import Bilingual


class Triage(Protocol):
    """Fault or pollution."""

    @property
    def cls(self) -> StrEnum:
        """The class; its value is ``POLLUTION`` for pollution."""
        ...

    @property
    def probability(self) -> float:
        """Of the class, 0..1."""
        ...

    @property
    def reasons(self) -> tuple[Bilingual, ...]:
        """The strongest first."""
        ...


POLLUTION = "pollution"


class AnomalyScore(Protocol):
    """What the engine needs of a model's score; ``models`` gives an object of this shape."""

    @property
    def probability(self) -> float | None:
        """0..1, 0.5 at the model's threshold; ``None`` while the model is not ready."""
        ...

    @property
    def harmful(self) -> bool:
        """Whether the departure is on the polluting side of the parameter."""
        ...

    @property
    def alarm(self) -> bool:
        """Whether the model itself says that it lasted long enough."""
        ...

    @property
    def text(self) -> Bilingual:
        """Why, in one line."""
        ...

    @property
    def level(self) -> float:
        """What the sensor usually shows, in its unit; NaN where the model has no baseline."""
        ...

    @property
    def alone(self) -> bool:
        """Whether no other parameter of the station is in alarm on its polluting side."""
        ...

    @property
    def triage(self) -> Triage | None:
        """What the incident of the station probably is; ``None`` where no model can tell."""
        ...


@dataclass(frozen=True, slots=True)
class SensorRule:
    """One rule at one sensor on one day: the rule, and the thresholds of the limit that is in force."""

    rule: Rule
    limit: Limit | None
    thresholds: Thresholds | None = None

    def observe(self, checked: CheckedReading, score: AnomalyScore | None) -> Observation | Reason:
        """Return the reading as this rule sees it, or why it does not count; order and lane are not looked at."""
        if self.rule.trigger is Trigger.STATE:
            return _state(self.rule, checked)
        if self.rule.kind is AlertKind.FAULT:
            return self._flat_high(checked) if self.rule.trigger is Trigger.FLAT_HIGH else _fault(self.rule, checked)
        if not checked.usable:
            return Reason.UNUSABLE
        if self.rule.kind is AlertKind.ANOMALY:
            return _anomaly(self, checked, score)
        return self._against_limit(checked)

    def measure(self, parameter: str, value: float | None, score: AnomalyScore | None) -> float:
        """Return how bad a value is, as the measure of an observation is; 0 for a rule of faults.

        Of an anomaly it is the value that is worst for the water, not the score: that is 1.0 soon, and says no more.
        """
        if value is None or self.rule.kind is AlertKind.FAULT:
            return 0.0
        if self.thresholds is not None:
            return self.thresholds.measure(value)
        expected = value if score is None or math.isnan(score.level) else score.level
        return harm_measure(parameter, value, self.limit, expected)

    def _flat_high(self, checked: CheckedReading) -> Observation | Reason:
        reading, limit = checked.reading, self.limit
        if limit is None:
            return Reason.NO_LIMIT
        if reading.status is not Status.MEASURING or reading.value is None:
            return Reason.UNUSABLE
        beyond = exceeds(limit, reading.value)
        if not checked.usable and QcReason.FLAT_LINE not in checked.reasons:
            return Reason.UNUSABLE
        top = len(self.rule.steps) if beyond and QcReason.FLAT_LINE in checked.reasons else 0
        return Observation(reading.observed_at, reading.value, top, top)

    def _against_limit(self, checked: CheckedReading) -> Observation | Reason:
        value, thresholds = checked.reading.value, self.thresholds
        if thresholds is None or value is None:
            return Reason.NO_LIMIT
        level, holds, measure = thresholds.level(value), thresholds.holds(value), thresholds.measure(value)
        return Observation(checked.reading.observed_at, value, level, max(level, holds), measure)


def _anomaly(watched: SensorRule, checked: CheckedReading, score: AnomalyScore | None) -> Observation | Reason:
    if score is None or score.probability is None:
        return Reason.NO_SCORE
    level = holds = 0
    for index, step in enumerate(watched.rule.steps, start=1):
        needed = step.probability or 0.0
        if step.harmful and not score.harmful:
            continue
        # An open alert is held whatever its class becomes: officers who were paged hear of the end, not of a doubt.
        if score.alarm and score.probability >= needed and _pollution(score) >= step.pollution:
            level = index
        if score.probability >= (step.clear or needed):
            holds = index
    value = checked.reading.value
    measure = watched.measure(checked.reading.parameter, value, score)
    return Observation(checked.reading.observed_at, value, level, max(level, holds), measure, score.alone)


def _pollution(score: AnomalyScore) -> float:
    """Return the probability with which the model takes it for pollution; 0 when it takes it for something else."""
    return score.triage.probability if score.triage is not None and score.triage.cls == POLLUTION else 0.0


def state_rules(station: Station, rules: Iterable[Rule]) -> Iterator[tuple[Sensor, list[SensorRule]]]:
    """Yield each housekeeping channel that rules of states watch, as the engine sees a sensor, and these rules."""
    listed = [rule for rule in rules if rule.trigger is Trigger.STATE]
    for channel in station.channels:
        watching = [SensorRule(rule, None) for rule in listed if rule.applies_to(channel.code)]
        if watching:
            yield Sensor(channel.code, "", channel.cadence_s), watching


def _state(rule: Rule, checked: CheckedReading) -> Observation | Reason:
    reading = checked.reading
    if reading.value is None:
        return Reason.UNUSABLE
    top = len(rule.steps) if reading.value in rule.states else 0
    return Observation(reading.observed_at, reading.value, top, top)


def _fault(rule: Rule, checked: CheckedReading) -> Observation | Reason:
    reading = checked.reading
    if rule.trigger is Trigger.CALIBRATING:
        found = reading.status in (Status.CALIBRATING, Status.MAINTENANCE)
    elif checked.usable:
        found = False
    elif reading.status is Status.FAULT or (
        reading.status is Status.MEASURING and checked.flag in (Flag.BAD, Flag.MISSING)
    ):
        found = True
    else:
        # Calibrating, an unknown status, merely suspect: says neither that the probe is broken nor that it works.
        return Reason.UNUSABLE
    top = len(rule.steps) if found else 0
    return Observation(reading.observed_at, reading.value, top, top)
