"""The feature table: for every row and sensor, scale-free numbers that depend on the past only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import isnan, log, log1p
from typing import Any

import numpy as np

from models.compiled import Records, compiled, numbers_of, record_of, records_of
from models.features.baseline import LEVEL, NOVELTY, RUN, SIGMA, STEP, BaselineConfig, Z, memories, residual
from models.features.cross import CrossConfig, CrossModel, CrossState, take
from models.features.daily import DailyProfile, difference
from models.features.patterns import PATTERN_KEYS, PATTERN_NAMES, fill_patterns, signs_of
from models.series import Floats, Ints, Singles, Times

_BASE = (
    "fast", "slow", "slow_5", "slow_20", "step", "step_5", "noise",
    "run", "zero", "missing", "novelty", "day", "beyond",
)  # fmt: skip
(
    _FAST_Z, _SLOW_Z, _SLOW_5, _SLOW_20, _STEP, _STEP_5, _NOISE,
    _RUN, _ZERO, _MISSING, _NOVELTY, _DAY, _BEYOND,
) = range(len(_BASE))  # fmt: skip
_CROSS_0 = len(_BASE)
"""The prediction errors follow the base, then ``drift``."""
_ROWS = ("t2", "q", "moving", "gap")
_MOVING, _GAP = 2, 3
_CLIP = 50.0
_WIDEST = 1e4
"""Every feature is cut here."""

_FAST = BaselineConfig(level_rows=12, scatter_rows=300)
_SLOW = BaselineConfig(level_rows=72, scatter_rows=864, cap_rows=72)
_CROSS = CrossConfig()
_NEVER = np.iinfo(np.int64).min
"""No row yet: as numpy writes "not a time"."""


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """Memories of the features, in rows. ``short`` is the time of confirmation, ``long`` about a day."""

    fast: BaselineConfig = _FAST
    slow: BaselineConfig = _SLOW
    cross: CrossConfig = _CROSS
    smooth_rows: int = 3
    """Smoothing of the residuals that T2, Q and the cross prediction look at."""
    drift_rows: float = 288.0


@dataclass(frozen=True, slots=True)
class Features:
    """``cells`` has shape (rows, sensors, len(cell_names)), ``rows`` has shape (rows, len(row_names)); no NaN.

    ``levels`` is what each sensor usually shows, in its unit, NaN before its first value; ``at_s`` seconds since 1970.
    """

    cells: Floats
    rows: Floats
    levels: Floats
    at_s: Floats
    cell_names: tuple[str, ...]
    row_names: tuple[str, ...]


_SMOOTHED = ("v", "slow_5", "slow_20", "step_5", "noise", "day", "drift")
_V, _TO_5, _TO_20, _TO_STEP_5, _TO_NOISE, _TO_DAY, _TO_DRIFT = range(len(_SMOOTHED))
"""What is exponentially smoothed: rows of ``FeatureTable._smooth``; ``v`` is for T2, Q and the predictions."""


class FeatureTable:
    """Computes the features of one series chunk by chunk."""

    def __init__(self, columns: tuple[str, ...], config: FeatureConfig, limits: Floats | None = None) -> None:
        d = len(columns)
        self.config = config
        self.columns = columns
        self.limits = np.tile([-np.inf, np.inf], (d, 1)) if limits is None else limits.astype(np.float64)
        self.cell_names = _BASE + tuple(f"cross_{h}" for h in config.cross.horizons) + ("drift",)
        self._signs = signs_of(columns)
        self._keys = np.array([self.cell_names.index(key) for key in PATTERN_KEYS])
        self.row_names = _ROWS + PATTERN_NAMES
        self._configs = record_of(config.fast), record_of(config.slow)
        self._fast, self._slow = memories(d), memories(d)
        self._cross = CrossModel(d, config.cross)
        self._daily = DailyProfile(d)
        self._gains = 1.0 / np.array([config.smooth_rows, 5, 20, 5, 12, 5, config.drift_rows])
        self._smooth = np.zeros((len(_SMOOTHED), d))
        self._missing = np.zeros(d)
        self._cadence = np.zeros(1)
        self._last = np.full(1, _NEVER)

    def push(self, times: Times, values: Floats) -> Features:
        """Return the features of the next rows, in order of time; ``values`` may hold NaN."""
        n, d = values.shape
        values = np.ascontiguousarray(values, dtype=np.float64)
        times_ns = np.ascontiguousarray(times, dtype="datetime64[ns]").view(np.int64)
        cells, rows = np.zeros((n, d, len(self.cell_names))), np.zeros((n, len(self.row_names)))
        levels, cross, daily = np.empty((n, d)), self._cross, self._daily
        start = 0
        while start < n:  # in parts: what the sensors say of each other is learnt anew at the end of a block
            part = slice(start, min(start + cross.room, n))
            _fill(
                times_ns[part], values[part], self._fast, self._slow, *self._configs, self.limits, self._gains,
                self._smooth, self._missing, self._last, self._cadence, daily.history, daily.sums, daily.counts,
                daily.slot, self._keys, self._signs,
                cross.place, 10 * cross.config.clip, cross.state.recent, cross.horizons, *cross.relations,
                cells[part], rows[part], levels[part],
            )  # fmt: skip
            cross.keep(part.stop - start)
            start = part.stop
        return Features(cells, rows, levels, times_ns / 1e9, self.cell_names, self.row_names)

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return {
            "baselines": [numbers_of(self._fast), numbers_of(self._slow)],
            "smooth": self._smooth,
            "missing": self._missing,
            "last": self._last,
            "cadence": self._cadence,
            "cross": dataclasses.asdict(self._cross.state),
            "daily": list(self._daily.memory),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._fast, self._slow = (records_of(n, self._fast) for n in state["baselines"])
        self._smooth, self._missing = state["smooth"], state["missing"]
        self._last, self._cadence = state["last"], state["cadence"]
        self._cross.state = CrossState(**state["cross"])
        self._cross.refit()
        self._daily.memory = state["daily"]


@compiled
def _fill(
    times_ns: Ints, values: Floats, fast: Records, slow: Records, fast_config: Records, slow_config: Records,
    limits: Floats, gains: Floats, smooth: Floats, missing: Floats, last: Ints, cadence: Floats, history: Singles,
    sums: Floats, counts: Floats, slot: Ints, keys: Ints, signs: Floats, place: int, clip: float, recent: Singles,
    horizons: Ints, whiten: Floats, outside: Floats, coefficients: Floats, scales: Floats, usual: Floats,
    cells: Floats, rows: Floats, levels: Floats,
) -> None:  # fmt: skip
    """Write the features of rows that belong to one block of ``recent``, from ``place`` on."""
    d = values.shape[1]
    quick, calm, together = np.zeros(6), np.zeros((d, 6)), np.empty(d)
    day, errors = np.empty(d), np.zeros((d, len(horizons)))
    for i in range(len(values)):
        x, cell, row = values[i], cells[i], rows[i]
        for j in range(d):
            quick[:], calm[j] = 0.0, 0.0
            residual(x[j], fast[j], fast_config[0], quick)
            residual(x[j], slow[j], slow_config[0], calm[j])
            levels[i, j] = calm[j, LEVEL]
            together[j] = _single(x[j], quick, calm[j], limits[j], gains, smooth, missing, j, cell[j], row)
        difference(times_ns[i], x, history, sums, counts, slot, day)
        take(
            together, clip, recent, place + i, horizons, whiten, outside, coefficients, scales, usual, row, errors
        )  # fmt: skip
        for j in range(d):
            off = 0.0 if isnan(day[j]) else _cut(day[j] / calm[j, SIGMA], _CLIP)
            cell[j, _DAY] = _smoothed(off, smooth, gains, _TO_DAY, j)
            for k in range(len(horizons)):
                cell[j, _CROSS_0 + k] = _cut(errors[j, k], _WIDEST)
            slowly = _smoothed(_cut(errors[j, 0], 5.0), smooth, gains, _TO_DRIFT, j)
            cell[j, _CROSS_0 + len(horizons)] = slowly
        fill_patterns(cell, keys, signs, row[len(_ROWS) :])
        row[_GAP] = _gap(times_ns[i], last, cadence)
        for k in range(len(row)):
            row[k] = min(row[k], _WIDEST)


@compiled
def _single(
    x: float, fast: Floats, slow: Floats, limits: Floats, gains: Floats, smooth: Floats, missing: Floats, j: int,
    cell: Floats, row: Floats,
) -> float:  # fmt: skip
    """Write what a sensor says by itself, and return the residual that T2, Q and the predictions look at."""
    z, step = _cut(slow[Z], _CLIP), _cut(fast[STEP], _CLIP)
    missing[j] = missing[j] + 1.0 if isnan(x) else 0.0
    cell[_FAST_Z], cell[_SLOW_Z] = _cut(fast[Z], _WIDEST), _cut(slow[Z], _WIDEST)
    cell[_SLOW_5] = _smoothed(z, smooth, gains, _TO_5, j)
    cell[_SLOW_20] = _smoothed(z, smooth, gains, _TO_20, j)
    cell[_STEP] = _cut(fast[STEP], _WIDEST)
    cell[_STEP_5] = _smoothed(abs(step), smooth, gains, _TO_STEP_5, j)
    cell[_NOISE] = log1p(_smoothed(min(step * step, 100.0), smooth, gains, _TO_NOISE, j))
    cell[_RUN] = log1p(slow[RUN])
    cell[_ZERO] = 1.0 if x == 0.0 and abs(z) > 1.0 else 0.0
    cell[_MISSING] = log1p(missing[j])
    cell[_NOVELTY] = min(slow[NOVELTY], _WIDEST)
    cell[_BEYOND] = 1.0 if x < limits[0] or x > limits[1] else 0.0
    if abs(cell[_SLOW_5]) > 3.0:
        row[_MOVING] += 1.0
    return _smoothed(z, smooth, gains, _V, j)


@compiled
def _gap(at_ns: int, last: Ints, cadence: Floats) -> float:
    """Return the length of the silence before a row, in usual steps, as a logarithm: 0 at the usual cadence."""
    step = 0.0 if last[0] == _NEVER else (at_ns - last[0]) / 1e9
    last[0] = at_ns
    if step <= 0.0:
        return 0.0
    cadence[0] = step if cadence[0] == 0.0 else cadence[0] + 0.02 * (min(step, 2 * cadence[0]) - cadence[0])
    return max(log(step / cadence[0]), 0.0)


@compiled
def _smoothed(x: float, smooth: Floats, gains: Floats, which: int, sensor: int) -> float:
    """Return a value smoothed; the memory is what the next row begins with, less its gain."""
    y = gains[which] * x + smooth[which, sensor]
    smooth[which, sensor] = (1.0 - gains[which]) * y
    return float(y)


@compiled
def _cut(x: float, limit: float) -> float:
    return min(max(x, -limit), limit)
