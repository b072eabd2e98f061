"""Several sensors at once: an alarm of its own where two sensors change together as they hardly ever do.

A second stage knows the kinds of events that it was taught. Rare events of other kinds have in common that more than
one sensor leaves its usual contrast in the same minutes: the second largest contrast among the sensors says so, and
single spikes do not. How often such a size occurs is learnt from normal rows; the threshold is a share of the
false-alarm budget. Once alarmed, the alarm lasts while both sensors stay away from where they were before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from models.compiled import compiled
from models.features.table import Features
from models.series import Bools, Floats, Ints

_BEFORE = (10, 16)
"""Rows before the alarm whose mean is where a sensor was."""
_PEAKS = 60
"""Highest peaks of the normal rows that the tail is fitted to."""
_STEEPEST = 2.0
"""Bound of the tail's exponent: a short record shows none of the rare sizes, and looks steeper than it is."""
_LOWEST = 1e-9
_PARTNERS = 2
_HUGE = 1e12


@dataclass(frozen=True, slots=True)
class TogetherConfig:
    """What is looked at, and how long an alarm lasts. Lengths in rows."""

    keys: tuple[str, ...] = ("contrast_2", "contrast_10", "flutter")
    """Features of ``models/features/contrast.py``."""
    budget_per_day: float = 0.08
    """False alarms a day that these alarms may cost, beside those of the second stage."""
    leave: float = 0.5
    """The alarm ends when either sensor is back by this share of its largest distance."""
    longest_rows: int = 60
    """After so many rows the new level is accepted."""
    pause_rows: int = 16
    """Rows after an alarm without another: the way back is as sudden as the way out."""
    apart_rows: int = 120
    """Peaks closer than this count as one."""


@dataclass(frozen=True, slots=True)
class TogetherTails:
    """What was learnt of normal rows: for each key a level, peaks a day above it and the tail's exponent."""

    levels: tuple[float, ...]
    rates: tuple[float, ...]
    exponents: tuple[float, ...]
    threshold: float

    def rarity(self, sizes: Floats) -> Floats:
        """Return minus the logarithm of the peaks a day as large as ``sizes`` (rows, keys), by the rarest key."""
        over = np.log10(np.maximum(sizes, _LOWEST) / np.array(self.levels))
        return np.asarray((np.array(self.exponents) * over - np.log10(self.rates)).max(axis=1))


def together(features: Features, targets: Sequence[int], keys: Sequence[str]) -> Floats:
    """Return the second largest size among the judged sensors, shape (rows, keys); 0 with fewer than two sensors."""
    if len(targets) < _PARTNERS:
        return np.zeros((len(features.cells), len(keys)))
    ordered = np.sort(_sizes(features, targets, keys), axis=1)
    return np.asarray(ordered[:, -_PARTNERS])


def _sizes(features: Features, targets: Sequence[int], keys: Sequence[str]) -> Floats:
    picked = [features.cell_names.index(k) for k in keys]
    return np.asarray(np.abs(features.cells[:, list(targets)][:, :, picked]))


@dataclass(frozen=True, slots=True)
class Usual:
    """Sizes of one training series (rows, keys), with the rows that are normal and its length."""

    sizes: Floats
    normal: Bools
    days: float


def learn_tails(series: Sequence[Usual], config: TogetherConfig) -> TogetherTails | None:
    """Return the tails of the normal rows and the threshold of the budget; ``None`` where there is too little."""
    days = sum(one.days for one in series)
    levels, rates, exponents = [], [], []
    for k in range(len(config.keys)):
        top = _top([(one.sizes[:, k], one.normal) for one in series], config.apart_rows)
        if len(top) < _PEAKS or top[-1] <= 0:
            return None
        excess = float(np.log(top[:-1] / top[-1]).sum())
        levels.append(float(top[-1]))
        rates.append(len(top) / days)
        # Hill's estimator.
        exponents.append(min((len(top) - 1) / max(excess, _LOWEST), _STEEPEST))
    tails = TogetherTails(tuple(levels), tuple(rates), tuple(exponents), np.inf)
    top = _top([(tails.rarity(one.sizes), one.normal) for one in series], config.apart_rows)
    allowed = min(max(int(config.budget_per_day * days), 1), len(top))
    return TogetherTails(tails.levels, tails.rates, tails.exponents, float(top[allowed - 1]))


def _top(series: Sequence[tuple[Floats, Bools]], apart_rows: int) -> Floats:
    """Return the highest peaks of all series, in falling order."""
    found: list[float] = []
    for values, normal in series:
        left = np.where(normal, values, -np.inf)
        for _ in range(_PEAKS):
            at = int(np.argmax(left)) if len(left) else 0
            if not len(left) or not np.isfinite(left[at]):
                break
            found.append(float(left[at]))
            left[max(at - apart_rows, 0) : at + apart_rows] = -np.inf
    return np.sort(np.array(found))[::-1][:_PEAKS]


class Memory(NamedTuple):
    """The running alarm and what went before. Arrays, written in place; the last axis is the sensor."""

    values: Floats
    """The last values, newest first."""
    before: Floats
    """Where the sensors were before the alarm, and their largest distance since."""
    partners: Bools
    """The two sensors that changed most."""
    clock: Ints
    """Rows seen, rows of the running alarm (0 = none), rows of the pause that are left."""


class TogetherLine:
    """Alarms of one series, streaming; chunked pushes give equal results."""

    def __init__(self, sensors: int, config: TogetherConfig, tails: TogetherTails) -> None:
        self.config = config
        self.tails = tails
        self._memory = Memory(
            np.zeros((_BEFORE[1], sensors)),
            np.zeros((2, sensors)),
            np.zeros(sensors, dtype=np.bool_),
            np.zeros(3, dtype=np.int64),
        )

    def push(self, features: Features, targets: Sequence[int], values: Floats) -> Bools:
        """Return the alarms of the next rows, shape (rows,); ``values`` has shape (rows, sensors of ``targets``)."""
        keys = self.config.keys
        if len(targets) < _PARTNERS:
            return np.zeros(len(values), dtype=np.bool_)
        rare = self.tails.rarity(together(features, targets, keys)) >= self.tails.threshold
        sizes = _sizes(features, targets, keys).max(axis=2)
        limits = np.array([self.config.longest_rows, self.config.pause_rows, self.config.leave])
        alarms: Bools = _advance(rare, np.clip(values, -_HUGE, _HUGE), sizes, self._memory, limits)
        return alarms

    def state(self) -> list[Any]:
        """Return the whole memory as arrays."""
        return list(self._memory)

    def set_state(self, state: list[Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._memory = Memory(*state)


@compiled
def _remember(incoming: Floats, m: Memory) -> None:
    """Put a row in front of the last values; a missing value repeats the one before."""
    for j in range(len(incoming)):
        x = m.values[0, j] if np.isnan(incoming[j]) else incoming[j]
        for back in range(len(m.values) - 1, 0, -1):
            m.values[back, j] = m.values[back - 1, j] if m.clock[0] > 0 else x
        m.values[0, j] = x


@compiled
def _enter(sizes: Floats, m: Memory) -> None:
    first, second = _BEFORE
    m.partners[:] = False
    for _ in range(_PARTNERS):
        best = -1
        for j in range(len(sizes)):
            if not m.partners[j] and (best < 0 or sizes[j] > sizes[best]):
                best = j
        m.partners[best] = True
    for j in range(len(sizes)):
        m.before[0, j] = m.values[first:second, j].mean()
        m.before[1, j] = 0.0


@compiled
def _away(m: Memory, leave: float) -> bool:
    """Tell whether both sensors are still off, by the farther of their last two values (a flutter crosses zero)."""
    for j in range(len(m.partners)):
        if m.partners[j]:
            distance = abs(m.values[0, j] - m.before[0, j])
            if m.clock[1] > 1:
                distance = max(distance, abs(m.values[1, j] - m.before[0, j]))
            m.before[1, j] = max(m.before[1, j], distance)
            if distance < leave * m.before[1, j] or distance == 0.0:
                return False
    return True


@compiled
def _advance(rare: Bools, values: Floats, sizes: Floats, m: Memory, limits: Floats) -> Bools:
    """Return the alarms; ``limits`` are the longest alarm and the pause, in rows, and the share at which one ends."""
    clock = m.clock
    out = np.zeros(len(rare), dtype=np.bool_)
    for i in range(len(rare)):
        _remember(values[i], m)
        clock[0] += 1
        clock[2] = max(clock[2] - 1, 0)
        if clock[1] == 0 and clock[2] == 0 and rare[i] and clock[0] > len(m.values):
            _enter(sizes[i], m)
            clock[1] = 1
        if clock[1] > 0:
            if clock[1] <= limits[0] and _away(m, limits[2]):
                out[i] = True
                clock[1] += 1
            else:
                clock[1] = 0
                clock[2] = int(limits[1])
    return out
