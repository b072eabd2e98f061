"""A slow rise: several parameters together above what the same hours of the last two weeks showed.

What a chart calls usual follows within hours, so a discharge that grows over ten hours stays near every line. Here
half-hour means (logarithms) are held against the median of the same two hours on the fourteen days before (a holiday of
less than a week does not move it), averaged over the last hour, and summed over the parameters in units of what they
usually are off; so is the sum. One probe that fails cannot raise three parameters by a quarter. More water that thins
ammonium and conductivity is the weather's, and what a calibration changes is the probe's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import inf, isnan, log, nan, sqrt

import numpy as np

from models.chemistry import MORE_WATER, NOT_RISEN, is_outflow, roles_of
from models.compiled import compiled
from models.protocol import Reason, TriageClass
from models.series import Bools, Floats, Ints, Singles
from models.slow.finding import CALIBRATING, Finding, Statuses
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, local_time, number, number_vi, percentage, quantity, quantity_vi

_HALF_S = 1800.0
_DAYS, _SLOTS, _HALVES = 15, 12, 4
"""Today and the fourteen days before, in slots of two hours: four half hours."""
_ENOUGH_DAYS = 7
"""A week, so that what is usual knows working days and others."""
_WARM = 96
"""Half hours that were held against earlier days before anything is found: two days."""
_MEMORY = 480.0
"""Half hours over which it is learnt how far off a parameter, and their sum, usually is."""
_CLIP, _TEACHES = 8.0, 4.0
"""Units beyond which more says no more, and square of those beyond which more teaches no more."""
_LEAST_OFF = 0.03
"""As a logarithm: no parameter is taken for calmer."""
_LEAST = 1e-9
"""What is not above is below detection in any unit, and no level."""
_ROBUST = 3
"""Rows of a half hour from which the highest does not count: one row that all probes share is a glitch."""
_VISIT, _VISIT_AGAIN = 6, 48
"""Half hours in which calibrations may change what is usual, and from the first of them to when they may again. Who
calibrates every hour is held against what was usual before."""
_SOUND, _CALIBRATED, _SETTLING, _SETTLED = 0.0, 1.0, 2.0, 3.0
"""A probe: as it was; calibrated in this half hour; before, and not measured since; and measured once since. What the
settled one reads more than before the calibration is its own, not the water's: usual levels are raised by it."""
_LINE, _ENDED, _BEGUN = 3.5, 2.5, 1.5
"""Units of its own from which the sum is a rise, below which it ends, and below which it had not begun."""
_TIMES, _TOGETHER = log(1.25), 3
"""So far up, as a logarithm, must be so many parameters; of fewer, all, but never one alone."""
_SLOW = 4
"""Half hours for which what a parameter was off counts among those: an analyser may measure every two hours."""
_MOST_BESIDE = 3
PROBABILITY = 0.9
"""With which a finding is taken for pollution: enough to page by the packaged rule. Not calibrated: how often water
rises slowly is not known. How often this is said of water that does not is in docs/models.md."""


class RiseWatch(ByFields):
    """The last days by time of day, and what the last hour is off. Finds nothing where fewer than two can rise.

    Values above ``tops``, the highest that each column's sensor can measure, are none.
    """

    def __init__(
        self,
        columns: Sequence[str],
        limits: Mapping[str, float] | None = None,
        units: Mapping[str, str] | None = None,
        tops: Sequence[float] = (),
    ) -> None:
        self._limits, self._units = limits or {}, units or {}
        roles = roles_of(tuple(columns))
        rising = (roles.harm > 0) & (roles.by_units == 0) & (roles.explains == 0)
        rising &= roles.quantity == np.arange(len(columns))
        flows = np.array([is_outflow(c) for c in columns], dtype=np.bool_)
        self._places = np.flatnonzero(rising | flows | (roles.rain_thins > 0))
        self._rising, self._thinned = rising[self._places], roles.rain_thins[self._places] > 0
        self._flows = np.flatnonzero(flows[self._places]).tolist()
        self._able = self._rising.sum() >= 2
        self.columns = tuple(columns[j] for j in self._places.tolist())
        self._tops = np.array(tops or [inf] * len(columns))[self._places]
        d = len(self.columns)
        self._half = -1
        self._taken = np.zeros((3, d))
        """Of the half hour: the sum, the rows, and the highest of them."""
        self._history = np.full((_DAYS, _SLOTS, d), nan, dtype=np.float32)
        self._now = np.full((3, d), nan)
        """Usual level, what the last hour is off, and what the last half hour was."""
        self._last = np.full((2, d), nan)
        """What each was off when it was measured last, and in which half hour."""
        self._calibrated = np.zeros((3, d))
        """How far a probe is after a calibration (see ``_SOUND``), what it was off when it was measured last, and the
        half hour in which the last visit began to change what is usual."""
        self._square = np.zeros(d + 1)
        """How far off they usually are, and last their sum."""
        self._judged = 0
        self._begun_s = self._since_s = 0.0
        self._lead = -1
        self._text = ["", ""]

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return a finding at the parameter that rose most while the water is on the rise."""
        if not self._able:
            return []
        half = int(at_s // _HALF_S)
        if half > self._half:
            if self._half >= 0:
                self._close(self._half)
            if half > self._half + 1:
                self._now[2] = nan
            self._forget(range(self._half // _HALVES + 1, half // _HALVES + 1))
            self._half = half
        _take(values, status, self._places, self._tops, self._taken, self._calibrated[0])
        if self._lead < 0:
            return []
        said = Bilingual(*self._text)
        lead, since = self.columns[self._lead], self._since_s
        return [Finding(lead, Reason.RISE, TriageClass.POLLUTION, since, at_s, said, PROBABILITY)]

    def _forget(self, slots: range) -> None:
        """Empty slots that begin, or in which nothing was heard: what they hold is more than two weeks old."""
        if slots:
            history = self._history.reshape(_DAYS * _SLOTS, -1)
            history[[slot % len(history) for slot in slots[-len(history) :]]] = nan

    def _close(self, half: int) -> None:
        """Judge and keep the mean of a half hour."""
        gain = max(1.0 / _MEMORY, 1.0 / (self._judged + 2.0))
        _hold_against_days(half, self._taken, self._history, self._now, self._calibrated)
        joint = _sum(half, self._now[1], self._last, self._square, self._rising, gain)
        if isnan(joint):
            return
        self._judged += 1
        joint = joint if self._judged > _WARM else 0.0
        if joint < _ENDED:
            self._lead = -1
        if joint < _BEGUN:
            self._begun_s = 0.0
            return
        self._begun_s = self._begun_s or half * _HALF_S
        off = np.where(self._rising, self._now[1], nan)
        recent = np.where(half - self._last[1] <= _SLOW, self._last[0], nan)
        able = recent[self._rising]
        needed = max(min(_TOGETHER, int(np.isfinite(able).sum())), 2)
        if self._lead < 0 and joint > _LINE and (able > _TIMES).sum() >= needed and not self._rained(recent):
            self._lead, self._since_s = int(np.nanargmax(off)), self._begun_s
        if self._lead >= 0 and np.isfinite(off).any():
            if not np.isfinite(off[self._lead]):
                self._lead = int(np.nanargmax(off))
            self._text = list(self._told())

    def _rained(self, off: Floats) -> bool:
        """Whether there is more water, and what comes with waste water and not with rain has not risen."""
        known = off[self._thinned & np.isfinite(off)]
        return bool((off[self._flows] > log(MORE_WATER)).any() and known.size and known.max() <= log(NOT_RISEN))

    def _told(self) -> Bilingual:
        """Say what rose, how many times the usual, since when, what rose with it, and what speaks against it."""
        usual, off = self._now[0], self._now[1]
        j = self._lead
        name, unit, times = names_of(self.columns[j]), self._units.get(self.columns[j], ""), np.exp(off).tolist()
        before, since = float(np.exp(usual[j])), local_time(datetime.fromtimestamp(self._since_s, UTC))
        value = float(f"{before * times[j]:.3g}")
        vi = f"{name.vi} tăng dần từ {since}: trung bình một giờ qua {quantity_vi(value, unit)}"
        en = f"{name.en} has risen slowly since {since}: mean of the last hour {quantity(value, unit)}"
        vi = f"{vi}, bằng {number_vi(times[j], 2)} lần mức cùng giờ của hai tuần qua ({number_vi(before, 3)})"
        en = f"{en}, {number(times[j], 2)} times that of the same hours of the last two weeks ({number(before, 3)})"
        legal = self._limits.get(self.columns[j])
        if legal:
            vi, en = f"{vi}, {percentage(value / legal)} giới hạn", f"{en}, {percentage(value / legal)} of the limit"
        beside = [i for i in np.argsort(-off).tolist() if self._rising[i] and off[i] > _TIMES and i != j]
        named = [(names_of(self.columns[i]), times[i]) for i in beside[:_MOST_BESIDE]]
        if named:
            vi = f"{vi}; cùng tăng: {', '.join(f'{name.vi} {number_vi(up, 2)} lần' for name, up in named)}"
            en = f"{en}; with it: {', '.join(f'{name.en} {number(up, 2)} times' for name, up in named)}"
        for i in [i for i in self._flows if off[i] > log(MORE_WATER)][:1]:
            vi = f"{vi}; nói ngược lại: lưu lượng {number_vi(times[i], 2)} lần"
            en = f"{en}; against it: the flow {number(times[i], 2)} times"
        return Bilingual(vi, en)

    _FIELDS = (
        "_half", "_taken", "_history", "_now", "_last", "_calibrated", "_square", "_judged", "_begun_s", "_since_s",
        "_lead", "_text",
    )  # fmt: skip


@compiled
def _take(values: Floats, status: Statuses, places: Ints, tops: Floats, taken: Floats, probe: Floats) -> None:
    total, rows, highest = taken
    for i in range(len(places)):
        j = places[i]
        if status[j] == 0 and _LEAST < values[j] <= tops[i]:
            total[i] += values[j]
            rows[i] += 1.0
            highest[i] = max(highest[i], values[j])
        elif status[j] == CALIBRATING:
            probe[i] = _CALIBRATED


@compiled
def _hold_against_days(half: int, taken: Floats, history: Singles, now: Floats, calibrated: Floats) -> None:
    """Write what a half hour is off its slot of the days before, keep it, and begin another."""
    slot, today = half // _HALVES % _SLOTS, half // (_HALVES * _SLOTS) % _DAYS
    level, hour_off, half_off = now
    probe, was_off, visited = calibrated
    for j in range(taken.shape[1]):
        mean = _log_mean(taken[:, j])
        measured = not isnan(mean)
        since = half - visited[j]
        may_change = not _VISIT <= since < _VISIT_AGAIN
        if probe[j] == _CALIBRATED and (since >= _VISIT_AGAIN or (since == 1.0 and not measured)):
            visited[j] = half
        if may_change and (probe[j] == _CALIBRATED or probe[j] == _SETTLING):
            mean = nan  # standard or rinsing water may still be in the cell
        usual, before = _median(history[:, slot, j], today), half_off[j]
        off = mean - usual
        if probe[j] == _CALIBRATED:
            probe[j] = _SETTLING
        elif probe[j] != _SOUND and not may_change:
            probe[j] = _SOUND
        elif probe[j] == _SETTLING and measured:
            probe[j] = _SETTLED
        elif probe[j] == _SETTLED and not isnan(off):
            more = max(off - was_off[j], 0.0)
            history[:, :, j] += more
            usual, off, probe[j] = usual + more, off - more, _SOUND
        if not isnan(off):
            was_off[j] = off
        level[j], half_off[j] = usual, off
        hour_off[j] = off if isnan(before) else 0.5 * (off + before)
        if not isnan(mean):
            earlier = history[today, slot, j]
            history[today, slot, j] = mean if isnan(earlier) else earlier + (mean - earlier) / (half % _HALVES + 1)
        taken[:, j] = 0.0


@compiled
def _sum(half: int, off: Floats, last: Floats, square: Floats, rising: Bools, gain: float) -> float:
    """Return the sum of what the parameters are off, or were when they were measured last, a moment ago.

    It is in units of what it usually is; NaN where no parameter was held against earlier days in this half hour.
    """
    joint, known, measured = 0.0, 0, False
    was_off, measured_in = last
    for j in range(len(off)):
        size = max(square[j], _LEAST_OFF**2)
        if not isnan(off[j]):
            was_off[j], measured_in[j] = off[j], half
        if rising[j] and not isnan(off[j]):
            measured = True
            square[j] += gain * (min(off[j] ** 2, _TEACHES * size) - square[j])
        if rising[j] and half - measured_in[j] <= _SLOW:
            joint += min(max(was_off[j] / sqrt(size), -_CLIP), _CLIP)
            known += 1
    if not measured:
        return nan
    joint /= sqrt(known)
    size = max(square[-1], 1.0)
    square[-1] += gain * (min(joint * joint, _TEACHES * size) - square[-1])
    return float(joint / sqrt(size))


@compiled
def _log_mean(taken: Floats) -> float:
    """Return the logarithm of the mean of a half hour, without its highest row where it has enough."""
    total, rows, highest = taken
    if rows >= _ROBUST:
        total, rows = total - highest, rows - 1.0
    return log(total / rows) if rows > 0.0 and total > 0.0 else nan


@compiled
def _median(days: Singles, today: int) -> float:
    known = np.empty(len(days))
    n = 0
    for day in range(len(days)):
        if day != today and not isnan(days[day]):
            known[n] = days[day]
            n += 1
    return float(np.median(known[:n])) if n >= _ENOUGH_DAYS else nan
