"""Signs of a visit: somebody takes the probes out, the logger repeats the last values, and one sensor has none at all.

A repeated value alone says little, for coarse sensors repeat themselves all day; how surprising a repeat is comes from
the share of repeats of each sensor so far. Several sensors that repeat at once, or one that repeats while another is
missing, are a visit or a logger that has lost its probes. What a technician marks as faulty (drift, fouling, a probe
out of water) nearly always begins or ends with such a moment, whatever it looks like in between.
"""

from __future__ import annotations

from math import exp, isnan, log, log1p, sqrt

import numpy as np

from models.compiled import compiled
from models.series import Floats

VISIT_NAMES = (
    "repeats", "repeat_surprise", "others_surprise", "others_missing", "others_repeating", "others_back",
    "together", "alone_in_silence", "jump_after", "repeats_before", "repeat_share", "back",
)  # fmt: skip
"""Per sensor: rows since its value changed (logarithm); how unusual that is; the same of the others together; how many
others have no value, and repeat; rows since one of them had none (logarithm); sensors that repeat or are missing beside
this one; missing ones beside this one; step at the end of the repeats or the gap, in usual steps, fading over 4 rows;
length of the repeats that just ended (logarithm); usual share of repeats; rows since it had no value (logarithm)."""

_LAST, _REPEATS, _SHARE, _MISSING, _BACK, _VARIANCE, _CHANGES, _BEFORE, _JUMP, _AGE = range(10)
_FIELDS = 10
_HUGE = 1e12
_LONG_AGO = 96.0
"""Rows after which a sensor counts as never having been missing."""
_FRESH = 4.0
"""Rows over which the end of a stop is remembered: about an hour of technicians' work at 15 min."""
_LEARNING = 0.002
"""Speed at which the share of repeats is learnt: some 500 rows."""
_TAUGHT = 8.0
"""Rows of one stop that count for the share of repeats: a dead sensor may not teach that repeating is usual."""
_SCATTER_ROWS = 2000.0


@compiled
def _advance(x: float, m: Floats) -> None:
    """Take one value of a sensor (NaN = missing) into its memory ``m``."""
    m[_AGE] = min(m[_AGE] + 1.0, 1e6)
    if isnan(x):
        m[_MISSING] += 1.0
        return
    x = min(max(x, -_HUGE), _HUGE)
    stopped = m[_MISSING] > 0.0 or m[_REPEATS] > 0.0
    m[_BACK] = 1.0 if m[_MISSING] > 0.0 else min(m[_BACK] + 1.0, _LONG_AGO)
    m[_MISSING] = 0.0
    if not isnan(m[_LAST]):
        change = x - m[_LAST]
        if change == 0.0:
            m[_REPEATS] += 1.0
            if m[_REPEATS] <= _TAUGHT:
                m[_SHARE] += (1.0 - m[_SHARE]) * _LEARNING
        else:
            scale = sqrt(m[_VARIANCE]) + 1e-9 * abs(x) + 1e-12
            if stopped:
                m[_JUMP] = min(max(change / scale, -50.0), 50.0)
                m[_AGE] = 0.0
                m[_BEFORE] = m[_REPEATS]
            m[_SHARE] -= m[_SHARE] * _LEARNING
            m[_REPEATS] = 0.0
            clipped = min(max(change, -3.0 * scale), 3.0 * scale) if m[_CHANGES] > 12.0 else change
            m[_VARIANCE] += (clipped * clipped - m[_VARIANCE]) * max(1.0 / _SCATTER_ROWS, 1.0 / (m[_CHANGES] + 1.0))
            m[_CHANGES] += 1.0
    m[_LAST] = x


@compiled
def _surprise(m: Floats) -> float:
    return -log(min(max(m[_SHARE], 0.01), 0.95))


@compiled
def _describe(j: int, memory: Floats, out: Floats) -> None:
    m = memory[j]
    surprise = missing = repeating = 0.0
    back = _LONG_AGO
    for k in range(len(memory)):
        if k != j:
            other = memory[k]
            missing += other[_MISSING] > 0.0
            if other[_REPEATS] > 0.0:
                repeating += 1.0
                surprise += _surprise(other) * min(other[_REPEATS], 3.0)
            back = min(back, 0.0 if other[_MISSING] > 0.0 else other[_BACK])
    stopped = 1.0 if m[_REPEATS] > 0.0 or m[_MISSING] > 0.0 else 0.0
    out[0] = log1p(m[_REPEATS])
    out[1] = min(m[_REPEATS], 20.0) * _surprise(m)
    out[2] = surprise
    out[3] = missing
    out[4] = repeating
    out[5] = log1p(back)
    out[6] = stopped * (missing + repeating)
    out[7] = stopped * missing
    out[8] = m[_JUMP] * exp(-m[_AGE] / _FRESH)
    out[9] = log1p(min(m[_BEFORE], _LONG_AGO)) if m[_AGE] < _FRESH else 0.0
    out[10] = m[_SHARE]
    out[11] = log1p(m[_BACK]) if m[_MISSING] == 0.0 else 0.0


@compiled
def _rows(values: Floats, memory: Floats, out: Floats) -> None:
    for i in range(len(values)):
        for j in range(len(memory)):
            _advance(values[i, j], memory[j])
        for j in range(len(memory)):
            _describe(j, memory, out[i, j])


class Visits:
    """Signs of visits in the stream; ``memory`` has shape (sensors, numbers)."""

    def __init__(self, sensors: int) -> None:
        self.memory = np.zeros((sensors, _FIELDS))
        self.memory[:, _LAST] = np.nan
        self.memory[:, _SHARE] = 0.05
        self.memory[:, _BACK] = _LONG_AGO
        self.memory[:, _AGE] = 1e6

    def push(self, values: Floats) -> Floats:
        """Return the signs of the next rows, shape (rows, sensors, len(VISIT_NAMES)); ``values`` may hold NaN."""
        out = np.zeros((*values.shape, len(VISIT_NAMES)))
        _rows(np.ascontiguousarray(values, dtype=np.float64), self.memory, out)
        return out
