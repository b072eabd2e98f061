"""Novelty without labels: how improbable the sizes of the features are, by what this series was used to so far."""

from __future__ import annotations

from math import log2, log10
from typing import Any

import numpy as np

from models.compiled import Records, compiled
from models.features.table import CELL_NAMES, Features
from models.series import Bools, Floats, Ints, Singles

_KEYS = ("slow", "fast", "slow_5", "slow_20", "step", "noise", "novelty", "day", "cross_10")
_PICKED = np.array([CELL_NAMES.index(key) for key in _KEYS])
_SHARED = 2
"""T2 and Q, the first row features, count as well."""
_BINS_PER_OCTAVE = 6
_BINS = 14 * _BINS_PER_OCTAVE
_MEMORY_ROWS = 6000.0
_FORGET_EVERY = 500.0
_WARM_ROWS = 50.0
_BEYOND = 0.05
"""Surprise for each bin beyond the largest size ever seen: a record by far is worth more than a record by a hair."""
_USUAL = 11.0
"""Summed surprise (decimal logarithms) that counts as the threshold where nothing was learnt: log-odds 0."""


def fields_of(sensors: int) -> list[Any]:
    """Return the fields of the memory of one series.

    ``histograms`` has one of the logarithms of each size, slowly forgetting, of ``weight`` rows; ``watched`` says which
    sensors count.
    """
    shape = (len(_KEYS) + _SHARED, _BINS)
    return [("histograms", np.float32, shape), ("weight", np.float64), ("watched", np.bool_, (sensors,))]


def novelty_of(memory: Records, series: Ints, features: Features) -> Floats:
    """Return log-odds-like novelty of the next rows, shape (rows,), and count them; row i is of ``series[i]``.

    Each size is turned into minus the decimal logarithm of the share of earlier sizes that were as large: a conformal
    tail. Their sum, less ``_USUAL``, plays the part of log-odds.
    """
    out = np.empty(len(series))
    kept = memory["watched"], memory["histograms"], memory["weight"]
    _judge(series, features.cells, features.rows, *kept, out)
    return out


@compiled
def _judge(
    series: Ints, cells: Floats, shared: Floats, watched: Bools, histograms: Singles, weights: Floats, out: Floats
) -> None:  # fmt: skip
    """Write the novelty of each row, and count it."""
    for i in range(len(out)):
        s = series[i]
        counts = histograms[s]
        weights[s] += 1.0
        if weights[s] > _MEMORY_ROWS + _FORGET_EVERY:
            counts *= np.float32(_MEMORY_ROWS / weights[s])
            weights[s] = _MEMORY_ROWS
        total = -_USUAL
        for key in range(counts.shape[0]):
            rest = key - len(_PICKED)
            size = abs(shared[i, rest]) if rest >= 0 else _largest(cells[i], watched[s], _PICKED[key])
            total += _surprise(size, counts[key], weights[s])
        out[i] = min(max(total, -20.0), 40.0)


@compiled
def _largest(cells: Floats, watched: Bools, at: int) -> float:
    size = 0.0
    for j in range(len(watched)):
        if watched[j]:
            size = max(size, abs(cells[j, at]))
    return size


@compiled
def _surprise(size: float, counts: Singles, weight: float) -> float:
    """Return the surprise at one size by the histogram of the earlier ones, and count it."""
    b = min(int(log2(1.0 + size) * _BINS_PER_OCTAVE), _BINS - 1)
    out = 0.0
    if weight > _WARM_ROWS and b:
        above = 0.0
        for k in range(b, _BINS):
            above += counts[k]
        out = -log10((above + 1.0) / (weight + 2.0))
        if above == 0.0:
            top = b
            while top > 0 and counts[top] == 0.0:
                top -= 1
            out += _BEYOND * (b - top)
    counts[b] += np.float32(1.0)
    return out
