"""A probe that repeats itself for clearly longer than it is used to: long before a flat-line window ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log2

import numpy as np

from models.chemistry import roles_of
from models.compiled import compiled
from models.protocol import Reason, TriageClass
from models.series import Bools, Floats, Singles
from models.slow.finding import Finding, Statuses
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of, parameter_in
from quantrac.domain.words import Bilingual, rounded_duration

_BINS = 40
_PER_OCTAVE = 2
_QUANTILE = 0.995
_FACTOR = 2.0
"""Times the longest usual repetition: for steps that come by chance the tail there is 1 in 40,000."""
_LEARNT_RUNS = 60.0
_RELEARN_EVERY = 8
_MEMORY_RUNS = 1500.0
_FLOOR_S, _FLOOR_WET_S = 1200.0, 3600.0
"""No probe is called stuck earlier; a wet-chemistry analyser may repeat a result for 15 to 30 min (response time of
TT 10/2021/TT-BTNMT article 34, as in domain practice: doubled)."""
_SILENCE_STEPS = 3.0
"""A gap of more than so many usual steps ends a repetition: nobody knows what the probe showed meanwhile."""
_STEP_GAIN = 0.05
_NEW_S, _NEW_WET_S = 7200.0, 14_400.0
"""Until the sensor's own habit is known (windows of domain practice)."""


class StuckWatch(ByFields):
    """Histogram of how long each sensor's values stay unchanged, slowly forgetting, and the running repetition."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        wet = [p is not None and p.wet_chemistry for p in map(parameter_in, columns)]
        self._flow = roles_of(self.columns).explains > 0
        self._new_s = np.array([_NEW_WET_S if w else _NEW_S for w in wet])
        self._floor_s = np.array([_FLOOR_WET_S if w else _FLOOR_S for w in wet])
        d = len(self.columns)
        self._counts = np.zeros((d, _BINS), dtype=np.float32)
        self._value = np.full(d, np.nan)
        self._since, self._last = np.zeros(d), np.zeros(d)
        self._step = np.zeros(d)
        """Usual seconds from one value to the next; 0: not known yet."""
        self._runs = np.zeros(d)
        self._threshold = self._new_s.copy()
        self._stuck = np.zeros(d, dtype=np.bool_)
        """Of the last row: no memory."""

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors that are stuck."""
        if not _advance(at_s, values, status, self._new_s, self._floor_s, self._stuck, *self.state()):
            return []
        standing = (self._value == 0.0) & self._flow
        return [self._finding(j, at_s) for j in np.flatnonzero(self._stuck & ~standing).tolist()]

    def _finding(self, j: int, at_s: float) -> Finding:
        vi, en = names_of(self.columns[j])
        long_vi, long_en = rounded_duration(at_s - self._since[j])
        usual_vi, usual_en = rounded_duration(self._threshold[j])
        text = Bilingual(
            f"{vi} không đổi {long_vi} (thường không quá {usual_vi}): đầu đo có thể bị kẹt",
            f"{en} unchanged for {long_en} (usually less than {usual_en}): the probe may be stuck",
        )
        return Finding(self.columns[j], Reason.STUCK, TriageClass.FAULT, self._since[j], at_s, text)

    _FIELDS = ("_counts", "_runs", "_value", "_since", "_last", "_step", "_threshold")


@compiled
def _advance(
    at_s: float, values: Floats, status: Statuses, new_s: Floats, floor_s: Floats, stuck: Bools, counts: Singles,
    runs: Floats, value: Floats, since: Floats, last: Floats, step: Floats, threshold: Floats,
) -> bool:  # fmt: skip
    """Take a row, and say whether any sensor repeats itself for too long; every array is written in place."""
    found = False
    for j in range(len(values)):
        x = values[j]
        stuck[j] = False
        if isnan(x) or status[j]:
            continue
        passed = at_s - last[j]
        if x != value[j]:
            if not isnan(value[j]):
                # The last row included: a record counts no longer than the threshold.
                stood = min(last[j] - since[j], threshold[j])
                counts[j, min(int(_PER_OCTAVE * log2(1.0 + stood / 10.0)), _BINS - 1)] += 1.0
                runs[j] += 1.0
                if runs[j] % _RELEARN_EVERY == 0.0:
                    if counts[j].sum() > _MEMORY_RUNS:
                        counts[j] *= np.float32(0.8)
                    threshold[j] = _limit_s(counts[j], new_s[j], floor_s[j])
            value[j], since[j] = x, at_s
        elif 0.0 < _SILENCE_STEPS * step[j] < passed:
            since[j] = at_s
        elif at_s - since[j] >= threshold[j]:
            stuck[j] = found = True
        if last[j] > 0.0 and passed > 0.0:
            usual = step[j]
            step[j] = usual + _STEP_GAIN * (min(passed, 2.0 * usual) - usual) if usual > 0.0 else passed
        last[j] = at_s
    return found


@compiled
def _limit_s(counts: Singles, new_s: float, floor_s: float) -> float:
    total = counts.sum()
    if total < _LEARNT_RUNS:
        return new_s
    usual, sum_ = 0, counts[0]
    while sum_ < _QUANTILE * total and usual < _BINS - 1:
        usual += 1
        sum_ += counts[usual]
    longest_s = 10.0 * (2.0 ** ((usual + 1) / _PER_OCTAVE) - 1.0)
    return float(max(_FACTOR * longest_s, floor_s))
