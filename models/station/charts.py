"""Residual control chart: each sensor against its own causal, adaptive baseline. The detector of the stream.

Baseline and scatter are exponentially weighted in *time*, not in samples, so the chart behaves alike at a cadence of
1 s and of 5 min. The scatter is winsorised (an outlier counts as at most three scatters), is bounded from below by
the instrument's resolution, and is learnt only when the value changes, because a wet-chemistry analyser repeats its
last result for 15-30 minutes and would otherwise look perfectly still. While a value is beyond the threshold the
baseline moves at a crawl; after six hours of alarm the new level is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import inf, isnan, nan, sqrt
from typing import Any, Self

import numpy as np

from models.compiled import Records, compiled, put_back, stacked
from models.errors import ModelError
from models.priors import prior_of
from models.protocol import Reason, Row
from models.series import Bools, Floats, Ints
from models.snapshots import pack, unpack
from quantrac.domain.stations import Sensor

_KIND, _VERSION = "residual chart", 2
IMPLAUSIBLE = 1e15
"""No instrument of water quality reports more: such a number is judged out of range and never learnt from."""
RANGE_SEVERITY = 2.0
FUTURE_S = 60.0
"""A row stamped so far ahead of our clock is refused, as quality control finds it suspect: it would make every true row
after it a late one."""


THRESHOLD = 7.0
"""Scatters off the baseline at which the severity is 1. In recorded water (docs/models-log.md) 5 has as many right
alarms, and a third more false ones and of the rows in alarm."""
_CLEAR = 0.6
"""Severity below which an alarm may end; between this and 1 it is held, so that it does not flap."""
_CONFIRM_SAMPLES, _CONFIRM_S = 2, 10.0
"""Samples in a row beyond the threshold before an alarm, at 5 min the second; so long beyond it, for fast probes."""
_LEVEL_S = 5400.0
"""Time constant of the baseline: short enough to follow a daily cycle, long against the rise of a slug."""
_LEVEL_MIN_S = 1800.0
"""Time constant of the baseline at birth: a slug in the first minutes of a station must not become its normal."""
_SCATTER_S = 86400.0
"""Time constant of the scatter: one day, so that every hour of the day is in it."""
_PRIOR_S = 21600.0
"""The prior weighs as much as so much history."""
_LEVEL_CLIP, _SCATTER_CLIP = 2.0, 3.0
"""Scatters that a residual counts as at most: for the baseline, so that it follows no slow ramp, and the scatter."""
_CRAWL = 0.1
"""Speed of learning beyond the threshold: not 0, or a sensor that turned noisy would be off the chart for ever."""
_RECENT = 0.2
"""Weight of the newest value in the level that an alarm may leave behind."""
_REBASELINE_S = 21600.0
"""An alarm of this age accepts its level as the new normal."""
_GAP_S, _GAP_CADENCES, _REWARM_S = 3600.0, 2.5, 7200.0
"""A longer silence, and of so many cadences, makes the old baseline doubtful: the scatter is doubled for this time.
At a cadence of an hour and a little every value would come after a gap, and none would be confirmed."""
_CALM, _CALM_S, _CALM_SPEED = 0.5, 43200.0, 16.0
"""Within so many scatters for so long all values show that the scatter is too wide: it narrows so many times as fast.
What a broken probe shows for days must not hide the water for a week after the repair."""
_WIDE, _USUAL_S = 1.5, 10 * 86400.0
"""But not below so many times the narrowest that it has been, which is widened e-fold in this time: a plant that
rests at the weekend is judged as before."""
_FORGET_S = 7 * 86400.0
"""After a longer silence the level is learnt anew."""
_HEAD = 6
"""The first baseline is the median of so many samples,"""
_HEAD_S, _HEAD_LEAST = 1800.0, 3
"""or of fewer if they took so long: a sensor of 15 min is judged in its first hour, too."""


_MOVED: Mapping[str, type] = {
    "samples": int, "at": float, "age_s": float, "level": float, "variance": float, "last": float, "changed_at": float,
    "wide_until": float, "over": int, "over_since": float, "side": int, "quiet": int, "quiet_since": float,
    "recent": float, "alarm": bool, "z": float, "calm_since": float, "usual": float,
}  # fmt: skip
"""What values move of a chart, in the order in which it is stored. Times are Unix seconds."""
_LIMITS = ("abs_floor", "abs_floor2", "rel_floor", "prior_abs2", "prior_rel2", "gap_s")
_CHART = np.dtype([("waiting", int), *_MOVED.items(), *((name, float) for name in _LIMITS)], align=True)
"""One chart while it runs: how many values wait, what values move, and what its sensor's limits are."""
LEARNING, NORMAL, RANGE, SPIKE, HIGH, LOW = range(6)
"""What a chart says of a value."""
SAID, SEVERITY, PROBABILITY, ALARM, LEVEL, Z_SCORE, PROVISIONAL = range(7)
"""Places of what is said of a value: one of the above, severity (1 = threshold), probability, whether the alarm is on,
the causal baseline, departure in scatters, whether the prior still weighs more than the sensor's own history."""
REASONS = {NORMAL: Reason.NORMAL, RANGE: Reason.RANGE, SPIKE: Reason.SPIKE, HIGH: Reason.HIGH, LOW: Reason.LOW}


def _limits_of(sensor: Sensor) -> tuple[float, ...]:
    prior, low, high = prior_of(sensor.parameter), sensor.qc.expected_min, sensor.qc.expected_max
    # It scales the prior of sensors that rest at 0.
    span = 0.0 if low is None or high is None else max(high - low, 0.0)
    # A quantised value scatters by resolution / sqrt(12) at least; twice that allows for the last digit's flicker.
    abs_floor = max(prior.floor_absolute, 0.6 * sensor.qc.resolution, 1e-9)
    prior_abs2 = max(prior.absolute, 0.02 * span) ** 2
    gap_s = max(_GAP_S, _GAP_CADENCES * sensor.cadence_s)
    return abs_floor, abs_floor**2, prior.floor_relative, prior_abs2, prior.relative**2, gap_s


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


_probability = compiled(probability_of)


@compiled
def _judge(
    charts: Ints, at: Floats, values: Floats, learn: Bools, memory: Records, heads: Floats, said: Floats
) -> None:  # fmt: skip
    """Judge values, each later than the last one of its chart, and learn from them.

    Value k is of the chart ``charts[k]``. Values that quality control found suspect are not learnt from. ``said`` has
    shape (values, 7).
    """
    for k in range(len(values)):
        chart = charts[k]
        s, out = memory[chart], said[k]
        severity = _update(at[k], values[k], learn[k], s, heads[chart])
        alarm = s.alarm
        out[SEVERITY], out[PROBABILITY] = severity, _probability(severity, alarm)
        out[ALARM], out[LEVEL], out[Z_SCORE], out[PROVISIONAL] = alarm, s.level, s.z, s.age_s < _PRIOR_S
        if isnan(severity):
            out[SAID] = LEARNING
        elif severity < 1.0 and not alarm:
            out[SAID] = NORMAL
        elif s.over and s.side == 0:
            out[SAID] = RANGE
        elif not alarm:
            out[SAID] = SPIKE
        else:
            out[SAID] = HIGH if s.side > 0 else LOW


@compiled
def _update(at: float, value: float, learn: bool, s: Any, head: Floats) -> float:
    """Return the severity (1 = threshold); NaN while the first baseline is being learnt."""
    ready = s.samples > 0 and s.waiting == 0
    if not -IMPLAUSIBLE <= value <= IMPLAUSIBLE:
        if not ready:
            return nan
        s.z = RANGE_SEVERITY * THRESHOLD
        # Side 0: a confirmation that the sensor is out of range is never carried over to one that it is high or low.
        _confirm(at, s.level, RANGE_SEVERITY, 0, s)
        return RANGE_SEVERITY
    dt = at - s.at
    if dt > s.gap_s and s.samples > 0:
        _after_gap(at, dt, s)
        dt = s.gap_s
    if s.samples == 0 or s.waiting > 0:
        if learn:
            _begin(at, value, dt, s, head)
        return nan
    s.at = at
    residual = value - s.level
    sigma = max(sqrt(s.variance), s.rel_floor * abs(s.level), s.abs_floor)
    if at < s.wide_until:
        sigma *= 2.0
    z = residual / sigma
    s.z = z
    severity = abs(z) / THRESHOLD
    if severity >= 1.0 or s.over or s.alarm:
        _confirm(at, value, severity, 1 if z >= 0.0 else -1, s)
    if learn:
        _learn(at, value, dt, sigma, _CRAWL if severity >= 1.0 else 1.0, s)
    return float(severity)


@compiled
def _learn(at: float, value: float, dt: float, sigma: float, speed: float, s: Any) -> None:
    residual = value - s.level
    age = s.age_s + dt
    s.age_s = age
    reach = _LEVEL_CLIP * sigma
    step = reach if residual > reach else -reach if residual < -reach else residual
    s.level += step * speed * min(dt / min(max(age, _LEVEL_MIN_S), _LEVEL_S), 1.0)
    if value != s.last:
        if abs(residual) > _CALM * sigma:
            s.calm_since = at
        elif at - s.calm_since > _CALM_S and sigma > _WIDE * s.usual:
            speed *= _CALM_SPEED
        passed = min(at - s.changed_at, s.gap_s)
        s.usual = min(sigma, s.usual * (1.0 + passed / _USUAL_S))
        weight = min(passed * speed / min(age + _PRIOR_S, _SCATTER_S), 1.0)
        reach = _SCATTER_CLIP * sigma
        square = reach * reach if abs(residual) > reach else residual * residual
        s.variance += (square - s.variance) * weight
        s.last = value
        s.changed_at = at


@compiled
def _confirm(at: float, value: float, severity: float, side: int, s: Any) -> None:
    if severity >= 1.0:
        s.quiet = 0
        if side != s.side or s.over == 0:
            s.over, s.over_since, s.side, s.recent = 0, at, side, value
            s.alarm = False
        s.over += 1
        s.recent += (value - s.recent) * _RECENT
        if s.over >= _CONFIRM_SAMPLES and at - s.over_since >= _CONFIRM_S:
            s.alarm = True
    elif not s.alarm:
        s.over = 0
    else:
        s.recent += (value - s.recent) * _RECENT
        if severity < _CLEAR:
            s.quiet_since = s.quiet_since if s.quiet else at
            s.quiet += 1
            if s.quiet >= _CONFIRM_SAMPLES and at - s.quiet_since >= _CONFIRM_S:
                s.alarm, s.over, s.quiet = False, 0, 0
        else:
            s.quiet = 0
    if s.alarm and at - s.over_since >= _REBASELINE_S:
        s.level = s.recent
        s.variance = max(s.variance, _prior_variance(s.level, s))
        s.alarm, s.over, s.quiet = False, 0, 0


@compiled
def _prior_variance(level: float, s: Any) -> float:
    return float(max(s.prior_abs2 + s.prior_rel2 * level * level, s.abs_floor2))


@compiled
def _begin(at: float, value: float, dt: float, s: Any, head: Floats) -> None:
    if s.samples:
        s.age_s += dt
    head[s.waiting] = value
    s.waiting += 1
    s.samples += 1
    s.at = s.changed_at = at
    s.last = value
    if s.samples >= _HEAD or (s.samples >= _HEAD_LEAST and s.age_s >= _HEAD_S):
        s.level = np.median(head[: s.waiting])
        s.variance = max(s.variance, _prior_variance(s.level, s))
        s.usual = sqrt(s.variance)
        s.waiting = 0


@compiled
def _after_gap(at: float, gap: float, s: Any) -> None:
    s.over, s.quiet, s.alarm, s.calm_since = 0, 0, False, at
    if gap > _FORGET_S:
        s.samples, s.age_s, s.waiting = 0, 0.0, 0
    else:
        s.wide_until = at + _REWARM_S


Said = dict[str, list[float]]
"""What the charts say of a row, by parameter: see ``SAID``."""


class ResidualDetector:
    """Every chart of a station."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self.config = tuple(sensors)
        self.places = {sensor.parameter: j for j, sensor in enumerate(sensors)}
        self.memory = np.zeros(len(sensors), dtype=_CHART)
        for j, sensor in enumerate(sensors):
            for name, number in zip(_LIMITS, _limits_of(sensor), strict=True):
                self.memory[j][name] = number
        self.heads = np.zeros((len(sensors), _HEAD))
        self.newest = [0.0] * len(sensors)
        """Of each sensor: when it was judged last."""
        self.last_at = -inf

    def advance(self, rows: Sequence[Row], now: datetime) -> list[Said | None]:
        """Feed rows to the charts: what they say of each.

        ``None`` of one that is refused: late, or stamped well ahead of our clock. Of a row that is not newer than the
        one before, what its sensors have not said yet is judged: who sends the values of an instant in several
        messages, or some of them later, hides nothing.
        """
        (said,) = advance_together([(self, rows)], now)
        return said

    def snapshot(self) -> bytes:
        """Return the state as MessagePack, about 100 bytes a sensor."""
        memory, heads, end = self.memory.tolist(), self.heads.tolist(), 1 + len(_MOVED)
        states = {p: (heads[j][: memory[j][0]], *memory[j][1:end]) for p, j in self.places.items()}
        return pack(_KIND, _VERSION, [self.last_at, states])

    def _take_up(self, j: int, head: list[float], *moved: float) -> None:
        waiting = len(head)
        if waiting >= _HEAD:
            raise ModelError(f"a chart waits with {waiting} values for its first baseline: start it empty")
        self.memory[j]["waiting"] = waiting
        for name, number in zip(_MOVED, moved, strict=True):
            self.memory[j][name] = number
        self.heads[j, :waiting] = head
        self.newest[j] = float(self.memory[j]["at"])

    @classmethod
    def restore(cls, sensors: Sequence[Sensor], snapshot: bytes) -> Self:
        """Return a detector that goes on where ``snapshot`` was taken; new ``sensors`` begin to learn.

        Raises
        ------
        ModelError
            When the bytes are no snapshot, or one of another version: start with an empty detector instead.
        """
        detector = cls(sensors)
        detector.last_at, states = unpack(_KIND, _VERSION, snapshot)
        for parameter, state in states.items():
            if parameter in detector.places:
                detector._take_up(detector.places[parameter], *state)
        return detector


def advance_together(asked: Sequence[tuple[ResidualDetector, Sequence[Row]]], now: datetime) -> list[list[Said | None]]:
    """Feed rows to the charts of several stations in one call, each as by itself.

    Whatever fails, no chart has moved: the rows run on copies of their memories.
    """
    newest_s = now.timestamp() + FUTURE_S
    out: list[list[Said | None]] = []
    judged: list[tuple[int, float, float, bool]] = []
    heard_by: list[tuple[Said, str]] = []
    moved, first = [], 0
    for detector, rows in asked:
        last_at, newest, of_rows = detector.last_at, list(detector.newest), list[Said | None]()
        for row in rows:
            at_s = row.observed_at.timestamp()
            late = at_s <= last_at
            if at_s > newest_s and not late:
                of_rows.append(None)
                continue
            said: Said = {}
            usable = _usable(row, at_s, detector.places, newest, late=late)
            for parameter, j, value, learn in usable:
                newest[j] = at_s
                judged.append((first + j, at_s, value, learn))
                heard_by.append((said, parameter))
            last_at = max(last_at, at_s)
            of_rows.append(said if usable or not late else None)
        out.append(of_rows)
        moved.append((last_at, newest))
        first += len(detector.memory)
    memories, all_heads = [d.memory for d, _ in asked], [d.heads for d, _ in asked]
    memory, heads = stacked(memories), stacked(all_heads)
    if judged:
        charts, at, values, learnt = map(np.array, zip(*judged, strict=True))
        lines = np.zeros((len(judged), PROVISIONAL + 1))
        _judge(charts, at, values.astype(np.float64), learnt, memory, heads, lines)
        for (said, parameter), line in zip(heard_by, lines.tolist(), strict=True):
            said[parameter] = line
    put_back(memories, memory)
    put_back(all_heads, heads)
    for (detector, _), (last_at, newest) in zip(asked, moved, strict=True):
        detector.last_at, detector.newest = last_at, newest
    return out


def _usable(
    row: Row, at_s: float, places: Mapping[str, int], newest: Sequence[float], *, late: bool
) -> list[tuple[str, int, float, bool]]:
    """Return what of a row is judged: parameter, number of its chart, value, and whether that is learnt from."""
    out = []
    flags, statuses = row.flags, row.statuses
    for parameter, value in row.values.items():
        j = places.get(parameter)
        if j is None or value is None or isnan(value) or statuses.get(parameter, "00") != "00":
            continue
        flag = flags.get(parameter, 1)
        if flag >= 4 or (late and (at_s <= newest[j] or flag == 3 or abs(value) >= IMPLAUSIBLE)):
            continue
        out.append((parameter, j, value, flag != 3))
    return out
