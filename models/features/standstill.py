"""A sensor that stands still is not listened to, nor in the rows after: its jump back and its settling are no news.

A value that does not change for much longer than this sensor is used to is a stuck probe, a logger that repeats itself
or a sensor at its end stop. The watches say so (``models/slow/stuck.py``); to the residuals the sensor is missing until
it has moved for some time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from models.compiled import Records, compiled, record_of
from models.series import Floats


@dataclass(frozen=True, slots=True)
class StandstillConfig:
    """When a sensor stands still, and for how long it is left out. Lengths in rows."""

    still_rows: float = 11.0
    """Repeats in a row from which a sensor stands still."""
    times_usual: float = 4.0
    """At least so many times its usual repeats: analysers repeat a result until the next one."""
    settle_rows: float = 24.0
    """Rows after it moved again in which it is still left out."""


_FIELDS = ("last", "repeats", "usual", "left")
_LEARNING = 0.02
_MOST = 3.0
"""A run teaches no more than so many times the usual one: a stuck probe may not teach that this is usual at once."""


class Standstill:
    """Leaves out sensors that stand still, streaming; chunked pushes give equal results."""

    def __init__(self, sensors: int, config: StandstillConfig) -> None:
        self._config = record_of(config)
        self.memory = np.zeros(sensors, dtype=[(name, np.float64) for name in _FIELDS])
        """By sensor: last value, its repeats, usual length of a run of repeats, rows for which it is left out."""
        self.memory["last"] = nan
        self.memory["usual"] = 1.0

    def push(self, values: Floats) -> Floats:
        """Return ``values``, shape (rows, sensors), with NaN where a sensor is left out."""
        out = values.copy()
        _leave_out(out, self.memory, self._config)
        return out


@compiled
def _leave_out(values: Floats, memory: Records, config: Records) -> None:
    c = config[0]
    for j in range(values.shape[1]):
        m = memory[j]
        for i in range(values.shape[0]):
            x = values[i, j]
            if isnan(x):
                continue
            if x == m.last:
                m.repeats += 1.0
            elif m.repeats > 0.0:
                m.usual = max(m.usual + _LEARNING * (min(m.repeats, _MOST * m.usual) - m.usual), 1.0)
                m.repeats = 0.0
            m.last = x
            if m.repeats >= max(c.still_rows, c.times_usual * m.usual):
                m.left = c.settle_rows + 1.0
            if m.left > 0.0:
                m.left -= 1.0
                values[i, j] = nan
