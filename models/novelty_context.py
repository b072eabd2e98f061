"""Novelty in context, without labels: how far the newest values are from everything that this sensor did before.

A level, a short shape and a slow mean are each compared with all earlier ones in a bounded memory (nearest neighbour,
no model of the process). A value that stands between two usual states is new, a pulse that comes every day is not:
what a residual to a baseline says the other way round. The idea of conformal nearest neighbours on windows is that of
Burnaev and Ishimtsev (2016), "Conformalized density- and distance-based anomaly detection in time-series data".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log2, log10
from typing import Any, NamedTuple

import numpy as np

from models.compiled import compiled
from models.series import Floats, Ints, Singles

_SLACK_ROWS = 500
"""Rows that are collected beyond the memory before the oldest are dropped in one go."""
_BINS_PER_OCTAVE = 8
_LOWEST_OCTAVE = -40
_BINS = 80 * _BINS_PER_OCTAVE
"""Histogram of distances from 2**-40 to 2**40 sensor units."""
_WARM_ROWS = 60
_BEYOND = 0.1
"""Surprise for each octave beyond the largest distance so far."""
_BEYOND_OCTAVES = 6.0
_BY_COUNT = 0.5
"""Between a share of the earlier distances (0) and their number (1): a sensor with a long past may surprise more often
than one with a short past, but not in proportion."""
_USUAL_ROWS = 1000.0
"""Rows at which share and number are taken as equal."""
_THRESHOLD = 2.65
"""Surprise (decimal logarithm) that counts as log-odds 0 where nothing was learnt: about two rows in a thousand."""
_GAIN = 3.0
"""Log-odds for one unit of surprise."""
_HUGE = 1e12


@dataclass(frozen=True, slots=True)
class ContextConfig:
    """What is compared, in rows."""

    shapes: tuple[int, ...] = (1, 3)
    """Lengths of the windows that are compared value by value; 1 is the value alone."""
    level_rows: int = 24
    """Length of the moving mean that is compared as one number."""
    memory_rows: int = 5500
    """How far back: about 9 bytes a row and sensor, and as many comparisons for each row."""
    share: float = 1.0
    """Weight beside the novelty of sizes (``models/novelty.py``)."""


class Memory(NamedTuple):
    """What one sensor did: the newest value is at ``filled - 1``. Arrays, written in place."""

    values: Singles
    levels: Singles
    counts: Singles
    """Histograms of the distances so far, shape (shapes + 1, bins), forgetting with the values."""
    filled: Ints
    weight: Floats
    """Values in the histograms, those at distance 0 included."""


class ContextNovelty:
    """The memories of several sensors, each judged by itself; streaming, chunked pushes give equal results."""

    def __init__(self, sensors: int, config: ContextConfig) -> None:
        self.config = config
        self._lengths: Ints = np.array([*config.shapes, config.level_rows, config.memory_rows], dtype=np.int64)
        rows = config.memory_rows + _SLACK_ROWS
        self._memories = [
            Memory(
                np.zeros(rows, dtype=np.float32),
                np.zeros(rows, dtype=np.float32),
                np.zeros((len(config.shapes) + 1, _BINS), dtype=np.float32),
                np.zeros(1, dtype=np.int64),
                np.zeros(1),
            )
            for _ in range(sensors)
        ]

    def push(self, values: Floats) -> Floats:
        """Return log-odds-like novelty, shape (rows, sensors); a missing value has the lowest and is skipped."""
        clipped = np.clip(values, -_HUGE, _HUGE).astype(np.float32)
        surprise = np.zeros(values.shape)
        for j, memory in enumerate(self._memories):
            _advance(clipped[:, j], surprise[:, j], memory, self._lengths)
        return np.asarray(_GAIN * (surprise - _THRESHOLD))

    def state(self) -> list[list[Any]]:
        """Return the whole memory as arrays, a list for each sensor."""
        return [list(memory) for memory in self._memories]

    def set_state(self, state: list[list[Any]]) -> None:
        """Go on from a memory returned by ``state``."""
        self._memories = [Memory(*arrays) for arrays in state]


@compiled
def _nearest_shape(values: Singles, first: int, newest: int, length: int) -> float:
    """Return the smallest mean absolute difference of the window that ends at ``newest`` to an earlier one."""
    best = inf
    for end in range(newest - 1, first + length - 2, -1):
        total = 0.0
        for back in range(length):
            total += abs(values[newest - back] - values[end - back])
            if total >= best:
                break
        best = min(best, total)
    return best / length


@compiled
def _surprise(counts: Singles, weight: float, distance: float) -> float:
    """Return minus the logarithm of the share of earlier distances as large, and count this one."""
    if not 0.0 < distance < inf:
        return 0.0
    at = min(max(int((log2(distance) - _LOWEST_OCTAVE) * _BINS_PER_OCTAVE), 0), _BINS - 1)
    above = 0.0
    for b in range(at, _BINS):
        above += counts[b]
    out = log10((weight + 2.0) / (above + 1.0)) - _BY_COUNT * log10((weight + 2.0) / _USUAL_ROWS)
    if above < 0.5:
        top = at
        while top > 0 and counts[top] < 0.5:
            top -= 1
        out += _BEYOND * min((at - top) / _BINS_PER_OCTAVE, _BEYOND_OCTAVES)
    counts[at] += 1.0
    return out if weight >= _WARM_ROWS else 0.0


@compiled
def _drop_oldest(m: Memory, memory_rows: int) -> int:
    """Make room at the end; return how many values stay."""
    stop = len(m.values)
    m.values[:memory_rows] = m.values[stop - memory_rows :].copy()
    m.levels[:memory_rows] = m.levels[stop - memory_rows :].copy()
    kept = min(m.weight[0], float(memory_rows))
    m.counts[:] = m.counts * np.float32(kept / m.weight[0])
    m.weight[0] = kept
    return memory_rows


@compiled
def _advance(incoming: Singles, surprise: Floats, m: Memory, lengths: Ints) -> None:
    """Write the surprise of each incoming value; ``lengths`` are those of the shapes, of the level, of the memory."""
    shapes, level_rows, memory_rows = lengths[:-2], lengths[-2], lengths[-1]
    for i in range(len(incoming)):
        if np.isnan(incoming[i]):
            continue
        newest = m.filled[0]
        if newest == len(m.values):
            newest = _drop_oldest(m, memory_rows)
        m.values[newest] = incoming[i]
        m.levels[newest] = m.values[max(newest - level_rows + 1, 0) : newest + 1].mean()
        first = max(newest - memory_rows, 0)
        distance = _nearest_shape(m.levels, first, newest, 1)
        largest = _surprise(m.counts[-1], m.weight[0], distance)
        for k in range(len(shapes)):
            distance = _nearest_shape(m.values, first, newest, shapes[k])
            largest = max(largest, _surprise(m.counts[k], m.weight[0], distance))
        surprise[i] = largest
        m.weight[0] += 1.0
        m.filled[0] = newest + 1
