"""Level and liveliness of one sensor in plain terms: how many times its usual value, and its range in hours and a day.

A probe out of the water or with a broken cable reads a small share or a multiple of its usual value, and swings too
much or too little; a baseline that follows within hours soon takes that for normal. This usual level moves over weeks.
"""

from __future__ import annotations

from math import isnan, log

import numpy as np

from models.compiled import compiled
from models.series import Floats

LEVEL_NAMES = ("times_usual", "negative", "range_short", "range_hours", "range_day", "place_in_day")
"""Logarithm of the value over the usual level; below zero or not; logarithms of the ranges of the last ``SPANS`` rows
over their usual size; place of the value between the day's lowest and highest (0 to 1)."""

SPANS = (4, 24, 96)
"""Rows of the ranges: an hour, six hours and a day at 15 min."""
_DAY = SPANS[-1]
_COUNT, _AT, _LEVEL, _USUAL = 0, 1, 2, 3
_RING = _USUAL + len(SPANS)
_HUGE = 1e12
_SLOW = 0.0007
"""Share by which the usual level follows each row: about two weeks at 15 min."""
_USUAL_SPEED = 0.001
_LEARNING_ROWS = 50.0
_CUT = 8.0


@compiled
def _ratio(x: float, usual: float, floor: float) -> float:
    return min(max(log((abs(x) + floor) / (abs(usual) + floor)), -_CUT), _CUT)


@compiled
def _describe(x: float, m: Floats, out: Floats) -> None:
    """Write what the value says, after it was put into the ring of the memory ``m``; learn from it."""
    m[_COUNT] += 1.0
    if m[_COUNT] == 1.0:
        m[_LEVEL] = x
    tiny = 1e-9 + 1e-4 * abs(m[_LEVEL])
    low = high = x
    newest, done = int(m[_AT]), 0
    for k in range(len(SPANS)):
        for back in range(done, SPANS[k]):
            y = m[_RING + (newest - back) % _DAY]
            if not isnan(y):
                low, high = min(low, y), max(high, y)
        done = SPANS[k]
        size = high - low
        if m[_COUNT] > SPANS[k]:
            usual = m[_USUAL + k]
            m[_USUAL + k] = usual + (min(size, 3.0 * usual + tiny) - usual) * _USUAL_SPEED if usual > 0.0 else size
            out[2 + k] = _ratio(size, usual if usual > 0.0 else size, tiny)
    out[0] = _ratio(x, m[_LEVEL], tiny + 0.1 * m[_USUAL + len(SPANS) - 1])
    out[1] = 1.0 if x < 0.0 else 0.0
    out[5] = (x - low) / (high - low) if high > low else 0.5
    reach = max(0.2 * abs(m[_LEVEL]), m[_USUAL + len(SPANS) - 1])
    near = min(max(x, m[_LEVEL] - reach), m[_LEVEL] + reach) if m[_COUNT] > _LEARNING_ROWS else x
    m[_LEVEL] += (near - m[_LEVEL]) * max(_SLOW, 1.0 / (m[_COUNT] + 1.0))


@compiled
def _rows(values: Floats, memory: Floats, out: Floats) -> None:
    for j in range(len(memory)):
        m = memory[j]
        for i in range(len(values)):
            x = min(max(values[i, j], -_HUGE), _HUGE) if not isnan(values[i, j]) else np.nan
            m[_AT] = (m[_AT] + 1.0) % _DAY
            m[_RING + int(m[_AT])] = x
            if not isnan(x):
                _describe(x, m, out[i, j])


class Levels:
    """Level and liveliness in the stream; ``memory`` has shape (sensors, numbers)."""

    def __init__(self, sensors: int) -> None:
        self.memory = np.zeros((sensors, _RING + _DAY))
        self.memory[:, _RING:] = np.nan

    def push(self, values: Floats) -> Floats:
        """Return the next rows' features, shape (rows, sensors, len(LEVEL_NAMES)); 0 where a value is missing."""
        out = np.zeros((*values.shape, len(LEVEL_NAMES)))
        _rows(np.ascontiguousarray(values, dtype=np.float64), self.memory, out)
        return out
