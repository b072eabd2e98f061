"""Fouling and drift: a cumulative sum of what the other sensors do not explain, over days; reset by a calibration.

Every fast method follows a slow probe and misses it. Here hourly means (logarithms, of what is measured in multiples of
the usual) are predicted from the other sensors and the hour of the day by a ridge regression with a memory of two
weeks, whose learning stops while a drift is suspected. The six-hour means of the errors, in units of their own usual
size, are summed up one-sidedly (Page 1954, CUSUM). A probe that drifts is far more off than those that are predicted
from it; where several are off alike the water has changed, and no probe is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, isnan, log, nan, pi, sin, sqrt

import numpy as np

from models.chemistry import roles_of
from models.compiled import compiled
from models.priors import kind_of
from models.protocol import Reason, TriageClass
from models.series import Bools, Floats
from models.slow.finding import CALIBRATING, Finding, Statuses
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, rounded_duration

_HOUR_S = 3600.0
_HUGE = 1e12
_LEAST = 1e-9
"""What a mean of zero or less counts as where its logarithm is taken."""
_BLOCK_HOURS = 6
_MEMORY_HOURS = 336.0
_KEEP = 1.0 - 1.0 / _MEMORY_HOURS
_WARM_HOURS = 96.0
_REFIT_HOURS = 24
_RIDGE = 3.0
"""Hours' worth of evidence against any relation between sensors."""
_SLACK = 0.8
_REPORT = 5.5
_APART = 1.5
"""How many times as far off as the next sensor one has to be to be named."""
_CALM = 3.5
_WEEK_BLOCKS = 28.0
_ERROR_MEMORY = 56.0
_CLIP = 4.0
_GIVE_UP_HOURS = 240
"""After ten days of suspicion the relation is learnt anew: what stays so is how it is."""


class DriftWatch(ByFields):
    """One regression a sensor from common moments, and two sums a sensor (too high, too low)."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        d = self._d = len(self.columns)
        self._judged = np.array([kind_of(c) not in {"flow", "level"} for c in columns], dtype=np.bool_)
        self._in_units = (roles_of(self.columns).by_units > 0) | np.array([not kind_of(c) for c in columns])
        self._scale_mean = np.full(d, np.nan)
        self._scale_size = np.zeros(d)
        self._hour = -1
        self._sum = np.zeros(d)
        self._rows = np.zeros(d)
        self._hours = 0
        self._gram = np.zeros((d + 3, d + 3))
        self._weight = 0.0
        self._coefficients = np.zeros((d + 3, d))
        self._block = np.zeros((2, d))
        self._usual = np.zeros(d)
        self._blocks = 0.0
        self._sums = np.zeros((2, d))
        self._since = np.zeros(d)
        self._suspected = np.zeros(d)

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensor that drifts, if one does."""
        hour = int(at_s // _HOUR_S)
        if hour > self._hour:
            if self._hour >= 0:
                self._close(self._hour)
            self._hour = hour
        if not _take(values, status, self._sum, self._rows, self._sums, self._since):
            return []
        off = np.where(self._judged, self._sums.max(axis=0), 0.0)
        farthest = int(off.argmax())
        next_off = float(np.delete(off, farthest).max(initial=0.0))
        named = off[farthest] >= max(_REPORT, _APART * next_off)
        return [self._finding(farthest, at_s)] if named else []

    def _close(self, hour: int) -> None:
        """Judge and learn the mean of an hour."""
        self._hours += 1
        angle = 2 * pi * (hour % 24) / 24
        row = np.array([*[0.0] * self._d, 1.0, sin(angle), cos(angle)])
        _standard(self._sum, self._rows, self._in_units, self._hours, self._scale_mean, self._scale_size, row)
        ready = self._weight >= _WARM_HOURS
        _add_errors(row, row @ self._coefficients, self._rows if ready else np.zeros(self._d), self._block)
        if ready and self._hours % _BLOCK_HOURS == 0:
            self._accumulate(hour)
        if _learn(row, self._rows, self._sums, self._suspected, self._gram):
            self._weight = self._weight * _KEEP + 1.0
        self._sum[:], self._rows[:] = 0.0, 0.0
        if self._hours % _REFIT_HOURS == 0 and self._weight >= _WARM_HOURS:
            self._refit()

    def _refit(self) -> None:
        d = self._d
        for j in range(d):
            others = np.array([i for i in range(d + 3) if i != j])
            a = self._gram[np.ix_(others, others)] + _RIDGE * np.eye(d + 2)
            self._coefficients[:, j] = 0.0
            self._coefficients[others, j] = np.linalg.solve(a, self._gram[others, j])

    def _accumulate(self, hour: int) -> None:
        total, hours = self._block
        known = hours >= _BLOCK_HOURS / 2
        mean = np.where(known, total / np.maximum(hours, 1.0), 0.0)
        self._block[:] = 0.0
        size = np.sqrt(np.maximum(self._usual, 0.02))
        z = np.clip(mean / size, -_CLIP, _CLIP)
        if self._blocks >= 8:
            keep = 1.0 - 1.0 / _WEEK_BLOCKS
            before = self._sums.max(axis=0)
            self._sums[0] = np.where(known, np.maximum(0.0, self._sums[0] * keep + z - _SLACK), self._sums[0])
            self._sums[1] = np.where(known, np.maximum(0.0, self._sums[1] * keep - z - _SLACK), self._sums[1])
            np.minimum(self._sums, 2 * _REPORT, out=self._sums)
            began = (before <= 0) & (self._sums.max(axis=0) > 0)
            self._since = np.where(began, (hour - _BLOCK_HOURS) * _HOUR_S, self._since)
        self._blocks += 1
        gain = max(1.0 / _ERROR_MEMORY, 1.0 / (self._blocks + 1.0))
        # Also while a drift is suspected: in water that changes by itself the errors would never find their size.
        self._usual = np.where(
            known, self._usual + gain * (np.minimum(mean * mean, 9 * size * size) - self._usual), self._usual
        )
        if self._blocks <= 8:
            self._usual = np.maximum(self._usual, 0.05)

    def _finding(self, j: int, at_s: float) -> Finding:
        high = self._sums[0, j] >= self._sums[1, j]
        vi, en = names_of(self.columns[j])
        long_vi, long_en = rounded_duration(max(at_s - float(self._since[j]), 0.0))
        side_vi, side_en = ("cao", "high") if high else ("thấp", "low")
        text = Bilingual(
            f"{vi} lệch {side_vi} dần so với các thông số khác từ {long_vi} nay: đầu đo có thể bẩn hoặc trôi",
            f"{en} has been drifting {side_en} against the other parameters for {long_en}: the probe may be fouled",
        )
        return Finding(self.columns[j], Reason.DRIFT, TriageClass.FAULT, float(self._since[j]), at_s, text)

    _FIELDS = (
        "_scale_mean", "_scale_size", "_hour", "_sum", "_rows", "_hours", "_gram", "_weight", "_coefficients", "_block",
        "_usual", "_blocks", "_sums", "_since", "_suspected",
    )  # fmt: skip


@compiled
def _take(values: Floats, status: Statuses, total: Floats, rows: Floats, sums: Floats, since: Floats) -> bool:
    """Add a row to its hour; a calibration ends what was suspected. Return whether anything is now."""
    found = False
    for j in range(len(values)):
        if status[j] == 0 and abs(values[j]) < _HUGE:
            total[j] += values[j]
            rows[j] += 1.0
        elif status[j] == CALIBRATING:
            sums[0, j] = sums[1, j] = since[j] = 0.0
        found |= sums[0, j] >= _REPORT or sums[1, j] >= _REPORT
    return found


@compiled
def _standard(
    total: Floats, rows: Floats, in_units: Bools, hours: int, level: Floats, size: Floats, row: Floats
) -> None:
    """Write the means of an hour in units of the sensors' own scatter over weeks, 0 where there is none."""
    gain = max(1.0 / _MEMORY_HOURS, 1.0 / (hours + 1.0))
    for j in range(len(total)):
        mean = total[j] / rows[j] if rows[j] > 0.0 else nan
        if not in_units[j]:
            mean = log(max(mean, _LEAST)) if rows[j] > 0.0 else nan
        if isnan(level[j]):
            level[j] = mean
        away = mean - level[j]
        if isnan(away):
            away = 0.0
        usual = sqrt(size[j]) + 1e-9 * (0.0 if isnan(level[j]) else abs(level[j])) + 1e-12
        bounded = min(max(away, -4 * usual), 4 * usual) if hours > 24 else away
        level[j] += gain * bounded
        size[j] += gain * (bounded * bounded - size[j])
        row[j] = min(max(away / usual, -12.0), 12.0)


@compiled
def _add_errors(row: Floats, predicted: Floats, rows: Floats, block: Floats) -> None:
    for j in range(len(rows)):
        if rows[j] > 0.0:
            block[0, j] += min(max(row[j] - predicted[j], -8.0), 8.0)
            block[1, j] += 1.0


@compiled
def _learn(row: Floats, rows: Floats, sums: Floats, suspected: Floats, gram: Floats) -> bool:
    """Learn from an hour, and say so, unless a sensor was silent or is suspected."""
    learning = True
    for j in range(len(rows)):
        suspect = sums[0, j] > _CALM or sums[1, j] > _CALM
        suspected[j] = suspected[j] + 1.0 if suspect else 0.0
        if rows[j] == 0.0 or (suspect and suspected[j] < _GIVE_UP_HOURS):
            learning = False
    if learning:
        for i in range(len(row)):
            for j in range(len(row)):
                product = min(max(row[i], -_CLIP), _CLIP) * min(max(row[j], -_CLIP), _CLIP)
                gram[i, j] = gram[i, j] * _KEEP + product
    return learning
