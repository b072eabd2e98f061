"""Contrasts of one sensor: the last rows against rows before, flutter, straightness; on a long memory of what is usual.

The scatter of a baseline forgets within hours, so that a series of like events soon looks usual. Here the scale is the
winsorised root mean square of the same contrast over days: a pulse that came ten times is still nearly as large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from models.compiled import compiled
from models.series import Floats, Ints

NAMES = ("contrast_2", "contrast_10", "contrast_30", "travel", "flutter", "straight")
"""``contrast_*``: mean of the last 2 to 3 rows less that of rows so long before. ``travel``: mean absolute step of the
last 8 rows. ``flutter``: the part of it that leads nowhere. These are in usual sizes. ``straight``: net change over
travel in the last 12 rows, -1..1."""

_SCALED, _CONTRASTS = 5, 3
_RING = 41
_HUGE = 1e12
_LIMIT = 1e3
_WINSOR = 3.0
_HEAD = 60
"""Values before contrasts are winsorised: until then the scale is only beginning to be known."""


@dataclass(frozen=True, slots=True)
class ContrastConfig:
    """How long the usual size of a contrast is remembered."""

    memory_rows: float = 5000.0


class Memory(NamedTuple):
    """What the sensors did. Arrays, written in place; the first axis is the sensor."""

    ring: Floats
    """The last values, newest first."""
    squares: Floats
    """Mean squares of the scaled features."""
    resolution: Floats
    """Smallest change so far."""
    seen: Ints
    """Values so far."""


class Contrast:
    """Contrasts of several sensors, streaming; chunked pushes give equal results."""

    def __init__(self, sensors: int, config: ContrastConfig) -> None:
        self.memory_rows = config.memory_rows
        self._memory = Memory(
            np.zeros((sensors, _RING)),
            np.zeros((sensors, _SCALED)),
            np.zeros(sensors),
            np.zeros(sensors, dtype=np.int64),
        )

    def push(self, values: Floats) -> Floats:
        """Return the features ``NAMES``, shape (rows, sensors, 6), of values of shape (rows, sensors).

        For a missing value (NaN) the last one stands in, and nothing is learnt.
        """
        out = np.zeros((*values.shape, len(NAMES)))
        _advance(np.clip(values, -_HUGE, _HUGE), out, self._memory, self.memory_rows)
        return out

    def state(self) -> list[Any]:
        """Return the whole memory as arrays."""
        return list(self._memory)

    def set_state(self, state: list[Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._memory = Memory(*state)


@compiled
def _mean(ring: Floats, first: int, last: int) -> float:
    """Return the mean of the values from ``first`` to ``last`` rows ago, last exclusive."""
    total = 0.0
    for back in range(first, last):
        total += ring[back]
    return total / (last - first)


@compiled
def _travel(ring: Floats, rows: int) -> float:
    total = 0.0
    for back in range(rows):
        total += abs(ring[back] - ring[back + 1])
    return total


@compiled
def _sizes(r: Floats, sizes: Floats) -> None:
    """Write the unscaled features of a ring of values."""
    travel = _travel(r, 8) / 8.0
    sizes[0] = _mean(r, 0, 2) - _mean(r, 3, 8)
    sizes[1] = _mean(r, 0, 3) - _mean(r, 10, 16)
    sizes[2] = _mean(r, 0, 3) - _mean(r, 28, 40)
    sizes[3] = travel
    sizes[4] = travel - abs(r[0] - r[8]) / 8.0


@compiled
def _remember(x: float, j: int, m: Memory) -> None:
    """Put a value in front of the ring; the first one fills it."""
    r = m.ring[j]
    if m.seen[j] == 0:
        r[:] = x
    step = abs(x - r[0])
    if step > 1e-9 * (abs(x) + 1e-9) and (m.resolution[j] == 0.0 or step < m.resolution[j]):
        m.resolution[j] = step
    for back in range(_RING - 1, 0, -1):
        r[back] = r[back - 1]
    r[0] = x


@compiled
def _advance(values: Floats, out: Floats, m: Memory, memory_rows: float) -> None:
    sizes = np.zeros(_SCALED)
    for j in range(values.shape[1]):
        r = m.ring[j]
        for i in range(values.shape[0]):
            missing = np.isnan(values[i, j])
            if missing and m.seen[j] == 0:
                continue
            _remember(r[0] if missing else values[i, j], j, m)
            m.seen[j] += 0 if missing else 1
            _sizes(r, sizes)
            for k in range(_SCALED):
                floor = m.resolution[j] * (0.5 if k < _CONTRASTS else 0.125)
                scale = max(np.sqrt(m.squares[j, k]), floor, 1e-12)
                out[i, j, k] = min(max(sizes[k] / scale, -_LIMIT), _LIMIT)
                if not missing:
                    size = min(abs(sizes[k]), _WINSOR * scale) if m.seen[j] > _HEAD else abs(sizes[k])
                    m.squares[j, k] += (size * size - m.squares[j, k]) * max(1.0 / memory_rows, 1.0 / m.seen[j])
            whole = _travel(r, 12)
            out[i, j, _SCALED] = (r[0] - r[12]) / whole if whole > 0.0 else 0.0
