"""What the sensors say of each other: Ledoit-Wolf T2/Q and ridge prediction at several horizons.

Both are fitted on the past only, from moments with exponential forgetting, and renewed at fixed row numbers
(``block_rows``), so that scoring row by row and in one go uses the same coefficients for the same row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.series import Floats


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
    settle_rows: float = float("inf")
    """Nothing is learnt after so many rows: for runs that begin with a known good part."""


@dataclass
class CrossState:
    """Moments of the stacked vector [v(t), v(t-h1), ...]; rows of the open block, and the rows before it (the tail)."""

    sensors: int
    rows: int = 0
    weight: float = 0.0
    gram: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    fourth: float = 0.0
    tail: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    pending: Floats = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True, slots=True)
class _Models:
    whiten: Floats
    residual: Floats
    coefficients: tuple[Floats, ...]
    scales: tuple[Floats, ...]
    t2_scale: float
    q_scale: float


class CrossModel:
    """Streaming T2/Q and cross prediction of ``sensors`` residual series."""

    def __init__(self, sensors: int, config: CrossConfig) -> None:
        self.config = config
        lags = max(config.horizons)
        width = sensors * len(config.horizons)
        self.state = CrossState(
            sensors,
            gram=np.zeros((width, width)),
            tail=np.zeros((lags, sensors)),
            pending=np.zeros((0, sensors)),
        )
        self._models: _Models | None = None

    def push(self, v: Floats) -> tuple[Floats, Floats, Floats]:
        """Score rows of residuals, shape (rows, sensors), then learn from them.

        Returns T2 and Q as square roots relative to their usual size, shape (rows,), and prediction errors in usual
        errors, shape (horizons, rows, sensors). All are 0 until the first fit.
        """
        rows, sensors = v.shape
        horizons = len(self.config.horizons)
        t2, q, errors = np.zeros(rows), np.zeros(rows), np.zeros((horizons, rows, sensors))
        start = 0
        while start < rows:
            room = self.config.block_rows - self.state.rows % self.config.block_rows
            stop = min(start + room, rows)
            self._block(v[start:stop], t2[start:stop], q[start:stop], errors[:, start:stop])
            start = stop
        return t2, q, errors

    def _stack(self, v: Floats) -> Floats:
        """Return [v(t), v(t-h1), ...] for the rows of ``v``, which follow the tail and the pending rows."""
        s = self.state
        joined = np.concatenate([s.tail, s.pending, v])
        first = len(joined) - len(v)
        return np.concatenate([joined[first - h : len(joined) - h] for h in self.config.horizons], axis=1)

    def _block(self, v: Floats, t2: Floats, q: Floats, errors: Floats) -> None:
        s, c = self.state, self.config
        wide = np.clip(v, -10 * c.clip, 10 * c.clip)
        if self._models is not None:
            self._score(self._models, self._stack(wide), t2, q, errors)
        s.pending = np.concatenate([s.pending, wide])
        s.rows += len(v)
        if s.rows % c.block_rows == 0:
            rows, s.pending = s.pending, np.zeros((0, s.sensors))
            if s.rows <= c.settle_rows:
                self._learn(np.clip(self._stack(rows), -c.clip, c.clip))
                self._models = self._fit() if s.weight >= c.warm_rows else None
            lags = len(s.tail)
            s.tail = np.concatenate([s.tail, rows])[-lags:] if lags else s.tail

    def refit(self) -> None:
        """Fit again what the restored moments say: they change only when the models do."""
        self._models = self._fit() if self.state.weight >= self.config.warm_rows else None

    def _score(self, m: _Models, stacked: Floats, t2: Floats, q: Floats, errors: Floats) -> None:
        d = self.state.sensors
        now = stacked[:, :d]
        t2[:] = np.sqrt(np.einsum("ij,jk->ik", now, m.whiten).__pow__(2).sum(axis=1) / m.t2_scale)
        q[:] = np.sqrt(np.einsum("ij,jk->ik", now, m.residual).__pow__(2).sum(axis=1) / m.q_scale)
        for k, (coefficients, scale) in enumerate(zip(m.coefficients, m.scales, strict=True)):
            past = stacked[:, k * d : (k + 1) * d]
            errors[k] = (now - np.einsum("ij,jk->ik", past, coefficients)) / scale

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
        return _Models(whiten, residual, tuple(coefficients), tuple(scales), float(d), q_scale)

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
