"""The feature table: for every row and sensor, scale-free numbers that depend on the past only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import isnan, log, log1p
from typing import Any

import numpy as np

from models.chemistry import PATTERNS
from models.compiled import Records, compiled, numbers_of, record_of, records_of
from models.features import cross, daily
from models.features.baseline import (
    BASELINE,
    LEVEL,
    NOVELTY,
    RUN,
    SIGMA,
    STEP,
    BaselineConfig,
    Z,
    memories,
    residual,
)
from models.features.cross import CrossConfig, CrossModel, take
from models.features.daily import difference
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
CELLS = ("slow_5", "cross_0", "step", "noise", "run", "zero", "missing", "beyond", "novelty", "day")
"""Features by sensor that an incident keeps, in its order: the evidence is made of them."""
_ROWS = ("t2", "q", "moving", "gap")
_ROW_NAMES = _ROWS + PATTERN_NAMES
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

    ``levels`` is what each sensor usually shows, in its unit, NaN before its first value; ``at_s`` seconds since 1970;
    ``moved`` what an incident keeps of the rows, shape (rows, sensors, len(CELLS) + 1): the cells, and the level.
    """

    cells: Floats
    rows: Floats
    levels: Floats
    at_s: Floats
    cell_names: tuple[str, ...]
    row_names: tuple[str, ...]
    moved: Floats

    def at(self, rows: slice | Ints) -> Features:
        """Return those of some rows."""
        arrays = self.cells[rows], self.rows[rows], self.levels[rows], self.at_s[rows]
        return Features(*arrays, self.cell_names, self.row_names, self.moved[rows])


_SMOOTHED = ("v", "slow_5", "slow_20", "step_5", "noise", "day", "drift")
_V, _TO_5, _TO_20, _TO_STEP_5, _TO_NOISE, _TO_DAY, _TO_DRIFT = range(len(_SMOOTHED))
"""What is exponentially smoothed: rows of ``smooth``; ``v`` is for T2, Q and the predictions."""


@cache
def memory_type(sensors: int, config: FeatureConfig) -> np.dtype[np.void]:
    """Return what is kept of one series of so many sensors: what a row changes, and what the registry says of them."""
    d, f8 = sensors, np.float64
    return np.dtype(
        [
            ("fast", BASELINE, (d,)), ("slow", BASELINE, (d,)), ("smooth", f8, (len(_SMOOTHED), d)),
            ("missing", f8, (d,)), ("last", np.int64), ("cadence", f8), *cross.fields_of(d, config.cross),
            *daily.fields_of(d), ("limits", f8, (d, 2)), ("signs", f8, (len(PATTERNS), d)),
        ],
        align=True,
    )  # fmt: skip


def begin(memory: np.void, columns: tuple[str, ...], limits: Floats | None = None) -> None:
    """Make a memory that of a series without rows."""
    memory["fast"] = memory["slow"] = memories(len(columns))
    memory["history"], memory["slot"], memory["last"], memory["scales"] = np.nan, -1, _NEVER, 1.0
    memory["limits"] = (-np.inf, np.inf) if limits is None else limits
    memory["signs"] = signs_of(columns)


def features_of(memory: Records, config: FeatureConfig, series: Ints, times: Times, values: Floats) -> Features:
    """Return the features of the next rows of several series of one shape, and advance their memories.

    Row i is of the series ``series[i]``; rows of one series stand together, in order of time. ``values`` has shape
    (rows, sensors) and may hold NaN.
    """
    n, d = values.shape
    values = np.ascontiguousarray(values, dtype=np.float64)
    times_ns = np.ascontiguousarray(times, dtype="datetime64[ns]").view(np.int64)
    names = _cell_names(config)
    cells, rows, levels = np.zeros((n, d, len(names))), np.zeros((n, len(_ROW_NAMES))), np.empty((n, d))
    of_rows: Any = (*(memory[name] for name in _OF_ROWS), *_constants(config))

    def fill(part: slice) -> None:
        given: Any = (series[part], times_ns[part], values[part], *of_rows, cells[part], rows[part], levels[part])
        _fill(*given)

    start = 0
    for last in _block_ends(memory["rows"], series, config.cross.block_rows):
        # What the sensors say of each other is learnt anew at the end of a block.
        fill(slice(start, last + 1))
        CrossModel(memory[series[last]], config.cross).close_block()
        start = last + 1
    if start < n:
        fill(slice(start, n))
    moved = np.zeros((n, d, len(CELLS) + 1))
    _pick(cells, levels, _kept(names), moved)
    return Features(cells, rows, levels, times_ns / 1e9, names, _ROW_NAMES, moved)


def _block_ends(before: Ints, series: Ints, block_rows: int) -> list[int]:
    """Return the places of the rows that fill a block of their series, which has so many rows ``before``."""
    n = len(series)
    if not n or (before[series] % block_rows + n < block_rows).all():
        return []
    begins = np.concatenate(([True], series[1:] != series[:-1]))
    firsts = np.maximum.accumulate(np.where(begins, np.arange(n), 0))
    return np.flatnonzero((before[series] + np.arange(n) - firsts + 1) % block_rows == 0).tolist()


def state_of(memory: np.void, config: FeatureConfig) -> dict[str, Any]:
    """Return what is stored of a memory, as numbers, lists and arrays."""
    return {
        "baselines": [numbers_of(memory["fast"]), numbers_of(memory["slow"])],
        "smooth": memory["smooth"],
        "missing": memory["missing"],
        "last": np.array([memory["last"]]),
        "cadence": np.array([memory["cadence"]]),
        "cross": CrossModel(memory, config.cross).state(),
        "daily": [memory["history"], memory["sums"], memory["counts"], np.array([memory["slot"]])],
    }


def set_state_of(memory: np.void, config: FeatureConfig, state: dict[str, Any]) -> None:
    """Go on from what ``state_of`` returned."""
    for name, numbers in zip(("fast", "slow"), state["baselines"], strict=True):
        memory[name] = records_of(numbers, memory[name])
    memory["smooth"], memory["missing"] = state["smooth"], state["missing"]
    (memory["last"],), (memory["cadence"],) = state["last"], state["cadence"]
    CrossModel(memory, config.cross).set_state(state["cross"])
    memory["history"], memory["sums"], memory["counts"], (memory["slot"],) = state["daily"]


@cache
def _cell_names(config: FeatureConfig) -> tuple[str, ...]:
    return _BASE + tuple(f"cross_{h}" for h in config.cross.horizons) + ("drift",)


@cache
def _kept(names: tuple[str, ...]) -> Ints:
    return np.array([names.index(name) if name in names else -1 for name in CELLS])


@cache
def _constants(config: FeatureConfig) -> tuple[Any, ...]:
    """Return what ``_fill`` takes after the memories: the same for every series."""
    keys = np.array([_BASE.index(key) for key in PATTERN_KEYS])
    gains = 1.0 / np.array([config.smooth_rows, 5, 20, 5, 12, 5, config.drift_rows])
    horizons = np.array(config.cross.horizons, dtype=np.int64)
    return record_of(config.fast), record_of(config.slow), gains, keys, horizons, 10 * config.cross.clip


_OF_ROWS = (
    "fast", "slow", "smooth", "missing", "last", "cadence", "history", "sums", "counts", "slot", "limits", "signs",
    "rows", "recent", "whiten", "residual", "coefficients", "scales", "usual",
)  # fmt: skip
"""The fields of the memory that ``_fill`` takes, in its order."""


@compiled
def _fill(
    series: Ints, times_ns: Ints, values: Floats, fast: Records, slow: Records, smooth: Floats, missing: Floats,
    last: Ints, cadence: Floats, history: Singles, sums: Floats, counts: Floats, slot: Ints, limits: Floats,
    signs: Floats, taken: Ints, recent: Singles, whiten: Floats, outside: Floats, coefficients: Floats,
    scales: Floats, usual: Floats, fast_config: Records, slow_config: Records, gains: Floats, keys: Ints,
    horizons: Ints, clip: float, cells: Floats, rows: Floats, levels: Floats,
) -> None:  # fmt: skip
    """Write the features of rows, none of which reaches into another block of its series."""
    d = values.shape[1]
    lags = horizons.max()
    block = recent.shape[1] - lags
    quick, calm, together = np.zeros(6), np.zeros((d, 6)), np.empty(d)
    day, errors = np.empty(d), np.empty((d, len(horizons)))
    for i in range(len(values)):
        s, x, cell, row = series[i], values[i], cells[i], rows[i]
        for j in range(d):
            quick[:], calm[j] = 0.0, 0.0
            residual(x[j], fast[s, j], fast_config[0], quick)
            residual(x[j], slow[s, j], slow_config[0], calm[j])
            levels[i, j] = calm[j, LEVEL]
            together[j] = _single(x[j], quick, calm[j], limits[s, j], gains, smooth[s], missing[s], j, cell[j], row)
        difference(times_ns[i], x, history[s], sums[s], counts[s], slot[s : s + 1], day)
        errors[:] = 0.0
        take(
            together, clip, recent[s], lags + taken[s] % block, horizons, whiten[s], outside[s], coefficients[s],
            scales[s], usual[s], row, errors,
        )  # fmt: skip
        taken[s] += 1
        for j in range(d):
            off = 0.0 if isnan(day[j]) else _cut(day[j] / calm[j, SIGMA], _CLIP)
            cell[j, _DAY] = _smoothed(off, smooth[s], gains, _TO_DAY, j)
            for k in range(len(horizons)):
                cell[j, _CROSS_0 + k] = _cut(errors[j, k], _WIDEST)
            slowly = _smoothed(_cut(errors[j, 0], 5.0), smooth[s], gains, _TO_DRIFT, j)
            cell[j, _CROSS_0 + len(horizons)] = slowly
        fill_patterns(cell, keys, signs[s], row[len(_ROWS) :])
        row[_GAP] = _gap(times_ns[i], last[s : s + 1], cadence[s : s + 1])
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
def _pick(cells: Floats, levels: Floats, places: Ints, out: Floats) -> None:
    """Write the features at ``places`` (-1: none, 0), then the levels: (rows, sensors, all)."""
    for i in range(len(cells)):
        for j in range(cells.shape[1]):
            for k in range(len(places)):
                if places[k] >= 0:
                    out[i, j, k] = cells[i, j, places[k]]
            out[i, j, len(places)] = levels[i, j]


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
