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


class Relations(NamedTuple):
    """All that scoring needs. What multiplies the row is held by output: ``coefficients`` (horizons, to, from)."""

    whiten: Floats
    residual: Floats
    coefficients: Floats
    scales: Floats
    usual: Floats
    """Usual squares of T2 and Q; 0 before the first fit."""


class CrossModel:
    """Streaming T2/Q and cross prediction of ``sensors`` residual series."""

    def __init__(self, sensors: int, config: CrossConfig) -> None:
        self.config = config
        self.horizons = np.array(config.horizons, dtype=np.int64)
        self.lags = max(config.horizons)
        h = len(config.horizons)
        recent = np.zeros((self.lags + config.block_rows, sensors), dtype=np.float32)
        self.state = CrossState(sensors, 0, 0.0, np.zeros((sensors * h, sensors * h)), 0.0, recent)
        square = np.zeros((sensors, sensors))
        self._nothing = Relations(square, square, np.zeros((h, sensors, sensors)), np.ones((h, sensors)), np.zeros(2))
        self.relations = self._nothing

    @property
    def place(self) -> int:
        """Where the next row goes in ``recent``."""
        return self.lags + self.state.rows % self.config.block_rows

    @property
    def room(self) -> int:
        """Rows until the open block is full."""
        return self.config.block_rows - self.state.rows % self.config.block_rows

    def keep(self, rows: int) -> None:
        """Note that so many rows, no more than there was room for, have been written to ``recent``."""
        s, c = self.state, self.config
        s.rows += rows
        if s.rows % c.block_rows == 0:
            self._learn(np.clip(self._stack().astype(np.float64), -c.clip, c.clip))
            self.refit()
            s.recent[: self.lags] = s.recent[c.block_rows :].copy()

    def _stack(self) -> Floats:
        """Return [v(t), v(t-h1), ...] for the rows of the block."""
        recent = self.state.recent
        return np.concatenate([recent[self.lags - h : len(recent) - h] for h in self.config.horizons], axis=1)

    def refit(self) -> None:
        """Fit again what the restored moments say: they change only when the models do."""
        self.relations = self._fit() if self.state.weight >= self.config.warm_rows else self._nothing

    def _learn(self, stacked: Floats) -> None:
        s, c = self.state, self.config
        keep = float(np.exp(-len(stacked) / c.forget_rows))
        s.gram = s.gram * keep + stacked.T @ stacked
        squares = (stacked[:, : s.sensors] ** 2).sum(axis=1)
        s.fourth = s.fourth * keep + float((squares**2).sum())
        s.weight = s.weight * keep + len(stacked)

    def _fit(self) -> Relations:
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
        usual = np.array([float(d), q_scale])
        return Relations(np.ascontiguousarray(whiten.T), residual, by_output, np.stack(scales), usual)

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
def take(
    residual: Floats, clip: float, recent: Singles, at: int, horizons: Ints, whiten: Floats, outside: Floats,
    coefficients: Floats, scales: Floats, usual: Floats, overall: Floats, errors: Floats,
) -> None:  # fmt: skip
    """Put the residuals of a row at its place in ``recent``, and write what they say of each other.

    That is T2 and Q as square roots relative to their usual size, and prediction errors in usual errors, shape
    (sensors, horizons); all stay 0 until the first fit.
    """
    now = recent[at]
    sensors = len(now)
    for j in range(sensors):
        now[j] = min(max(residual[j], -clip), clip)
    if usual[0] == 0.0:
        return
    t2 = q = 0.0
    for j in range(sensors):
        t2 += _dot(now, whiten[j]) ** 2
        q += _dot(now, outside[j]) ** 2
    overall[0], overall[1] = sqrt(t2 / usual[0]), sqrt(q / usual[1])
    for k in range(len(horizons)):
        past = recent[at - horizons[k]]
        for j in range(sensors):
            errors[j, k] = (now[j] - _dot(past, coefficients[k, j])) / scales[k, j]


@compiled
def _dot(a: Singles, b: Floats) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total
