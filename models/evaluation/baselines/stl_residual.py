"""Residual to a daily shape learnt by STL (Cleveland et al. 1990) and to a slow causal level.

STL itself looks into the future. So it only gives the daily shape, from the training series or the head of the series;
the level is a causal exponential mean over a day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from statsmodels.tsa.seasonal import STL

from models.evaluation.baselines.rows import columns_of, filled, head_rows
from models.evaluation.metrics.events import cadence_min
from models.series import Bools, Floats, Result, Series, Times

_SIGMAS = 5.0
"""Robust standard deviations at which an alarm begins."""
_MAX_DAYS = 14
_MAX_PERIOD = 1_440
_DAY_MIN = 1440.0


class StlResidualBaseline:
    """Residual of each sensor to daily shape and level, in robust standard deviations."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], tuple[Floats, Floats]] = {}
        self._by_sensor = False

    def fit(self, train: Sequence[Series]) -> StlResidualBaseline:
        """Learn the shapes of the longest training series with each set of columns."""
        self._by_sensor = any(s.labels is not None and s.labels.ndim == 2 for s in train)
        for series in sorted(train, key=lambda s: len(s.times)):
            self._known[series.targets] = _learnt(series, len(series.times))
        return self

    def run(self, series: Series) -> Result:
        """Judge a series, sensor by sensor."""
        known = None if series.probation_rows else self._known.get(series.targets)
        shapes, sigmas = known or _learnt(series, head_rows(series))
        values = filled(columns_of(series, series.targets))
        slots = _slots(series.times, len(shapes))
        residual = values - shapes[slots]
        severity = np.abs(residual - _level(residual, cadence_min(series.times))) / (_SIGMAS * sigmas)
        if self._by_sensor:
            return Result(severity, np.nan_to_num(severity) > 1.0, series.targets)
        worst: Floats = np.nan_to_num(severity).max(axis=1)
        alarm: Bools = worst > 1.0
        return Result(worst, alarm)


def _learnt(series: Series, rows: int) -> tuple[Floats, Floats]:
    """Return the daily shape (slots, sensors) and the robust scatter (sensors,) of the first ``rows`` rows."""
    cadence = cadence_min(series.times)
    period = int(np.clip(round(_DAY_MIN / cadence), 1, _MAX_PERIOD)) if cadence else 1
    rows = min(rows, period * _MAX_DAYS)
    values = np.nan_to_num(filled(columns_of(series, series.targets)[:rows]))
    slots = _slots(series.times[:rows], period)
    shapes = np.zeros((period, values.shape[1]))
    if period > 1 and len(values) > 2 * period:
        for i in range(values.shape[1]):
            seasonal = STL(values[:, i], period=period, robust=False).fit().seasonal
            counts = np.maximum(np.bincount(slots, minlength=period), 1)
            shapes[:, i] = np.bincount(slots, weights=seasonal, minlength=period) / counts
    residual = values - shapes[slots]
    residual = residual - _level(residual, cadence)
    sigmas = 1.4826 * np.median(np.abs(residual - np.median(residual, axis=0)), axis=0) if len(residual) else 1.0
    floor = 1e-3 * np.maximum(np.abs(values).max(axis=0, initial=0.0), 1e-6)
    return shapes, np.maximum(sigmas, floor)


def _slots(times: Times, period: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    minute = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "m")
    return np.asarray((np.nan_to_num(minute) * period / _DAY_MIN).astype(np.int64) % period)


def _level(values: Floats, cadence: float) -> Floats:
    """Return the exponential mean over a day of the rows before each row."""
    weight = min(1.0, max(cadence, 1.0 / 60.0) / _DAY_MIN * 2.0)
    level = np.empty_like(values)
    state = np.nan_to_num(values[0]) if len(values) else np.zeros(values.shape[1])
    for i, row in enumerate(np.nan_to_num(values)):
        level[i] = state
        state = state + weight * (row - state)
    return level
