"""The same time of the days before: half-hour means of the last seven days, and their median."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.compiled import compiled
from models.series import Floats, Singles, Times

SLOTS = 48
DAYS = 7
_ENOUGH_DAYS = 3
_SLOT_NS = 1800 * 10**9
_HUGE = 1e12
"""Values are cut here, so that no sum overflows."""


class Profile(NamedTuple):
    """Means of the half hours, and the sums of the open one. Arrays, written in place."""

    history: Singles
    """Shape (days, slots, sensors)."""
    sums: Floats
    counts: Floats
    slot: npt.NDArray[np.int64]
    """The open half hour since 1970; -1 before the first row."""


class DailyProfile:
    """Median by half hour over the last seven days that had values, per sensor; causal."""

    def __init__(self, sensors: int) -> None:
        self.profile = Profile(
            np.full((DAYS, SLOTS, sensors), np.nan, dtype=np.float32),
            np.zeros(sensors),
            np.zeros(sensors),
            np.full(1, -1, dtype=np.int64),
        )

    def push(self, times: Times, values: Floats) -> Floats:
        """Return values minus the median of the same half hour of earlier days; NaN with fewer than three days."""
        return _differences(times.astype("datetime64[ns]", copy=False).view(np.int64), values, self.profile)


@compiled
def _differences(times_ns: npt.NDArray[np.int64], values: Floats, p: Profile) -> Floats:
    out = np.empty(values.shape)
    for i in range(len(times_ns)):
        slot = times_ns[i] // _SLOT_NS
        if slot > p.slot[0]:
            _close(p)
            p.slot[0] = slot
        for j in range(values.shape[1]):
            value = min(max(values[i, j], -_HUGE), _HUGE)
            out[i, j] = value - _median(p.history[:, slot % SLOTS, j])
            if np.isfinite(value):
                p.sums[j] += value
                p.counts[j] += 1.0
    return out


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
def _close(p: Profile) -> None:
    """Keep the means of the open half hour, and begin another."""
    if p.slot[0] >= 0:
        day = (p.slot[0] // SLOTS) % DAYS
        for j in range(len(p.sums)):
            p.history[day, p.slot[0] % SLOTS, j] = p.sums[j] / p.counts[j] if p.counts[j] > 0 else np.nan
    p.sums[:] = 0.0
    p.counts[:] = 0.0
