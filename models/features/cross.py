"""What the sensors say of each other: Ledoit-Wolf T2/Q and ridge prediction at several horizons.

Both are fitted on the past only, from moments with exponential forgetting, and renewed at fixed row numbers
(``block_rows``), so that scoring row by row and in one go uses the same coefficients for the same row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from models.compiled import compiled
from models.series import Floats, Ints, Singles


@dataclass(frozen=True, slots=True)
class CrossConfig:
    """Sizes of the cross-sensor models, in rows."""

    horizons: tuple[int, ...] = (0, 5, 10, 20)
    """0 predicts a sensor from the others at the same instant; h > 0 from all sensors h rows before."""
    block_rows: int = 256
    forget_rows: float = 8000.0
    warm_rows: int = 128
    clip: float = 4.0
    """Learning clips residuals here, scoring at ten times as much."""
    ridge: float = 0.05
    """Added variance per predictor (residuals have variance about 1)."""
    components_share: float = 0.8
    """Share of variance of the principal space: T2 is inside it, Q outside."""


@dataclass
class CrossState:
    """Moments of the stacked vector [v(t), v(t-h1), ...], and the rows that are not learnt from yet."""

    sensors: int
    rows: int
    weight: float
    gram: Floats
    fourth: float
    recent: Singles
    """The rows that reach into the open block, then the block; shape (longest horizon + block rows, sensors). Single
    precision is enough, and half the memory: residuals are cut at 40 scatters."""


class _Models(NamedTuple):
    """All that scoring needs. What multiplies the row is held by output: ``coefficients`` (horizons, to, from)."""

    whiten: Floats
    residual: Floats
    coefficients: Floats
    scales: Floats
    t2_scale: float
    q_scale: float


class CrossModel:
    """Streaming T2/Q and cross prediction of ``sensors`` residual series."""

    def __init__(self, sensors: int, config: CrossConfig) -> None:
        self.config = config
        self._horizons = np.array(config.horizons, dtype=np.int64)
        self._lags = max(config.horizons)
        width = sensors * len(config.horizons)
        recent = np.zeros((self._lags + config.block_rows, sensors), dtype=np.float32)
        self.state = CrossState(sensors, 0, 0.0, np.zeros((width, width)), 0.0, recent)
        self._models: _Models | None = None

    def push(self, v: Floats) -> tuple[Floats, Floats]:
        """Score rows of residuals, shape (rows, sensors), then learn from them.

        Returns T2 and Q as square roots relative to their usual size, shape (rows, 2), and prediction errors in usual
        errors, shape (rows, sensors, horizons). All are 0 until the first fit.
        """
        rows, sensors = v.shape
        overall, errors = np.zeros((rows, 2)), np.zeros((rows, sensors, len(self._horizons)))
        start = 0
        while start < rows:
            room = self.config.block_rows - self.state.rows % self.config.block_rows
            stop = min(start + room, rows)
            self._block(v[start:stop], overall[start:stop], errors[start:stop])
            start = stop
        return overall, errors

    def _block(self, v: Floats, overall: Floats, errors: Floats) -> None:
        s, c = self.state, self.config
        first = self._lags + s.rows % c.block_rows
        _keep(v, 10 * c.clip, s.recent[first : first + len(v)])
        if self._models is not None:
            _score(s.recent, first, self._horizons, self._models, overall, errors)
        s.rows += len(v)
        if s.rows % c.block_rows == 0:
            self._learn(np.clip(self._stack().astype(np.float64), -c.clip, c.clip))
            self.refit()
            s.recent[: self._lags] = s.recent[c.block_rows :].copy()

    def _stack(self) -> Floats:
        """Return [v(t), v(t-h1), ...] for the rows of the block."""
        recent = self.state.recent
        return np.concatenate([recent[self._lags - h : len(recent) - h] for h in self.config.horizons], axis=1)

    def refit(self) -> None:
        """Fit again what the restored moments say: they change only when the models do."""
        self._models = self._fit() if self.state.weight >= self.config.warm_rows else None

    def _learn(self, stacked: Floats) -> None:
        s, c = self.state, self.config
        keep = float(np.exp(-len(stacked) / c.forget_rows))
        s.gram = s.gram * keep + stacked.T @ stacked
        squares = (stacked[:, : s.sensors] ** 2).sum(axis=1)
        s.fourth = s.fourth * keep + float((squares**2).sum())
        s.weight = s.weight * keep + len(stacked)

    def _fit(self) -> _Models:
        s, c = self.state, self.config
        d = s.sensors
        moments = s.gram / s.weight
        covariance = self._shrunk(moments[:d, :d])
        eigenvalues, vectors = np.linalg.eigh(covariance)
        order = np.argsort(eigenvalues)[::-1]
        eigenvalues, vectors = np.maximum(eigenvalues[order], 1e-6), vectors[:, order]
        share = np.cumsum(eigenvalues) / eigenvalues.sum()
        kept = min(int(np.searchsorted(share, c.components_share)) + 1, d)
        whiten = vectors / np.sqrt(eigenvalues)
        residual = vectors[:, kept:] @ vectors[:, kept:].T if kept < d else np.zeros((d, d))
        coefficients, scales = [], []
        for k, horizon in enumerate(c.horizons):
            b, scale = self._ridge(moments, k, horizon == 0)
            coefficients.append(b)
            scales.append(scale)
        q_scale = max(float(eigenvalues[kept:].sum()), 1e-3)
        by_output = np.ascontiguousarray(np.stack(coefficients).transpose(0, 2, 1))
        return _Models(np.ascontiguousarray(whiten.T), residual, by_output, np.stack(scales), float(d), q_scale)

    def _shrunk(self, covariance: Floats) -> Floats:
        """Ledoit and Wolf (2004), J. Multivariate Analysis 88, from running second and fourth moments."""
        s = self.state
        d = s.sensors
        mu = float(np.trace(covariance)) / d
        delta = float(((covariance - mu * np.eye(d)) ** 2).sum())
        # Residuals are autocorrelated: rows are worth about a tenth of independent ones.
        beta = max(s.fourth / s.weight - float((covariance**2).sum()), 0.0) / max(s.weight / 10.0, 1.0)
        share = min(beta / delta, 1.0) if delta > 0 else 1.0
        return np.asarray((1 - share) * covariance + (share * mu + 1e-3) * np.eye(d))

    def _ridge(self, moments: Floats, k: int, same_time: bool) -> tuple[Floats, Floats]:
        d, ridge = self.state.sensors, self.config.ridge
        now, past = slice(0, d), slice(k * d, (k + 1) * d)
        coefficients: Floats = np.zeros((d, d))
        if same_time:
            for i in range(d):
                others = np.array([j for j in range(d) if j != i], dtype=int)
                if len(others):
                    a = moments[np.ix_(others, others)] + ridge * np.eye(d - 1)
                    coefficients[others, i] = np.linalg.solve(a, moments[others, i])
        else:
            coefficients = np.asarray(np.linalg.solve(moments[past, past] + ridge * np.eye(d), moments[past, now]))
        b = coefficients
        variance = (
            np.diag(moments[now, now])
            - 2 * np.einsum("ji,ji->i", b, moments[past, now])
            + np.einsum("ji,jk,ki->i", b, moments[past, past], b)
        )
        return b, np.sqrt(np.maximum(variance, 0.02))


@compiled
def _keep(v: Floats, clip: float, recent: Singles) -> None:
    for i in range(v.shape[0]):
        for j in range(v.shape[1]):
            recent[i, j] = min(max(v[i, j], -clip), clip)


@compiled
def _score(recent: Singles, first: int, horizons: Ints, m: _Models, overall: Floats, errors: Floats) -> None:
    """Write T2, Q and prediction errors of the rows of ``recent`` from ``first`` on."""
    sensors = recent.shape[1]
    for i in range(len(errors)):
        now = recent[first + i]
        t2 = q = 0.0
        for j in range(sensors):
            t2 += _dot(now, m.whiten[j]) ** 2
            q += _dot(now, m.residual[j]) ** 2
        overall[i, 0], overall[i, 1] = sqrt(t2 / m.t2_scale), sqrt(q / m.q_scale)
        for k in range(len(horizons)):
            past = recent[first + i - horizons[k]]
            for j in range(sensors):
                errors[i, j, k] = (now[j] - _dot(past, m.coefficients[k, j])) / m.scales[k, j]


@compiled
def _dot(a: Singles, b: Floats) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total
