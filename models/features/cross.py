"""What the sensors say of each other: Ledoit-Wolf T2/Q and ridge prediction at several horizons.

Both are fitted on the past only, from moments with exponential forgetting, and renewed at fixed row numbers
(``block_rows``), so that scoring row by row and in one go uses the same coefficients for the same row.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

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


def fields_of(sensors: int, config: CrossConfig) -> list[Any]:
    """Return the fields of the memory of one series.

    ``gram`` and ``fourth`` are moments of the stacked vector [v(t), v(t-h1), ...] over ``weight`` rows. ``recent`` has
    the rows that reach into the open block, then the block; single precision is enough, and half the memory: residuals
    are cut at 40 scatters. The rest is what scoring needs, fitted from them; what multiplies the row is held by output:
    ``coefficients`` is (horizons, to, from). ``usual`` are the usual squares of T2 and Q, 0 before the first fit.
    """
    d, h = sensors, len(config.horizons)
    return [
        ("rows", np.int64), ("weight", np.float64), ("gram", np.float64, (d * h, d * h)), ("fourth", np.float64),
        ("recent", np.float32, (max(config.horizons) + config.block_rows, d)),
        ("whiten", np.float64, (d, d)), ("residual", np.float64, (d, d)), ("coefficients", np.float64, (h, d, d)),
        ("scales", np.float64, (h, d)), ("usual", np.float64, (2,)),
    ]  # fmt: skip


_KEPT = ("rows", "weight", "gram", "fourth", "recent")
"""What is stored; the rest is fitted again."""


class CrossModel:
    """Learns and fits what the sensors of one series say of each other; writes into the memory that it is given."""

    def __init__(self, memory: np.void, config: CrossConfig) -> None:
        self.config, self._memory = config, memory
        self._sensors = memory["recent"].shape[1]

    def close_block(self) -> None:
        """Learn from the block, which is full, and begin another."""
        c, recent = self.config, self._memory["recent"]
        self._learn(np.clip(self._stack().astype(np.float64), -c.clip, c.clip))
        self.refit()
        recent[: max(c.horizons)] = recent[c.block_rows :].copy()

    def _stack(self) -> Floats:
        """Return [v(t), v(t-h1), ...] for the rows of the block."""
        recent, lags = self._memory["recent"], max(self.config.horizons)
        return np.concatenate([recent[lags - h : len(recent) - h] for h in self.config.horizons], axis=1)

    def refit(self) -> None:
        """Fit again what the moments say: they change only when the models do."""
        if self._memory["weight"] >= self.config.warm_rows:
            self._fit()
        else:
            self._memory["usual"] = 0.0

    def state(self) -> dict[str, Any]:
        """Return what is stored."""
        m = self._memory
        kept = {name: m[name] if m[name].shape else m[name].item() for name in _KEPT}
        return {"sensors": self._sensors, **kept}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        for name in _KEPT:
            self._memory[name] = state[name]
        self.refit()

    def _learn(self, stacked: Floats) -> None:
        m, c = self._memory, self.config
        keep = float(np.exp(-len(stacked) / c.forget_rows))
        m["gram"] = m["gram"] * keep + stacked.T @ stacked
        squares = (stacked[:, : self._sensors] ** 2).sum(axis=1)
        m["fourth"] = m["fourth"] * keep + float((squares**2).sum())
        m["weight"] = m["weight"] * keep + len(stacked)

    def _fit(self) -> None:
        m, c, d = self._memory, self.config, self._sensors
        moments = m["gram"] / m["weight"]
        covariance = self._shrunk(moments[:d, :d])
        eigenvalues, vectors = np.linalg.eigh(covariance)
        order = np.argsort(eigenvalues)[::-1]
        eigenvalues, vectors = np.maximum(eigenvalues[order], 1e-6), vectors[:, order]
        share = np.cumsum(eigenvalues) / eigenvalues.sum()
        kept = min(int(np.searchsorted(share, c.components_share)) + 1, d)
        m["whiten"] = (vectors / np.sqrt(eigenvalues)).T
        m["residual"] = vectors[:, kept:] @ vectors[:, kept:].T if kept < d else 0.0
        for k, horizon in enumerate(c.horizons):
            b, m["scales"][k] = self._ridge(moments, k, horizon == 0)
            m["coefficients"][k] = b.T
        m["usual"] = d, max(float(eigenvalues[kept:].sum()), 1e-3)

    def _shrunk(self, covariance: Floats) -> Floats:
        """Ledoit and Wolf (2004), J. Multivariate Analysis 88, from running second and fourth moments."""
        m, d = self._memory, self._sensors
        mu = float(np.trace(covariance)) / d
        delta = float(((covariance - mu * np.eye(d)) ** 2).sum())
        # Residuals are autocorrelated: rows are worth about a tenth of independent ones.
        beta = max(m["fourth"] / m["weight"] - float((covariance**2).sum()), 0.0) / max(m["weight"] / 10.0, 1.0)
        share = min(beta / delta, 1.0) if delta > 0 else 1.0
        return np.asarray((1 - share) * covariance + (share * mu + 1e-3) * np.eye(d))

    def _ridge(self, moments: Floats, k: int, same_time: bool) -> tuple[Floats, Floats]:
        d, ridge = self._sensors, self.config.ridge
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
