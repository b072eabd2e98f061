"""The same time of the days before: half-hour means of the last seven days, and their median."""

from __future__ import annotations

import numpy as np

from models.compiled import compiled
from models.series import Floats, Ints, Singles

SLOTS = 48
DAYS = 7
_ENOUGH_DAYS = 3
_SLOT_NS = 1800 * 10**9
_HUGE = 1e12
"""Values are cut here, so that no sum overflows."""


class DailyProfile:
    """Median by half hour over the last seven days that had values, per sensor; causal. Arrays, written in place."""

    def __init__(self, sensors: int) -> None:
        self.history: Singles = np.full((DAYS, SLOTS, sensors), np.nan, dtype=np.float32)
        self.sums, self.counts = np.zeros(sensors), np.zeros(sensors)
        self.slot: Ints = np.full(1, -1, dtype=np.int64)
        """The open half hour since 1970; -1 before the first row."""

    @property
    def memory(self) -> tuple[Singles, Floats, Floats, Ints]:
        """The whole memory, as ``difference`` takes it."""
        return self.history, self.sums, self.counts, self.slot

    @memory.setter
    def memory(self, arrays: tuple[Singles, Floats, Floats, Ints]) -> None:
        self.history, self.sums, self.counts, self.slot = arrays


@compiled
def difference(
    at_ns: int, values: Floats, history: Singles, sums: Floats, counts: Floats, open_: Ints, out: Floats
) -> None:
    """Write the values of a row less the median of the same half hour of earlier days; NaN with fewer than three."""
    slot = at_ns // _SLOT_NS
    if slot > open_[0]:
        _close(history, sums, counts, open_[0])
        open_[0] = slot
    for j in range(len(values)):
        value = min(max(values[j], -_HUGE), _HUGE)
        out[j] = value - _median(history[:, slot % SLOTS, j])
        if np.isfinite(value):
            sums[j] += value
            counts[j] += 1.0


@compiled
def _median(days: Singles) -> float:
    known = np.empty(DAYS)
    n = 0
    for value in days:
        if np.isfinite(value):
            at = n
            while at > 0 and known[at - 1] > value:
                known[at] = known[at - 1]
                at -= 1
            known[at] = value
            n += 1
    return float(0.5 * (known[(n - 1) // 2] + known[n // 2]) if n >= _ENOUGH_DAYS else np.nan)


@compiled
def _close(history: Singles, sums: Floats, counts: Floats, slot: int) -> None:
    """Keep the means of the open half hour, and begin another."""
    if slot >= 0:
        day = (slot // SLOTS) % DAYS
        for j in range(len(sums)):
            history[day, slot % SLOTS, j] = sums[j] / counts[j] if counts[j] > 0 else np.nan
    sums[:] = 0.0
    counts[:] = 0.0
