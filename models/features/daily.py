"""The same time of the days before: half-hour means of the last seven days, and their median."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.compiled import compiled
from models.series import Floats, Ints, Singles

SLOTS = 48
DAYS = 7
_ENOUGH_DAYS = 3
_SLOT_NS = 1800 * 10**9
_HUGE = 1e12
"""Values are cut here, so that no sum overflows."""


def fields_of(sensors: int) -> list[Any]:
    """Return the fields of the memory of one series: half-hour means by day, and sums of the open half hour.

    ``slot`` is the open half hour since 1970; -1 before the first row.
    """
    return [
        ("history", np.float32, (DAYS, SLOTS, sensors)), ("sums", np.float64, (sensors,)),
        ("counts", np.float64, (sensors,)), ("slot", np.int64),
    ]  # fmt: skip


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
    known = np.empty(DAYS)  # sorted as they come: numpy's median costs a row of ten sensors 2 µs, a fifth, more
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
