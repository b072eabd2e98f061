"""The simple charts that a plant would draw by hand: EWMA of each sensor, T² of all, and three terms together.

All look at residuals to a causal adaptive baseline (time constant 72 rows, winsorised, slow during an alarm), in
scatters: on raw values every chart of a water that changes by itself fails. The threshold is what normal rows of the
training series exceed once a day; where there is none, those of the head of the series that is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.evaluation.metrics.events import cadence_min
from models.features.baseline import SLOW, STEP, Z, memories, residuals
from models.series import Floats, Result, Series

_LAMBDA = 0.2
"""Weight of the newest row in the EWMA (Lucas and Saccucci 1990): some five rows confirm."""
_CLIP = 20.0
"""Scatters at which a residual is cut: one wild value is no long alarm."""
_HUGE = 1e12
"""Values are cut here, so that no arithmetic overflows."""
_HEAD = np.timedelta64(3, "D")
_HEAD_MIN, _HEAD_MAX = 200, 10_000
"""Rows of the head that is learnt from where a family names none: three days, whatever the length of the series (else
not causal)."""
_DAY_MIN = 1440.0
_LEAST_LEARNT = 20


Statistics = Callable[[Floats, Floats, bool], Floats]
"""Takes smoothed residuals and jumps (rows, sensors, 2), their covariance, and whether each sensor is judged by itself;
returns the terms of each, shape (rows, sensors, terms)."""


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A chart: a sensor's severity is the mean of its statistics, each in units of its limit; a row's is the worst."""

    statistics: Statistics
    by_sensor: bool = False
    """Whether each sensor is judged by itself: where the labels are by sensor."""
    learnt: Mapping[tuple[str, ...], tuple[Floats, Floats]] = field(default_factory=dict)
    """Covariance and limits of each set of columns."""

    def fit(self, train: Sequence[Series]) -> ControlChart:
        """Return a chart with the scale of each set of columns from the normal rows of the training series."""
        chart = replace(self, by_sensor=any(s.labels is not None and s.labels.ndim == 2 for s in train))
        alike = {columns: [s for s in train if s.targets == columns] for columns in {s.targets for s in train}}
        learnt = {
            columns: chart.limits_of([_parts(s)[~s.labelled] for s in some], cadence_min(some[0].times))
            for columns, some in alike.items()
        }
        return replace(chart, learnt=learnt)

    def run(self, series: Series) -> Result:
        """Judge a series."""
        parts = _parts(series)
        known = None if series.probation_rows else self.learnt.get(series.targets)
        covariance, limits = known or self.limits_of([parts[: _head_rows(series)]], cadence_min(series.times))
        severity = (self.statistics(parts, covariance, self.by_sensor) / limits).mean(axis=2)
        score = np.full(series.values.shape, np.nan)
        score[:, series.target_places] = severity if self.by_sensor else severity.max(axis=1, keepdims=True)
        return Result(score, score > 1.0)

    def limits_of(self, normal: Sequence[Floats], cadence: float) -> tuple[Floats, Floats]:
        """Return covariance and limits by the parts of normal rows, a row each ``cadence`` minutes."""
        covariance = _covariance(np.concatenate([n[:, :, 0] for n in normal]))
        return covariance, _limits([self.statistics(n, covariance, self.by_sensor) for n in normal], cadence)


def ewma(parts: Floats, covariance: Floats, by_sensor: bool) -> Floats:  # noqa: ARG001  the other charts need them
    """Return the EWMA of the residual of each sensor."""
    return np.abs(parts[:, :, :1])


def t2(parts: Floats, covariance: Floats, by_sensor: bool) -> Floats:
    """Return Hotelling's T² of the smoothed residuals, with the covariance of Ledoit and Wolf (2004), at every sensor.

    Of each sensor by itself where they are judged so.
    """
    z = parts[:, :, 0]
    if by_sensor:
        return np.asarray(z**2)[:, :, None]
    whole = (z @ np.linalg.pinv(covariance) * z).sum(axis=1)
    return np.repeat(whole[:, None], z.shape[1], axis=1)[:, :, None]


def three_terms(parts: Floats, covariance: Floats, by_sensor: bool) -> Floats:
    """Return the EWMA, the root of T², and the jump from row to row."""
    whole = np.sqrt(t2(parts, covariance, by_sensor)[:, :, 0])
    return np.stack([np.abs(parts[:, :, 0]), whole, np.abs(parts[:, :, 1])], axis=2)


def _parts(series: Series) -> Floats:
    """Return smoothed residual and jump of each target, in scatters; 0 where nothing is measured."""
    values = series.values[:, series.target_places]
    values = np.clip(np.where(np.isfinite(values), values, np.nan), -_HUGE, _HUGE)
    found = residuals(values, memories(values.shape[1]), SLOW)
    z, step = (np.clip(np.nan_to_num(found[:, :, k]), -_CLIP, _CLIP) for k in (Z, STEP))
    smooth = np.empty_like(z)
    state = np.zeros(z.shape[1])
    for i, row in enumerate(z):
        state = state + _LAMBDA * (row - state)
        smooth[i] = state
    return np.stack([smooth, step], axis=2)


def _head_rows(series: Series) -> int:
    """Return how many rows at the head of a series may be learnt from."""
    if series.probation_rows:
        return series.probation_rows
    within = int(np.count_nonzero(series.times[:_HEAD_MAX] < series.times[0] + _HEAD)) if len(series.times) else 0
    return max(within, _HEAD_MIN)


def _covariance(z: Floats) -> Floats:
    if len(z) < _LEAST_LEARNT:
        return np.eye(z.shape[1])
    from sklearn.covariance import LedoitWolf

    return np.asarray(LedoitWolf(assume_centered=True).fit(z).covariance_) + 1e-6 * np.eye(z.shape[1])


def _limits(terms: Sequence[Floats], cadence: float) -> Floats:
    """Return of each sensor and term what normal rows exceed once a day, all sensors together."""
    rows = np.concatenate(terms)
    if not len(rows):
        return np.ones((1, 1, 1))
    share = min(max(cadence / _DAY_MIN, 1.0 / len(rows)) / rows.shape[1], 0.5)
    return np.asarray(np.maximum(np.quantile(rows, 1.0 - share, axis=0), 1e-6)[None], dtype=np.float64)
