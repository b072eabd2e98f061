"""A probe that repeats itself for clearly longer than it is used to: long before a flat-line window ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log2
from typing import Any

import numpy as np

from models.priors import kind_of
from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.finding import Finding, Statuses
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


class StuckWatch:
    """Histogram of how long each sensor's values stay unchanged, slowly forgetting, and the running repetition."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._wet = [p is not None and p.wet_chemistry for p in map(parameter_in, columns)]
        self._flow = [kind_of(c) in {"flow", "level"} for c in columns]
        d = len(self.columns)
        self._counts = np.zeros((d, _BINS), dtype=np.float32)
        self._value = [float("nan")] * d
        self._since = [0.0] * d
        self._last = [0.0] * d
        self._step = [0.0] * d
        """Usual seconds from one value to the next; 0: not known yet."""
        self._runs = [0] * d
        self._threshold = [self._limit_s(j) for j in range(d)]

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors that are stuck."""
        found = []
        for j, x in enumerate(values.tolist()):
            if isnan(x) or status[j]:
                continue
            if x != self._value[j]:
                self._changed(j, x, at_s)
            elif self._silent(j, at_s):
                self._since[j] = at_s
            elif at_s - self._since[j] >= self._threshold[j] and not (x == 0.0 and self._flow[j]):
                found.append(self._finding(j, at_s))
            self._walk(j, at_s)
        return found

    def _silent(self, j: int, at_s: float) -> bool:
        return 0.0 < _SILENCE_STEPS * self._step[j] < at_s - self._last[j]

    def _walk(self, j: int, at_s: float) -> None:
        """Take note of when the latest value came."""
        step = at_s - self._last[j]
        if self._last[j] and step > 0.0:
            usual = self._step[j]
            self._step[j] = usual + _STEP_GAIN * (min(step, 2.0 * usual) - usual) if usual else step
        self._last[j] = at_s

    def _changed(self, j: int, x: float, at_s: float) -> None:
        """Learn how long the value stood, the last row included: a record counts no longer than the threshold."""
        if not isnan(self._value[j]):
            stood = min(self._last[j] - self._since[j], self._threshold[j])
            counts = self._counts[j]
            counts[min(int(_PER_OCTAVE * log2(1.0 + stood / 10.0)), _BINS - 1)] += 1.0
            self._runs[j] += 1
            if self._runs[j] % _RELEARN_EVERY == 0:
                if counts.sum() > _MEMORY_RUNS:
                    counts *= np.float32(0.8)
                self._threshold[j] = self._limit_s(j)
        self._value[j], self._since[j] = x, at_s

    def _limit_s(self, j: int) -> float:
        counts = self._counts[j]
        total = float(counts.sum())
        if total < _LEARNT_RUNS:
            return _NEW_WET_S if self._wet[j] else _NEW_S
        usual = int(np.searchsorted(np.cumsum(counts), _QUANTILE * total))
        longest_s = 10.0 * (2.0 ** ((usual + 1) / _PER_OCTAVE) - 1.0)
        return float(max(_FACTOR * longest_s, _FLOOR_WET_S if self._wet[j] else _FLOOR_S))

    def _finding(self, j: int, at_s: float) -> Finding:
        vi, en = names_of(self.columns[j])
        long_vi, long_en = rounded_duration(at_s - self._since[j])
        usual_vi, usual_en = rounded_duration(self._threshold[j])
        text = Bilingual(
            f"{vi} không đổi {long_vi} (thường không quá {usual_vi}): đầu đo có thể bị kẹt",
            f"{en} unchanged for {long_en} (usually less than {usual_en}): the probe may be stuck",
        )
        return Finding(self.columns[j], Reason.STUCK, TriageClass.FAULT, self._since[j], at_s, text)

    def state(self) -> Any:
        """Return the whole memory."""
        return [self._counts, self._runs, self._value, self._since, self._last, self._step, self._threshold]

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``."""
        self._counts, self._runs, self._value, self._since, self._last, self._step, self._threshold = state
