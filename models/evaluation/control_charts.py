"""The simple charts that a plant would draw by hand: EWMA of each sensor, T² of all, and three terms together.

All look at residuals to a causal adaptive baseline (time constant 72 rows, winsorised, slow during an alarm), in
scatters: on raw values every chart of a water that changes by itself fails. The threshold is what normal rows of the
training series exceed once a day; where there is none, those of the head of the series that is judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.compiled import record_of
from models.evaluation.metrics.events import cadence_min
from models.features.baseline import STEP, BaselineConfig, Z, memories, residuals
from models.series import Bools, Floats, Result, Series, by_row

_BASELINE = BaselineConfig(level_rows=72, scatter_rows=864, cap_rows=72)
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


@dataclass(slots=True)
class _Chart:
    """A chart: statistics of each sensor (``_terms``) in units of their limits, put together (``_joined``)."""

    by_sensor: bool = False
    """Whether each sensor is judged by itself: where the labels are by sensor."""
    learnt: dict[tuple[str, ...], tuple[Floats, Floats]] = field(default_factory=dict)
    """Covariance and limits of each set of columns."""

    def fit(self, train: Sequence[Series]) -> _Chart:
        """Return a chart with the scale of each set of columns from the normal rows of the training series."""
        fitted = type(self)(any(s.labels is not None and s.labels.ndim == 2 for s in train))
        for columns in {s.targets for s in train}:
            alike = [s for s in train if s.targets == columns]
            normal = [_normal(s, _parts(s)) for s in alike]
            fitted.learnt[columns] = fitted.learn(normal, cadence_min(alike[0].times))
        return fitted

    def run(self, series: Series) -> Result:
        """Judge a series."""
        parts = _parts(series)
        learnt = None if series.probation_rows else self.learnt.get(series.targets)
        covariance, limits = learnt or self.learn([parts[: _head_rows(series)]], cadence_min(series.times))
        severity = self._joined(self._terms(parts, covariance) / limits)
        if not self.by_sensor:
            severity = severity.max(axis=1)
        alarm: Bools = severity > 1.0
        return Result(severity, alarm, series.targets) if self.by_sensor else Result(severity, alarm)

    def learn(self, normal: Sequence[Floats], cadence: float) -> tuple[Floats, Floats]:
        """Return covariance and limits by the parts of normal rows, a row each ``cadence`` minutes."""
        covariance = _covariance(np.concatenate([n[:, :, 0] for n in normal]))
        return covariance, _limits([self._terms(n, covariance) for n in normal], cadence)

    def _terms(self, parts: Floats, covariance: Floats) -> Floats:
        """Return the statistics, shape (rows, sensors, terms)."""
        raise NotImplementedError

    def _joined(self, terms: Floats) -> Floats:
        """Return one number a row and sensor, 1 at the threshold."""
        return np.asarray(terms.max(axis=2))


class EwmaChart(_Chart):
    """EWMA of the residual of each sensor."""

    def _terms(self, parts: Floats, covariance: Floats) -> Floats:  # noqa: ARG002  the other charts need it
        return np.abs(parts[:, :, :1])


class T2Chart(_Chart):
    """Hotelling's T² of the smoothed residuals with the covariance of Ledoit and Wolf (2004)."""

    def _terms(self, parts: Floats, covariance: Floats) -> Floats:
        return _t2(parts[:, :, 0], covariance, by_sensor=self.by_sensor)[:, :, None]


class ThreeTermsChart(_Chart):
    """EWMA, T² and the jump from row to row, each in units of its own limit; their mean."""

    def _terms(self, parts: Floats, covariance: Floats) -> Floats:
        whole = np.sqrt(_t2(parts[:, :, 0], covariance, by_sensor=self.by_sensor))
        return np.stack([np.abs(parts[:, :, 0]), whole, np.abs(parts[:, :, 1])], axis=2)

    def _joined(self, terms: Floats) -> Floats:
        return np.asarray(terms.mean(axis=2))


def _t2(z: Floats, covariance: Floats, *, by_sensor: bool) -> Floats:
    """Return T² of each row, at every sensor; of each sensor by itself where the labels are by sensor."""
    if by_sensor:
        return np.asarray(z**2)
    t2 = (z @ np.linalg.pinv(covariance) * z).sum(axis=1)
    return np.repeat(t2[:, None], z.shape[1], axis=1)


def _parts(series: Series) -> Floats:
    """Return smoothed residual and jump of each target, in scatters; 0 where nothing is measured."""
    values = series.values[:, series.target_places]
    values = np.clip(np.where(np.isfinite(values), values, np.nan), -_HUGE, _HUGE)
    found = residuals(values, memories(values.shape[1]), record_of(_BASELINE))
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


def _normal(series: Series, parts: Floats) -> Floats:
    if series.labels is None:
        return parts
    return parts[~by_row(series.labels)]


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
