"""The feature table: for every row and sensor, scale-free numbers that depend on the past only."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from math import isnan, log, log1p
from typing import Any

import numpy as np

from models.compiled import compiled, numbers_of, record_of, records_of
from models.features.baseline import LEVEL, NOVELTY, RUN, SIGMA, STEP, BaselineConfig, Z, memories, residuals
from models.features.cross import CrossConfig, CrossModel, CrossState
from models.features.daily import DailyProfile, Profile
from models.features.patterns import PATTERN_KEYS, PATTERN_NAMES, fill_patterns, signs_of
from models.series import Floats, Ints, Times

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
        times = times.astype("datetime64[ns]", copy=False)
        cells, rows = np.zeros((n, d, len(self.cell_names))), np.zeros((n, len(self.row_names)))
        fast = residuals(values, self._fast, self._configs[0])
        slow = residuals(values, self._slow, self._configs[1])
        smooth = _single(values, fast, slow, self.limits, self._gains, self._smooth, self._missing, cells, rows)
        _time_of_day(self._daily.push(times, values), slow, self._gains, self._smooth, cells)
        rows[:, :_MOVING], errors = self._cross.push(smooth)
        _together(errors, self._gains, self._smooth, cells)
        fill_patterns(cells, self._keys, self._signs, rows[:, len(_ROWS) :])
        _gaps(times.view(np.int64), self._last, self._cadence, rows)
        at_s = times.view(np.int64) / 1e9
        return Features(cells, np.minimum(rows, _WIDEST), slow[:, :, LEVEL], at_s, self.cell_names, self.row_names)

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return {
            "baselines": [numbers_of(self._fast), numbers_of(self._slow)],
            "smooth": self._smooth,
            "missing": self._missing,
            "last": self._last,
            "cadence": self._cadence,
            "cross": dataclasses.asdict(self._cross.state),
            "daily": list(self._daily.profile),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._fast, self._slow = (records_of(n, self._fast) for n in state["baselines"])
        self._smooth, self._missing = state["smooth"], state["missing"]
        self._last, self._cadence = state["last"], state["cadence"]
        self._cross.state = CrossState(**state["cross"])
        self._cross.refit()
        self._daily.profile = Profile(*state["daily"])


@compiled
def _single(
    values: Floats,
    fast: Floats,
    slow: Floats,
    limits: Floats,
    gains: Floats,
    smooth: Floats,
    missing: Floats,
    cells: Floats,
    rows: Floats,
) -> Floats:
    """Write what each sensor says by itself, and return the residuals that T2, Q and the predictions look at."""
    out = np.empty(values.shape)
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            x, cell = values[i, j], cells[i, j]
            z, step = _cut(slow[i, j, Z], _CLIP), _cut(fast[i, j, STEP], _CLIP)
            missing[j] = missing[j] + 1.0 if isnan(x) else 0.0
            cell[_FAST_Z], cell[_SLOW_Z] = _cut(fast[i, j, Z], _WIDEST), _cut(slow[i, j, Z], _WIDEST)
            cell[_SLOW_5] = _smoothed(z, smooth, gains, _TO_5, j)
            cell[_SLOW_20] = _smoothed(z, smooth, gains, _TO_20, j)
            cell[_STEP] = _cut(fast[i, j, STEP], _WIDEST)
            cell[_STEP_5] = _smoothed(abs(step), smooth, gains, _TO_STEP_5, j)
            cell[_NOISE] = log1p(_smoothed(min(step * step, 100.0), smooth, gains, _TO_NOISE, j))
            cell[_RUN] = log1p(slow[i, j, RUN])
            cell[_ZERO] = 1.0 if x == 0.0 and abs(z) > 1.0 else 0.0
            cell[_MISSING] = log1p(missing[j])
            cell[_NOVELTY] = min(slow[i, j, NOVELTY], _WIDEST)
            cell[_BEYOND] = 1.0 if x < limits[j, 0] or x > limits[j, 1] else 0.0
            out[i, j] = _smoothed(z, smooth, gains, _V, j)
            if abs(cell[_SLOW_5]) > 3.0:
                rows[i, _MOVING] += 1.0
    return out


@compiled
def _time_of_day(difference: Floats, slow: Floats, gains: Floats, smooth: Floats, cells: Floats) -> None:
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            off = 0.0 if isnan(difference[i, j]) else _cut(difference[i, j] / slow[i, j, SIGMA], _CLIP)
            cells[i, j, _DAY] = _smoothed(off, smooth, gains, _TO_DAY, j)


@compiled
def _together(errors: Floats, gains: Floats, smooth: Floats, cells: Floats) -> None:
    """Write the prediction errors, and the slow mean of the first of them."""
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            for k in range(errors.shape[2]):
                cells[i, j, _CROSS_0 + k] = _cut(errors[i, j, k], _WIDEST)
            drift = _smoothed(_cut(errors[i, j, 0], 5.0), smooth, gains, _TO_DRIFT, j)
            cells[i, j, _CROSS_0 + errors.shape[2]] = drift


@compiled
def _gaps(times_ns: Ints, last: Ints, cadence: Floats, rows: Floats) -> None:
    """Write the length of the silence before each row, in usual steps, as a logarithm: 0 at the usual cadence."""
    for i in range(len(times_ns)):
        step = 0.0 if last[0] == _NEVER else (times_ns[i] - last[0]) / 1e9
        last[0] = times_ns[i]
        if step > 0.0:
            cadence[0] = step if cadence[0] == 0.0 else cadence[0] + 0.02 * (min(step, 2 * cadence[0]) - cadence[0])
            rows[i, _GAP] = max(log(step / cadence[0]), 0.0)


@compiled
def _smoothed(x: float, smooth: Floats, gains: Floats, which: int, sensor: int) -> float:
    """Return a value smoothed; the memory is what the next row begins with, less its gain."""
    y = gains[which] * x + smooth[which, sensor]
    smooth[which, sensor] = (1.0 - gains[which]) * y
    return float(y)


@compiled
def _cut(x: float, limit: float) -> float:
    return min(max(x, -limit), limit)
