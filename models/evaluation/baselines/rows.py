"""What the row-wise baselines share: causal filling, where they learn, and a threshold from a false-alarm budget.

A baseline learns from the normal rows of the training series with the same columns; where there is none, or where the
family says which rows a file begins with, it learns from the head of the series that it judges. The threshold is the
score that normal rows exceed once a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.evaluation.metrics.events import cadence_min
from models.series import Bools, Floats, Result, Series

LAGS = 8
"""Values a row is made of when there is only one column: a single number has no shape to be odd in."""
MAX_ROWS = 20_000
"""Rows a baseline learns from at most, evenly taken: more changes no figure and costs minutes."""
_HEAD = np.timedelta64(3, "D")
_HEAD_MIN, _HEAD_MAX = 200, 10_000
"""Rows of the head where a family names none: three days, whatever the length of the series (else not causal)."""
_DAY_MIN = 1440.0


class RowModel(Protocol):
    """Learns what normal rows look like and gives each row a number, higher being odder."""

    def fit(self, rows: Floats) -> None:
        """Learn from normal rows without NaN."""
        ...

    def score(self, rows: Floats) -> Floats:
        """Return one number a row."""
        ...


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A model with its scale: where its scores lie on normal rows, and where an alarm begins."""

    model: RowModel
    centre: Floats
    spread: Floats
    usual: float
    threshold: float

    def severity(self, values: Floats) -> Floats:
        """Return the score of each row, 0 at the usual score of normal rows and 1 at the threshold."""
        rows = embedded((filled(values) - self.centre) / self.spread)
        missing = np.isnan(values).all(axis=1)
        width = max(self.threshold - self.usual, 1e-9)
        severity: Floats = (self.model.score(np.nan_to_num(rows)) - self.usual) / width
        return np.where(missing, np.nan, severity)


class RowBaseline:
    """Wraps a row model as a detector of series."""

    def __init__(self, build: Callable[[], RowModel]) -> None:
        self._build = build
        self._known: dict[tuple[str, ...], Calibrated] = {}
        self._by_sensor = False

    def fit(self, train: Sequence[Series]) -> RowBaseline:
        """Learn one model for each set of columns (for each sensor, where the labels are by sensor)."""
        self._by_sensor = any(s.labels is not None and s.labels.ndim == 2 for s in train)
        parts: dict[tuple[str, ...], list[tuple[Floats, float]]] = {}
        for series in train:
            for columns in self._groups(series):
                parts.setdefault(columns, []).append((_normal_rows(series, columns), cadence_min(series.times)))
        for columns, pieces in parts.items():
            values = np.concatenate([rows for rows, _ in pieces])
            self._known[columns] = calibrate(self._build(), values, pieces[0][1])
        return self

    def run(self, series: Series) -> Result:
        """Judge a series."""
        parts = {columns: self._severity(series, columns) for columns in self._groups(series)}
        if not self._by_sensor:
            score = parts[series.targets]
            return Result(score, np.nan_to_num(score) > 1.0)
        score = np.full((len(series.times), len(series.columns)), np.nan)
        for (sensor,), severity in parts.items():
            score[:, series.columns.index(sensor)] = severity
        return Result(score, np.nan_to_num(score) > 1.0, series.columns)

    def _groups(self, series: Series) -> list[tuple[str, ...]]:
        return [(c,) for c in series.targets] if self._by_sensor else [series.targets]

    def _severity(self, series: Series, columns: tuple[str, ...]) -> Floats:
        values = columns_of(series, columns)
        calibrated = None if series.probation_rows else self._known.get(columns)
        if calibrated is None:
            calibrated = calibrate(self._build(), values[: head_rows(series)], cadence_min(series.times))
        return calibrated.severity(values)


def head_rows(series: Series) -> int:
    """Return how many rows at the head of a series may be learnt from."""
    if series.probation_rows:
        return series.probation_rows
    within = int(np.count_nonzero(series.times[:_HEAD_MAX] < series.times[0] + _HEAD)) if len(series.times) else 0
    return max(within, _HEAD_MIN)


def columns_of(series: Series, columns: Sequence[str]) -> Floats:
    """Return some columns of a series, absurd numbers cut so that no arithmetic overflows."""
    picked = series.values[:, [series.columns.index(c) for c in columns]]
    return np.clip(np.where(np.isfinite(picked), picked, np.nan), -1e12, 1e12)


def calibrate(model: RowModel, values: Floats, cadence: float) -> Calibrated:
    """Fit a model on normal rows and take its threshold from the budget of one alarmed row a day."""
    step = max(1, len(values) // MAX_ROWS)
    full = filled(values)
    seen = [column[~np.isnan(column)] for column in full.T]
    centre = np.array([np.median(column) if len(column) else 0.0 for column in seen])
    spread = np.array([np.std(column) if len(column) else 0.0 for column in seen])
    spread = np.where(spread > 1e-9, spread, 1.0)
    rows = np.nan_to_num(embedded((full - centre) / spread))[::step]
    if len(rows) < 2:
        rows = np.zeros((2, rows.shape[1]))
    model.fit(rows)
    scores = model.score(rows)
    share = max(cadence / _DAY_MIN, 1.0 / len(rows))
    return Calibrated(
        model, centre, spread, float(np.median(scores)), float(np.quantile(scores, 1.0 - min(share, 0.5)))
    )


def filled(values: Floats) -> Floats:
    """Return values with each gap holding the last value before it (causal; a gap at the head stays)."""
    index = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    np.maximum.accumulate(index, axis=0, out=index)
    return np.take_along_axis(values, index, axis=0)


def embedded(rows: Floats) -> Floats:
    """Return rows as they are, or, for one column, each value with the ``LAGS`` - 1 before it."""
    if rows.shape[1] != 1 or not len(rows):
        return rows
    padded = np.concatenate((np.repeat(rows[:1, 0], LAGS - 1), rows[:, 0]))
    return np.lib.stride_tricks.sliding_window_view(padded, LAGS).copy()


def _normal_rows(series: Series, columns: tuple[str, ...]) -> Floats:
    values = columns_of(series, columns)
    if series.labels is None:
        return values
    picked = [series.columns.index(c) for c in columns]
    by_sensor = series.labels.ndim == 2
    labelled: Bools = np.asarray(series.labels[:, picked].any(axis=1)) if by_sensor else series.labels
    return values[~labelled]
