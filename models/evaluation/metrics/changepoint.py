"""Changepoint score of the Skoltech Anomaly Benchmark (SKAB): the NAB idea in the form of its authors' package TSAD.

Katser and Kozitsin (2020), github.com/waico/SKAB (core/metrics.py, ``chp_score`` with metric "nab"). The published
leaderboard uses a window of 60 s to the right of each true changepoint; where windows overlap, the later one is cut.
The first prediction in a window pays from 1 (left edge) down to the cost of a false positive (right edge) along a tanh;
every prediction outside costs, as much as by NAB's profiles; the sums over all files are scaled to 0 (never predicts)
and 100 (perfect).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluation.metrics.counts import Counts
from models.evaluation.metrics.nab import Costs
from models.series import Bools, Times

WINDOW = np.timedelta64(60, "s")
_STEPS = 1000
"""Resolution of the authors' scoring curve: the position in a window is rounded down to a thousandth."""


@dataclass(frozen=True, slots=True)
class ChangepointCount(Counts):
    """What one or more files hold: positions (0..1) of the first hit of each found window, misses, false positives."""

    positions: tuple[float, ...] = ()
    missed: int = 0
    false_positives: int = 0

    def score(self, costs: Costs) -> float | None:
        """Return the normalised score in points, or ``None`` without a changepoint."""
        windows = len(self.positions) + self.missed
        if not windows:
            return None
        raw = sum(hit_value(p, costs) for p in self.positions)
        raw -= costs.fn * self.missed + costs.fp * self.false_positives
        null, perfect = -costs.fn * windows, costs.tp * windows
        return 100.0 * (raw - null) / (perfect - null)


def hit_value(position: float, costs: Costs) -> float:
    """Return the value of a detection at ``position`` of a window (0 left edge, 1 right edge).

    >>> standard = Costs(1.0, 0.11, 1.0)
    >>> hit_value(0.0, standard), round(hit_value(1.0, standard), 12)
    (1.0, -0.11)
    """
    step = min(int(position * _STEPS), _STEPS - 1)
    x = -math.pi / 2 + math.pi * step / (_STEPS - 1)
    half = (costs.tp + costs.fp) / 2
    return -half * math.tanh(x) / math.tanh(math.pi / 2) + half - costs.fp


def count_changepoints(times: Times, predicted: Bools, true_times: Times) -> ChangepointCount:
    """Match predicted rows to the windows of the true changepoints of one file."""
    windows = _windows(true_times)
    hits = np.sort(times[predicted])
    positions, missed, free = [], 0, np.ones(len(hits), dtype=np.bool_)
    for left, right in windows:
        inside = (hits >= left) & (hits <= right)
        free &= ~inside
        if not inside.any():
            missed += 1
            continue
        width = right - left
        positions.append(float((hits[inside][0] - left) / width) if width > np.timedelta64(0, "s") else 0.0)
    return ChangepointCount(tuple(positions), missed, int(np.count_nonzero(free)))


def _windows(true_times: Times) -> Sequence[tuple[np.datetime64, np.datetime64]]:
    """Return the windows right of the changepoints; an overlap is cut off the later window, as published."""
    windows: list[tuple[np.datetime64, np.datetime64]] = []
    for instant in np.sort(true_times):
        left, right = instant, instant + WINDOW
        if windows and windows[-1][1] >= left:
            left = windows[-1][1]
        windows.append((left, right))
    return windows


def switches(alarm: Bools) -> Bools:
    """Return true where an alarm begins or ends: the changepoints that SKAB's own notebooks derive from an alarm."""
    before: Bools = np.concatenate((np.zeros(1, dtype=np.bool_), alarm[:-1]))
    return alarm ^ before
