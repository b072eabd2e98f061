"""The feature table: for every row and sensor, scale-free numbers that depend on the past only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import isnan, log, log1p
from typing import Any

import numpy as np

from models.chemistry import PATTERNS
from models.compiled import Records, compiled, numbers_of, records_of
from models.features import cross, daily
from models.features.baseline import (
    BASELINE,
    FAST,
    LEVEL,
    NOVELTY,
    RUN,
    SIGMA,
    SLOW,
    STEP,
    Z,
    memories,
    residual,
)
from models.features.cross import BLOCK_ROWS, HORIZONS, LAGS, take
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
CELL_NAMES = (*_BASE, *(f"cross_{h}" for h in HORIZONS), "drift")
"""Features by sensor: the base, the errors of the predictions, and their slow mean."""
SLOW_5 = _SLOW_5
CELLS = ("slow_5", "cross_0", "step", "noise", "run", "zero", "missing", "beyond", "novelty", "day")
"""Features by sensor that an incident keeps, in its order: the evidence is made of them."""
_KEPT = [CELL_NAMES.index(name) for name in CELLS]
_ROWS = ("t2", "q", "moving", "gap")
ROW_NAMES = _ROWS + PATTERN_NAMES
"""Features of the whole row."""
_MOVING, _GAP = 2, 3
_CLIP = 50.0
_WIDEST = 1e4
"""Every feature is cut here."""

_NEVER = np.iinfo(np.int64).min
"""No row yet: as numpy writes "not a time"."""


@dataclass(frozen=True, slots=True)
class Features:
    """``cells`` has shape (rows, sensors, len(CELL_NAMES)), ``rows`` has shape (rows, len(ROW_NAMES)); no NaN.

    ``levels`` is what each sensor usually shows, in its unit, NaN before its first value; ``at_s`` seconds since 1970;
    ``moved`` what an incident keeps of the rows, shape (rows, sensors, len(CELLS) + 1): the cells, and the level.
    """

    cells: Floats
    rows: Floats
    levels: Floats
    at_s: Floats
    moved: Floats

    def at(self, rows: slice | Ints) -> Features:
        """Return those of some rows."""
        return Features(self.cells[rows], self.rows[rows], self.levels[rows], self.at_s[rows], self.moved[rows])


_SMOOTHED = ("v", "slow_5", "slow_20", "step_5", "noise", "day", "drift")
_V, _TO_5, _TO_20, _TO_STEP_5, _TO_NOISE, _TO_DAY, _TO_DRIFT = range(len(_SMOOTHED))
"""What is exponentially smoothed: rows of ``smooth``; ``v`` is for T2, Q and the predictions."""
_GAINS = 1.0 / np.array([3, 5, 20, 5, 12, 5, 288.0])
"""One through the rows of each memory."""
_PATTERN_CELLS = np.array([CELL_NAMES.index(key) for key in PATTERN_KEYS])


@cache
def memory_type(sensors: int) -> np.dtype[np.void]:
    """Return what is kept of one series of so many sensors: what a row changes, and what the registry says of them."""
    d, f8 = sensors, np.float64
    return np.dtype(
        [
            ("fast", BASELINE, (d,)), ("slow", BASELINE, (d,)), ("smooth", f8, (len(_SMOOTHED), d)),
            ("missing", f8, (d,)), ("last", np.int64), ("cadence", f8), *cross.fields_of(d),
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


def features_of(memory: Records, series: Ints, times: Times, values: Floats) -> Features:
    """Return the features of the next rows of several series of one shape, and advance their memories.

    Row i is of the series ``series[i]``; rows of one series stand together, in order of time. ``values`` has shape
    (rows, sensors) and may hold NaN.
    """
    n, d = values.shape
    values = np.ascontiguousarray(values, dtype=np.float64)
    times_ns = np.ascontiguousarray(times, dtype="datetime64[ns]").view(np.int64)
    cells, rows, levels = np.zeros((n, d, len(CELL_NAMES))), np.zeros((n, len(ROW_NAMES))), np.empty((n, d))
    of_rows: Any = (*(memory[name] for name in _OF_ROWS), FAST, SLOW)

    def fill(part: slice) -> None:
        given: Any = (series[part], times_ns[part], values[part], *of_rows, cells[part], rows[part], levels[part])
        _fill(*given)

    start = 0
    for last in _block_ends(memory["rows"], series):
        # What the sensors say of each other is learnt anew at the end of a block.
        fill(slice(start, last + 1))
        cross.close_block(memory[series[last]])
        start = last + 1
    if start < n:
        fill(slice(start, n))
    moved = np.concatenate([cells[:, :, _KEPT], levels[:, :, None]], axis=2)
    return Features(cells, rows, levels, times_ns / 1e9, moved)


def _block_ends(before: Ints, series: Ints) -> list[int]:
    """Return the places of the rows that fill a block of their series, which has so many rows ``before``."""
    n = len(series)
    if not n or (before[series] % BLOCK_ROWS + n < BLOCK_ROWS).all():
        return []
    begins = np.concatenate(([True], series[1:] != series[:-1]))
    firsts = np.maximum.accumulate(np.where(begins, np.arange(n), 0))
    return np.flatnonzero((before[series] + np.arange(n) - firsts + 1) % BLOCK_ROWS == 0).tolist()


_STORED = ("smooth", "missing", "last", "cadence", "history", "sums", "counts", "slot", *cross.KEPT)


def state_of(memory: np.void) -> list[Any]:
    """Return what is stored of a memory, as numbers and arrays."""
    return [numbers_of(memory["fast"]), numbers_of(memory["slow"]), *(memory[name] for name in _STORED)]


def set_state_of(memory: np.void, state: list[Any]) -> None:
    """Go on from what ``state_of`` returned."""
    fast, slow, *others = state
    memory["fast"], memory["slow"] = records_of(fast, memory["fast"]), records_of(slow, memory["slow"])
    for name, kept in zip(_STORED, others, strict=True):
        memory[name] = kept
    cross.refit(memory)


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
    scales: Floats, usual: Floats, fast_config: Records, slow_config: Records, cells: Floats, rows: Floats,
    levels: Floats,
) -> None:  # fmt: skip
    """Write the features of rows, none of which reaches into another block of its series."""
    d = values.shape[1]
    quick, calm, together = np.zeros(6), np.zeros((d, 6)), np.empty(d)
    day, errors = np.empty(d), np.empty((d, len(HORIZONS)))
    for i in range(len(values)):
        s, x, cell, row = series[i], values[i], cells[i], rows[i]
        for j in range(d):
            quick[:], calm[j] = 0.0, 0.0
            residual(x[j], fast[s, j], fast_config[0], quick)
            residual(x[j], slow[s, j], slow_config[0], calm[j])
            levels[i, j] = calm[j, LEVEL]
            together[j] = _single(x[j], quick, calm[j], limits[s, j], smooth[s], missing[s], j, cell[j], row)
        difference(times_ns[i], x, history[s], sums[s], counts[s], slot[s : s + 1], day)
        errors[:] = 0.0
        take(
            together, recent[s], LAGS + taken[s] % BLOCK_ROWS, whiten[s], outside[s], coefficients[s], scales[s],
            usual[s], row, errors,
        )  # fmt: skip
        taken[s] += 1
        for j in range(d):
            off = 0.0 if isnan(day[j]) else _cut(day[j] / calm[j, SIGMA], _CLIP)
            cell[j, _DAY] = _smoothed(off, smooth[s], _TO_DAY, j)
            for k in range(len(HORIZONS)):
                cell[j, _CROSS_0 + k] = _cut(errors[j, k], _WIDEST)
            slowly = _smoothed(_cut(errors[j, 0], 5.0), smooth[s], _TO_DRIFT, j)
            cell[j, -1] = slowly
        fill_patterns(cell, _PATTERN_CELLS, signs[s], row[len(_ROWS) :])
        row[_GAP] = _gap(times_ns[i], last[s : s + 1], cadence[s : s + 1])
        for k in range(len(row)):
            row[k] = min(row[k], _WIDEST)


@compiled
def _single(
    x: float, fast: Floats, slow: Floats, limits: Floats, smooth: Floats, missing: Floats, j: int, cell: Floats,
    row: Floats,
) -> float:  # fmt: skip
    """Write what a sensor says by itself, and return the residual that T2, Q and the predictions look at."""
    z, step = _cut(slow[Z], _CLIP), _cut(fast[STEP], _CLIP)
    missing[j] = missing[j] + 1.0 if isnan(x) else 0.0
    cell[_FAST_Z], cell[_SLOW_Z] = _cut(fast[Z], _WIDEST), _cut(slow[Z], _WIDEST)
    cell[_SLOW_5] = _smoothed(z, smooth, _TO_5, j)
    cell[_SLOW_20] = _smoothed(z, smooth, _TO_20, j)
    cell[_STEP] = _cut(fast[STEP], _WIDEST)
    cell[_STEP_5] = _smoothed(abs(step), smooth, _TO_STEP_5, j)
    cell[_NOISE] = log1p(_smoothed(min(step * step, 100.0), smooth, _TO_NOISE, j))
    cell[_RUN] = log1p(slow[RUN])
    cell[_ZERO] = 1.0 if x == 0.0 and abs(z) > 1.0 else 0.0
    cell[_MISSING] = log1p(missing[j])
    cell[_NOVELTY] = min(slow[NOVELTY], _WIDEST)
    cell[_BEYOND] = 1.0 if x < limits[0] or x > limits[1] else 0.0
    if abs(cell[_SLOW_5]) > 3.0:
        row[_MOVING] += 1.0
    return _smoothed(z, smooth, _V, j)


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
def _smoothed(x: float, smooth: Floats, which: int, sensor: int) -> float:
    """Return a value smoothed; the memory is what the next row begins with, less its gain."""
    y = _GAINS[which] * x + smooth[which, sensor]
    smooth[which, sensor] = (1.0 - _GAINS[which]) * y
    return float(y)


@compiled
def _cut(x: float, limit: float) -> float:
    return min(max(x, -limit), limit)
