"""Leaps: jumps of the logarithm of a value from one row to the next that no other sensor explains.

After Talagala, Hyndman, Leigh, Mengersen and Smith-Miles (2019), "A feature-based procedure for detecting technical
outliers in water-quality data from in situ sensors": in a river the turbidity rises within an hour and falls slowly,
the conductivity the other way round, and both follow the level. A jump while nothing else moves the natural way is the
sensor's. Unlike there no second look is taken: a value is compared with the last accepted ones, so that the return from
a spike is no second jump, and the spike itself becomes usual only when it is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, exp, log, log1p, log2, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.compiled import compiled
from models.series import Bools, Floats, Times

_RECENT = 4
"""Accepted values that a new one is compared with, and rows over which a movement of another sensor explains it."""
_DOUBT = 6.0
"""A value that was itself a leap confirms the next one only if it is so much nearer than an accepted value need be."""
_CONFIRMED_ROWS = 3.0
"""Values in a row near a doubted one that make the new level usual; fewer are part of a cluster of spikes."""
_LEAPT_ROWS = 12.0
"""Leaps without an accepted value in between after which the sensor's new ways are accepted."""
_LEVEL_GAIN = 0.002
"""Speed of the usual level (of its logarithm, a row); it is a median, so that floods do not move it."""
_OFFSET = 0.3
"""Share of the usual level that is added before the logarithm is taken: doubling nearly nothing is nothing."""
_SCATTER_ROWS = 500.0
_CLIP = 4.0
"""A leap teaches the scatter no more than so many scatters."""
_FLOOR = 0.01
"""Leap (natural logarithm) that no sensor is calmer than: about its accuracy."""
_MOVES = 3.0
"""Scatters from which another sensor counts as moving; a leap of n times as many is then divided by n."""
_WARM_ROWS = 30.0
_THRESHOLD = 4.75
"""Octaves of scatters that count as log-odds 0 (27 scatters): the usual noise of half a year stays below 23."""
_GAIN = 2.0
"""Log-odds for one octave."""
_CADENCE_GAIN = 0.02
_HUGE = 1e12
_TINY = 1e-9

Signs = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LeapConfig:
    """Which way parameters move by nature, by the first letters of their names; others explain nothing."""

    rising: tuple[str, ...] = ("level", "flow", "q_", "rain", "tur", "tss")
    falling: tuple[str, ...] = ("cond", "ec", "sal")
    share: float = 1.0
    """Weight beside the novelty of sizes (``models/novelty.py``)."""

    def signs(self, columns: tuple[str, ...]) -> Signs:
        """Return 1, -1 or 0 for each column."""
        names = [c.lower() for c in columns]
        return np.array([float(n.startswith(self.rising)) - float(n.startswith(self.falling)) for n in names])


class _Memory(NamedTuple):
    """Arrays of all sensors, written in place."""

    level: Floats
    scatter: Floats
    rows: Floats
    """Values so far, by sensor."""
    accepted: Floats
    doubted: Floats
    """Latest values, shape (sensors, ``_RECENT``), NaN where there is none."""
    leapt: Floats
    """Leaps since a value was accepted."""
    confirmed: Floats
    """Values in a row that confirm a doubted one."""
    moved: Floats
    """How far each sensor moved the natural way in the latest rows, in scatters; shape (``_RECENT``, sensors)."""
    clock: Floats
    """Time of the latest row, usual step (both in seconds), number of rows."""


class Leaps:
    """Leaps of all sensors of a series; streaming, chunked pushes give equal results."""

    def __init__(self, columns: tuple[str, ...], targets: list[int], config: LeapConfig) -> None:
        d = len(columns)
        self.config = config
        self._judged: Bools = np.isin(np.arange(d), targets)
        self._signs = config.signs(columns)
        each, none = np.zeros(d), np.full((d, _RECENT), np.nan)
        self._memory = _Memory(
            level=each,
            scatter=each.copy(),
            rows=each.copy(),
            accepted=none,
            doubted=none.copy(),
            leapt=each.copy(),
            confirmed=each.copy(),
            moved=np.zeros((_RECENT, d)),
            clock=np.zeros(3),
        )

    def push(self, times: Times, values: Floats) -> Floats:
        """Return log-odds-like novelty of every sensor, shape (rows, sensors); a missing value has the lowest."""
        seconds = times.astype("datetime64[ms]").astype(np.int64) / 1000.0
        out = np.zeros(values.shape)
        _advance(seconds, np.clip(values, -_HUGE, _HUGE), out, self._memory, (self._signs, self._judged))
        return np.asarray(_GAIN * (out - _THRESHOLD))

    def state(self) -> list[Any]:
        """Return the whole memory as arrays."""
        return list(self._memory)

    def set_state(self, state: list[Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._memory = _Memory(*state)


@compiled
def _scaled(x: float, level: float) -> float:
    return copysign(log1p(abs(x) / (_OFFSET * level)), x)


@compiled
def _nearest(x: float, earlier: Floats, level: float) -> float:
    """Return the smallest difference of the logarithms, with its sign; NaN without earlier values."""
    best: float = np.nan
    for value in earlier:
        difference = _scaled(x, level) - _scaled(value, level)
        if not np.isnan(value) and not abs(difference) >= abs(best):
            best = difference
    return best


@compiled
def _leap(x: float, m: _Memory, j: int) -> float:
    """Return the leap from the accepted values, or from a much nearer doubted one, in scatters; learn both."""
    size = log(max(abs(x), _TINY))
    rows = m.rows[j]
    m.rows[j] = rows + 1.0
    if rows == 0.0:
        m.level[j] = size
        m.scatter[j] = _FLOOR
        return 0.0
    m.level[j] += max(_LEVEL_GAIN, 1.0 / (rows + 2.0)) * min(max(2.0 * (size - m.level[j]), -1.0), 1.0)
    level = exp(m.level[j])
    leap = _nearest(x, m.accepted[j], level)
    doubted = _DOUBT * _nearest(x, m.doubted[j], level)
    m.confirmed[j] = m.confirmed[j] + 1.0 if abs(doubted) < abs(leap) else 0.0
    if m.confirmed[j]:
        leap = doubted
    scatters: float = leap / max(m.scatter[j], _FLOOR)
    m.scatter[j] += max(1.0 / _SCATTER_ROWS, 1.0 / (rows + 1.0)) * (
        min(abs(leap), _CLIP * max(m.scatter[j], _FLOOR)) - m.scatter[j]
    )
    return scatters


@compiled
def _append(ring: Floats, x: float) -> None:
    ring[:-1] = ring[1:].copy()
    ring[-1] = x


@compiled
def _remember(x: float, leapt: bool, m: _Memory, j: int) -> None:
    """Add to the accepted or the doubted values; a new level is accepted when several values in a row confirm it."""
    if leapt:
        m.leapt[j] += 1.0
        m.confirmed[j] = 0.0
    if m.leapt[j] and (leapt or m.confirmed[j]):
        _append(m.doubted[j], x)
        if m.confirmed[j] < _CONFIRMED_ROWS and m.leapt[j] < _LEAPT_ROWS:
            return
        m.accepted[j] = m.doubted[j]
    else:
        _append(m.accepted[j], x)
    m.doubted[j] = np.nan
    m.leapt[j] = m.confirmed[j] = 0.0


@compiled
def _patience(at_s: float, clock: Floats) -> float:
    """Return by how much a leap may be larger for the time since the row before (1 at the usual step)."""
    step = at_s - clock[0]
    first = clock[2] == 0.0
    clock[0] = at_s
    clock[2] += 1.0
    if first or not step > 0.0:
        return 1.0
    usual = clock[1]
    clock[1] = step if usual == 0.0 else usual + _CADENCE_GAIN * (min(step, 2.0 * usual) - usual)
    return sqrt(max(step / clock[1], 1.0))


@compiled
def _advance(seconds: Floats, values: Floats, out: Floats, m: _Memory, sensors: tuple[Signs, Bools]) -> None:
    signs, judged = sensors
    width = values.shape[1]
    leaps = np.zeros(width)
    for i in range(len(values)):
        patience = _patience(seconds[i], m.clock)
        m.moved[:-1] = m.moved[1:].copy()
        for j in range(width):
            leaps[j] = 0.0 if np.isnan(values[i, j]) else _leap(values[i, j], m, j) / patience
            m.moved[-1, j] = max(signs[j] * leaps[j], 0.0)
        for j in range(width):
            if np.isnan(values[i, j]):
                continue
            explained = 0.0
            for other in range(width):
                if other != j:
                    explained = max(explained, m.moved[:, other].max())
            octaves = log2(max(abs(leaps[j]), 1.0)) - log2(max(explained / _MOVES, 1.0))
            leapt = m.rows[j] > _WARM_ROWS and octaves >= _THRESHOLD
            out[i, j] = max(octaves, 0.0) if m.rows[j] > _WARM_ROWS else 0.0
            _remember(values[i, j], leapt and judged[j], m, j)
