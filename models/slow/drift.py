"""Fouling and drift: errors of a sensor against the others that grow for days; a calibration ends it.

Every fast method follows a slow probe and misses it. Here hourly means (logarithms, of what is measured in multiples of
the usual) are predicted from the other sensors and the hour of the day by a ridge regression with a memory of two
weeks; the relation in use is days old, so that it has not learnt the drift that it should find. Whether the six-hour
means of the errors grow like a ramp, over two days or five, is a likelihood ratio (Basseville and Nikiforov, *Detection
of Abrupt Changes*, 1993, chapter 2), in units of what it usually is.

A probe that drifts puts those off that are predicted from it. So one probe is named, or two, if with their own errors
taken back the others are calm; where more are off, the water has changed, and no probe is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, inf, isnan, log, nan, pi, sin, sqrt

import numpy as np

from models.chemistry import roles_of
from models.compiled import compiled
from models.priors import kind_of
from models.protocol import Reason, TriageClass
from models.series import Bools, Floats
from models.slow.finding import CALIBRATING, Finding, Statuses, add_measured
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, rounded_duration

_HOUR_S = 3600.0
_LEAST = 1e-9
"""What a mean of zero or less counts as where its logarithm is taken."""
_BLOCK_HOURS = 6
_MEMORY_HOURS = 336.0
_KEEP = 1.0 - 1.0 / _MEMORY_HOURS
_WARM_HOURS = 96.0
_REFIT_HOURS = 24
_OLD = 5
"""Days that the relation in use is old."""
_FIRST_GAIN = 1.0 / 25.0
"""Down to here, in its first day, a sensor's scatter is learnt from all that it shows."""
_RIDGE = 3.0
"""Hours' worth of evidence against any relation between sensors."""
_YOUNG_HOURS = 250.0
"""A relation that was learnt from so many hours is wrong by as much as its errors are."""
_BLOCKS = 20
_RAMPS = np.array([np.maximum(np.arange(_BLOCKS) + 0.5 - (_BLOCKS - n), 0.0) for n in (8, _BLOCKS)])
_RAMPS /= np.sqrt((_RAMPS**2).sum(axis=1, keepdims=True))
"""Over two days and over five, of length 1."""
_REPORT, _REPORT_TWO = 4.0, 5.0
"""How far off one probe has to be to be named, and each of two."""
_APART = 2.0
"""And how many times as far as each of the others is then,"""
_OTHERS = 3
"""of which there are at least so many where two are named."""
_SUSPECTED = 3.0
"""From here on nothing is learnt,"""
_GIVE_UP_HOURS = 240
"""but for ten days at most: what stays so is how it is."""
_BEGUN = 1.0
_ERROR_MEMORY = 224.0
_CLIP = 4.0
_LEAST_SIZE = 0.02
"""Smallest mean square of a sensor's errors, in units of its own scatter over weeks."""


class DriftWatch(ByFields):
    """One regression a sensor from common moments, and the errors of five days."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        d = self._d = len(self.columns)
        roles = roles_of(self.columns)
        self._judged = roles.explains == 0
        self._in_units = (roles.by_units > 0) | np.array([not kind_of(c) for c in columns])
        self._level, self._square = np.full(d, nan), np.zeros(d)
        self._hour, self._hours = -1, 0
        self._sum, self._rows = np.zeros(d), np.zeros(d)
        self._gram, self._weight = np.zeros((d + 3, d + 3)), 0.0
        self._relations = np.zeros((0, d + 3, d))
        """Of the last days, with the scales that they belong to; the first is in use."""
        self._scales = np.zeros((0, 2, d))
        self._block = np.zeros((2, d))
        self._blocks = 0
        self._errors = np.full((_BLOCKS, d), nan)
        self._size, self._sized = np.zeros(d), np.zeros(d)
        self._ratios, self._spread = np.zeros((_BLOCKS, len(_RAMPS), d)), np.ones((len(_RAMPS), d))
        """Squares of what the last blocks were off, and what they are usually."""
        self._off, self._since, self._suspected = np.zeros(d), np.zeros(d), np.zeros(d)
        self._named: list[int] = []

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors that drift."""
        hour = int(at_s // _HOUR_S)
        if hour > self._hour:
            if self._hour >= 0:
                self._close(self._hour)
            self._hour = hour
        add_measured(values, status, -inf, self._sum, self._rows)
        for j in np.flatnonzero(status == CALIBRATING).tolist():
            self._calibrated(j)
        return [self._finding(j, at_s) for j in self._named]

    def _calibrated(self, j: int) -> None:
        """Forget what a sensor was off, and what it has put others off."""
        if len(self._relations):
            self._errors += np.nan_to_num(self._errors[:, j : j + 1]) * self._relations[0, j]
        self._errors[:, j] = nan
        self._off[j] = self._suspected[j] = 0.0
        self._named = [i for i in self._named if i != j]

    def _close(self, hour: int) -> None:
        """Judge and learn the mean of an hour."""
        self._hours += 1
        self._suspected = np.where(np.abs(self._off) > _SUSPECTED, self._suspected + 1.0, 0.0)
        learning = not ((self._suspected > 0) & (self._suspected < _GIVE_UP_HOURS)).any()
        angle = 2 * pi * (hour % 24) / 24
        row = np.array([*[0.0] * self._d, 1.0, sin(angle), cos(angle)])
        means, known = np.zeros(self._d), self._rows > 0
        gain = max(1.0 / _MEMORY_HOURS, 1.0 / (self._hours + 1.0)) if learning else 0.0
        _standard(self._sum, self._rows, self._in_units, gain, self._level, self._square, means, row)
        if len(self._relations):
            level, size = self._scales[0]
            away = np.where(known, np.clip((means - level) / size, -12.0, 12.0), 0.0)
            error = away - np.concatenate([away, row[self._d :]]) @ self._relations[0]
            self._block += np.where(known, (np.clip(error, -8.0, 8.0), known), 0.0)
            if self._hours % _BLOCK_HOURS == 0:
                self._judge(hour)
        if learning and known.all():
            bounded = np.clip(row, -_CLIP, _CLIP)
            self._gram = self._gram * _KEEP + np.outer(bounded, bounded)
            self._weight = self._weight * _KEEP + 1.0
        self._sum[:], self._rows[:] = 0.0, 0.0
        if self._hours % _REFIT_HOURS == 0 and self._weight >= _WARM_HOURS:
            size = np.sqrt(self._square) + 1e-9 * np.abs(self._level) + 1e-12
            self._scales = np.concatenate([self._scales, [[self._level, size]]])[-_OLD:]
            self._relations = np.concatenate([self._relations, [self._relation()]])[-_OLD:]

    def _relation(self) -> Floats:
        d = self._d
        relation = np.zeros((d + 3, d))
        for j in range(d):
            others = np.array([i for i in range(d + 3) if i != j])
            a = self._gram[np.ix_(others, others)] + _RIDGE * np.eye(d + 2)
            relation[others, j] = np.linalg.solve(a, self._gram[others, j])
        return relation

    def _judge(self, hour: int) -> None:
        """Take a block of errors into the memory, and name the probes that drift."""
        total, hours = self._block
        error = np.where(hours >= _BLOCK_HOURS / 2, total / np.maximum(hours, 1.0), nan)
        self._block[:] = 0.0
        self._blocks += 1
        # The size is learnt of what leaves the memory: a drift does not hide itself.
        left = self._errors[0] if self._blocks > _BLOCKS else error
        self._errors = np.concatenate([self._errors[1:], [error]])
        size = self._learn_size(left)
        errors = np.nan_to_num(self._errors)
        # All of a block by the same factor: what one sensor puts the others off stays in proportion.
        errors /= np.maximum(np.abs(errors / size).max(axis=1, keepdims=True) / _CLIP, 1.0)
        young = 1.0 + (_YOUNG_HOURS / max(self._hours - 24.0 * _OLD, 24.0)) ** 2
        ramps, units = _RAMPS @ errors, size * np.sqrt(np.maximum(self._spread, 1.0) * young)
        self._learn_spread(ramps / size)
        before, off = self._off, ramps / units
        self._off = np.take_along_axis(off, np.abs(off).argmax(axis=0)[None], axis=0)[0]
        calm = (np.abs(before) < _BEGUN) | (before * self._off < 0)
        self._since = np.where(calm, (hour - _BLOCK_HOURS) * _HOUR_S, self._since)
        self._named = next(filter(None, map(self._name, ramps, units)), [])

    def _learn_size(self, error: Floats) -> Floats:
        """Learn how large errors usually are and return it."""
        known = np.isfinite(error)
        self._sized += known
        gain = np.maximum(1.0 / _ERROR_MEMORY, 1.0 / (self._sized + 1.0))
        square = np.minimum(np.nan_to_num(error) ** 2, 9 * np.maximum(self._size, _LEAST_SIZE))
        self._size = np.where(known, self._size + gain * (square - self._size), self._size)
        return np.asarray(np.sqrt(np.maximum(self._size, _LEAST_SIZE)))

    def _learn_spread(self, ratio: Floats) -> None:
        """Learn how large the ratio usually is: more than 1 where errors last."""
        known = np.minimum(self._ratios[0], 9 * self._spread)
        if self._blocks > 2 * _BLOCKS:
            self._spread += (known - self._spread) / _ERROR_MEMORY
        self._ratios = np.concatenate([self._ratios[1:], [ratio**2]])

    def _name(self, ramp: Floats, unit: Floats) -> list[int]:
        """Return one sensor, or two, whose own errors explain what all are off."""
        relation = self._relations[0, : self._d]
        named: list[int] = []
        rest = np.where(self._judged, ramp, 0.0)
        most = 2 if self._judged.sum() >= 2 + _OTHERS else 1
        for report in (_REPORT, _REPORT_TWO)[:most]:
            named.append(int(np.abs(rest / unit).argmax()))
            mixed = np.eye(len(named)) - relation[np.ix_(named, named)].T
            own = np.linalg.lstsq(mixed, ramp[named])[0]
            rest = np.where(self._judged, ramp + own @ relation[named], 0.0)
            rest[named] = 0.0
            least = np.abs(own / unit[named]).min()
            if least < report:
                return []
            if least >= _APART * np.abs(rest / unit).max():
                return named
        return []

    def _finding(self, j: int, at_s: float) -> Finding:
        vi, en = names_of(self.columns[j])
        long_vi, long_en = rounded_duration(max(at_s - float(self._since[j]), 0.0))
        side_vi, side_en = ("cao", "high") if self._off[j] > 0 else ("thấp", "low")
        text = Bilingual(
            f"{vi} lệch {side_vi} dần so với các thông số khác từ {long_vi} nay: đầu đo có thể bẩn hoặc trôi",
            f"{en} has been drifting {side_en} against the other parameters for {long_en}: the probe may be fouled",
        )
        return Finding(self.columns[j], Reason.DRIFT, TriageClass.FAULT, float(self._since[j]), at_s, text)

    _FIELDS = (
        "_level", "_square", "_hour", "_hours", "_sum", "_rows", "_gram", "_weight", "_relations", "_scales", "_block",
        "_blocks", "_errors", "_size", "_sized", "_ratios", "_spread", "_off", "_since", "_suspected", "_named",
    )  # fmt: skip


@compiled
def _standard(
    total: Floats, rows: Floats, in_units: Bools, gain: float, level: Floats, square: Floats, means: Floats, row: Floats
) -> None:
    """Write the means of an hour, and them in units of the sensors' own scatter over weeks, 0 where there is none."""
    for j in range(len(total)):
        mean = total[j] / rows[j] if rows[j] > 0.0 else nan
        if not in_units[j]:
            mean = log(max(mean, _LEAST)) if rows[j] > 0.0 else nan
        if isnan(level[j]):
            level[j] = mean
        away = mean - level[j]
        if isnan(away):
            away = 0.0
        usual = sqrt(square[j]) + 1e-9 * (0.0 if isnan(level[j]) else abs(level[j])) + 1e-12
        bounded = min(max(away, -4 * usual), 4 * usual) if gain < _FIRST_GAIN else away
        level[j] += gain * bounded
        square[j] += gain * (bounded * bounded - square[j])
        row[j] = min(max(away / usual, -12.0), 12.0)
        means[j] = mean
