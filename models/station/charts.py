"""Residual control chart: each sensor against its own causal, adaptive baseline. The detector of the stream.

Baseline and scatter are exponentially weighted in *time*, not in samples, so the chart behaves alike at a cadence of
1 s and of 5 min. The scatter is winsorised (an outlier counts as at most ``clip`` scatters), is bounded from below by
the instrument's resolution, and is learnt only when the value changes, because a wet-chemistry analyser repeats its
last result for 15-30 minutes and would otherwise look perfectly still. While a value is beyond the threshold the
baseline moves at a crawl; after ``rebaseline_s`` of alarm the new level is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, isnan, sqrt
from statistics import median
from typing import Self

import msgspec

from models.errors import ModelError
from models.priors import Prior, prior_of
from models.protocol import NotReadyReason, Reason, Row

SNAPSHOT_VERSION = 1
IMPLAUSIBLE = 1e15
"""No instrument of water quality reports more: such a number is judged out of range and never learnt from."""
RANGE_SEVERITY = 2.0
FUTURE_S = 600.0
"""A row stamped so far ahead of our clock is refused: learnt, it would make every true row after it a late one."""


@dataclass(frozen=True, slots=True)
class ChartConfig:
    """Tuning of one chart; durations in seconds, scatters in units of the baseline's standard deviation."""

    threshold: float = 7.0
    """Scatters off the baseline at which the severity is 1. In recorded water (docs/models-log.md) 5 has as many right
    alarms, and a third more false ones and of the rows in alarm."""
    clear: float = 0.6
    """Severity below which an alarm may end; between this and 1 it is held, so that it does not flap."""
    confirm_samples: int = 2
    """Samples in a row beyond the threshold before an alarm, at 5 min the second."""
    confirm_s: float = 10.0
    """And at least so long beyond it, for fast probes."""
    level_s: float = 5400.0
    """Time constant of the baseline: short enough to follow a daily cycle, long against the rise of a slug."""
    level_min_s: float = 1800.0
    """Time constant of the baseline at birth: a slug in the first minutes of a station must not become its normal."""
    scatter_s: float = 86400.0
    """Time constant of the scatter: one day, so that every hour of the day is in it."""
    prior_s: float = 21600.0
    """The prior weighs as much as so much history."""
    level_clip: float = 2.0
    """A residual moves the baseline as if it were at most so many scatters: slow ramps are not followed."""
    scatter_clip: float = 3.0
    crawl: float = 0.1
    """Speed of learning beyond the threshold: not 0, or a sensor that turned noisy would be off the chart for ever."""
    rebaseline_s: float = 21600.0
    """An alarm of this age accepts its level as the new normal."""
    gap_s: float = 3600.0
    """A longer silence makes the old baseline doubtful: the scatter is doubled for ``rewarm_s``."""
    rewarm_s: float = 7200.0
    forget_s: float = 7 * 86400.0
    """After a longer silence the level is learnt anew."""
    head: int = 6
    """The first baseline is the median of so many samples,"""
    head_s: float = 1800.0
    """or of ``head_least`` if they took so long: a sensor of 15 min is judged in its first hour, too."""
    head_least: int = 3


@dataclass(frozen=True, slots=True)
class SensorConfig:
    """One sensor of a station: its prior, and what the registry knows of the instrument."""

    parameter: str
    unit: str = ""
    prior: Prior | None = None
    resolution: float = 0.0
    span: float = 0.0
    """Expected maximum minus expected minimum, in the unit; 0 = unknown. Scales the prior of sensors that rest at 0."""
    minimum: float = -IMPLAUSIBLE
    maximum: float = IMPLAUSIBLE
    """What the instrument can report at all."""


@dataclass(frozen=True, slots=True)
class ResidualConfig:
    """Sensors and tuning of a station's residual detector."""

    sensors: tuple[SensorConfig, ...]
    chart: ChartConfig = ChartConfig()


class ChartState(msgspec.Struct, array_like=True):
    """The whole memory of one chart. Times are Unix seconds, values in the sensor's unit."""

    head: list[float]
    samples: int = 0
    at: float = 0.0
    age_s: float = 0.0
    level: float = 0.0
    variance: float = 0.0
    last: float = 0.0
    changed_at: float = 0.0
    wide_until: float = 0.0
    over: int = 0
    over_since: float = 0.0
    side: int = 0
    quiet: int = 0
    quiet_since: float = 0.0
    recent: float = 0.0
    alarm: bool = False
    z: float = 0.0


class ResidualChart:
    """The chart of one sensor. ``update`` learns and judges in one pass; the state is ``state``."""

    __slots__ = ("_abs_floor", "_c", "_prior_abs2", "_prior_rel2", "_rel_floor", "maximum", "minimum", "state")

    def __init__(self, sensor: SensorConfig, config: ChartConfig, state: ChartState | None = None) -> None:
        prior = sensor.prior or prior_of(sensor.parameter)
        self._c = config
        # A quantised value scatters by resolution / sqrt(12) at least; twice that allows for the last digit's flicker.
        self._abs_floor = max(prior.floor_absolute, 0.6 * sensor.resolution, 1e-9)
        self._rel_floor = prior.floor_relative
        self._prior_abs2 = max(prior.absolute, 0.02 * sensor.span) ** 2
        self._prior_rel2 = prior.relative**2
        self.minimum = sensor.minimum
        self.maximum = sensor.maximum
        self.state = ChartState([]) if state is None else state

    @property
    def ready(self) -> bool:
        """Whether there is a baseline."""
        return self.state.samples > 0 and not self.state.head

    @property
    def provisional(self) -> bool:
        """Whether the prior still weighs more than the sensor's own history."""
        return self.state.age_s < self._c.prior_s

    def update(self, at: float, value: float, learn: bool = True) -> float | None:
        """Judge a value observed at Unix second ``at``, later than the last one, and learn from it.

        Returns the severity (1 = threshold), ``None`` while the first baseline is being learnt. ``value`` must not be
        NaN. ``learn=False`` judges only: for values that quality control found suspect.
        """
        s, c = self.state, self._c
        if not self.minimum <= value <= self.maximum:
            return self._out_of_range(at)
        dt = at - s.at
        if dt > c.gap_s and s.samples:
            self._after_gap(at, dt)
            dt = c.gap_s
        if not self.ready:
            if learn:
                self._begin(at, value, dt)
            return None
        s.at = at
        residual = value - s.level
        sigma = max(sqrt(s.variance), self._rel_floor * abs(s.level), self._abs_floor)
        if at < s.wide_until:
            sigma *= 2.0
        s.z = z = residual / sigma
        severity = abs(z) / c.threshold
        if severity >= 1.0 or s.over or s.alarm:
            self._confirm(at, value, severity, 1 if z >= 0.0 else -1)
        if learn:
            self._learn(at, value, dt, sigma, c.crawl if severity >= 1.0 else 1.0)
        return severity

    def _learn(self, at: float, value: float, dt: float, sigma: float, speed: float) -> None:
        s, c = self.state, self._c
        residual = value - s.level
        age = s.age_s = s.age_s + dt
        reach = c.level_clip * sigma
        step = reach if residual > reach else -reach if residual < -reach else residual
        s.level += step * speed * min(dt / min(max(age, c.level_min_s), c.level_s), 1.0)
        if value != s.last:
            weight = min(at - s.changed_at, c.gap_s) * speed / min(age + c.prior_s, c.scatter_s)
            reach = c.scatter_clip * sigma
            square = reach * reach if abs(residual) > reach else residual * residual
            s.variance += (square - s.variance) * weight
            s.last = value
            s.changed_at = at

    def _confirm(self, at: float, value: float, severity: float, side: int) -> None:
        s, c = self.state, self._c
        if severity >= 1.0:
            s.quiet = 0
            if side != s.side or not s.over:
                s.over, s.over_since, s.side, s.recent = 0, at, side, value
                s.alarm = False
            s.over += 1
            s.recent += (value - s.recent) * 0.2
            if s.over >= c.confirm_samples and at - s.over_since >= c.confirm_s:
                s.alarm = True
            if s.alarm and at - s.over_since >= c.rebaseline_s:
                self._rebaseline()
        elif not s.alarm:
            s.over = 0
        else:
            s.recent += (value - s.recent) * 0.2
            if severity < c.clear:
                s.quiet_since = s.quiet_since if s.quiet else at
                s.quiet += 1
                if s.quiet >= c.confirm_samples and at - s.quiet_since >= c.confirm_s:
                    s.alarm, s.over, s.quiet = False, 0, 0
            else:
                s.quiet = 0
            if s.alarm and at - s.over_since >= c.rebaseline_s:
                self._rebaseline()

    def _rebaseline(self) -> None:
        s = self.state
        s.level = s.recent
        s.variance = max(s.variance, self._prior_variance(s.level))
        s.alarm, s.over, s.quiet = False, 0, 0

    def _prior_variance(self, level: float) -> float:
        return max(self._prior_abs2 + self._prior_rel2 * level * level, self._abs_floor**2)

    def _begin(self, at: float, value: float, dt: float) -> None:
        s = self.state
        if s.samples:
            s.age_s += dt
        s.head.append(value)
        s.samples += 1
        s.at = s.changed_at = at
        s.last = value
        enough = s.samples >= self._c.head
        if enough or (s.samples >= self._c.head_least and s.age_s >= self._c.head_s):
            s.level = median(s.head)
            s.variance = max(s.variance, self._prior_variance(s.level))
            s.head = []

    def _after_gap(self, at: float, gap: float) -> None:
        s, c = self.state, self._c
        s.over, s.quiet, s.alarm = 0, 0, False
        if gap > c.forget_s:
            s.samples, s.age_s, s.head = 0, 0.0, []
        else:
            s.wide_until = at + c.rewarm_s

    def _out_of_range(self, at: float) -> float | None:
        s = self.state
        if not self.ready:
            return None
        s.z = RANGE_SEVERITY * self._c.threshold
        # Side 0: a confirmation that the sensor is out of range is never carried over to one that it is high or low.
        self._confirm(at, s.level, RANGE_SEVERITY, 0)
        return RANGE_SEVERITY


def probability_of(severity: float, alarm: bool) -> float:
    """Map a severity to 0..1: 0.5 at the threshold, and at least 0.5 exactly while the alarm is confirmed.

    >>> probability_of(1.0, True), probability_of(3.0, False), round(probability_of(2.0, True), 3)
    (0.5, 0.49, 0.941)
    """
    s2 = severity * severity
    s4 = s2 * s2
    p = s4 / (1.0 + s4) if severity < 1e3 else 1.0
    if alarm:
        return p if p > 0.5 else 0.5
    return p if p < 0.49 else 0.49


class ResidualDetector:
    """Every chart of a station."""

    def __init__(self, config: ResidualConfig, states: Mapping[str, ChartState] | None = None) -> None:
        self.config = config
        self.charts = {
            sensor.parameter: ResidualChart(
                sensor, config.chart, None if states is None else states.get(sensor.parameter)
            )
            for sensor in config.sensors
        }
        self.last_at = float("-inf")

    def advance(self, row: Row, now: datetime) -> dict[str, float | None] | NotReadyReason:
        """Feed a row to the charts: the severity by parameter (``None``: still learning), or why the row is refused."""
        at = row.observed_at.timestamp()
        if at <= self.last_at:
            return NotReadyReason.LATE
        if at > now.timestamp() + FUTURE_S:
            return NotReadyReason.FUTURE
        self.last_at = at
        charts, flags, statuses = self.charts, row.flags, row.statuses
        severities: dict[str, float | None] = {}
        for parameter, value in row.values.items():
            chart = charts.get(parameter)
            if chart is None or value is None or isnan(value):
                continue
            flag = flags.get(parameter, 1) if flags else 1
            if flag >= 4 or (statuses and statuses.get(parameter, "00") != "00"):
                continue
            severities[parameter] = chart.update(at, value, flag != 3)
        return severities

    def reason(self, parameter: str, severity: float) -> Reason:
        """Name what the chart of a parameter says of its last value."""
        state = self.charts[parameter].state
        if severity < 1.0 and not state.alarm:
            return Reason.NORMAL
        if state.over and state.side == 0:
            return Reason.RANGE
        if not state.alarm:
            return Reason.SPIKE
        return Reason.HIGH if state.side > 0 else Reason.LOW

    def snapshot(self) -> bytes:
        """Return the state as MessagePack, about 100 bytes a sensor."""
        states = {p: c.state for p, c in self.charts.items()}
        last = self.last_at if isfinite(self.last_at) else None
        return msgspec.msgpack.encode((SNAPSHOT_VERSION, last, states))

    @classmethod
    def restore(cls, config: ResidualConfig, snapshot: bytes) -> Self:
        """Return a detector that goes on where ``snapshot`` was taken; sensors new in ``config`` begin to learn.

        Raises
        ------
        ModelError
            When the bytes are no snapshot, or one of another version: start with an empty detector instead.
        """
        try:
            version, last, states = msgspec.msgpack.decode(
                snapshot, type=tuple[int, float | None, dict[str, ChartState]]
            )
        except msgspec.DecodeError as exc:
            raise ModelError(f"the snapshot of the residual chart cannot be read ({exc}): start it empty") from exc
        if version != SNAPSHOT_VERSION:
            raise ModelError(
                f"the snapshot of the residual chart has version {version}, this program reads {SNAPSHOT_VERSION}: "
                "start it empty"
            )
        detector = cls(config, states)
        detector.last_at = float("-inf") if last is None else last
        return detector
