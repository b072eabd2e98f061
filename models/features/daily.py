"""The same time of the days before: half-hour means of the last seven days, and their median."""

from __future__ import annotations

import numpy as np

from models.series import Bools, Floats, Times

SLOTS = 48
DAYS = 7
_ENOUGH_DAYS = 3
_SLOT = np.timedelta64(1800, "s")


class DailyProfile:
    """Median by half hour over the last seven days that had values, per sensor; causal."""

    def __init__(self, sensors: int) -> None:
        self.history = np.full((DAYS, SLOTS, sensors), np.nan)
        self.sums = np.zeros(sensors)
        self.counts = np.zeros(sensors)
        self.slot = -1

    def push(self, times: Times, values: Floats) -> Floats:
        """Return values minus the median of the same half hour of earlier days; NaN with fewer than three days."""
        out = np.full(values.shape, np.nan)
        slots = times.astype("datetime64[s]").astype(np.int64) // _SLOT.astype(np.int64)
        starts = np.flatnonzero(np.concatenate(([True], slots[1:] != slots[:-1]))) if len(slots) else np.array([], int)
        stops = np.append(starts[1:], len(slots))
        for a, b in zip(starts, stops, strict=True):
            slot = int(slots[a])
            if slot > self.slot:
                self._close(slot)
            known = self.history[:, slot % SLOTS]
            enough = np.isfinite(known).sum(axis=0) >= _ENOUGH_DAYS
            if enough.any():
                out[a:b, enough] = values[a:b, enough] - self._median(known[:, enough])
            good: Bools = np.isfinite(values[a:b])
            self.sums += np.where(good, values[a:b], 0.0).sum(axis=0)
            self.counts += good.sum(axis=0)
        return out

    @staticmethod
    def _median(known: Floats) -> Floats:
        """Median of the days that have a value; sorting puts NaN last, which is quicker than nanmedian."""
        ordered = np.sort(known, axis=0)
        days = np.isfinite(known).sum(axis=0)
        column = np.arange(known.shape[1])
        return np.asarray(0.5 * (ordered[(days - 1) // 2, column] + ordered[days // 2, column]))

    def _close(self, slot: int) -> None:
        if self.slot >= 0:
            day = (self.slot // SLOTS) % DAYS
            means = np.where(self.counts > 0, self.sums / np.maximum(self.counts, 1.0), np.nan)
            self.history[day, self.slot % SLOTS] = means
        self.slot = slot
        self.sums = np.zeros_like(self.sums)
        self.counts = np.zeros_like(self.counts)
