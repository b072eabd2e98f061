"""What the sensors say of each other: Ledoit-Wolf T2/Q and ridge prediction at several horizons.

Both are fitted on the past only, from moments with exponential forgetting, and renewed at fixed row numbers
(``BLOCK_ROWS``), so that scoring row by row and in one go uses the same coefficients for the same row.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from models.compiled import compiled
from models.series import Floats, Singles

HORIZONS = (0, 5, 10, 20)
"""Rows: 0 predicts a sensor from the others at the same instant; h > 0 from all sensors h rows before."""
LAGS = max(HORIZONS)
BLOCK_ROWS = 256
_FORGET_ROWS, _WARM_ROWS = 8000.0, 128
_CLIP, _CUT = 4.0, 40.0
"""Learning clips residuals at the one, scoring at the other."""
_RIDGE = 0.05
"""Added variance per predictor (residuals have variance about 1)."""
_COMPONENTS_SHARE = 0.8
"""Share of variance of the principal space: T2 is inside it, Q outside."""


def fields_of(sensors: int) -> list[Any]:
    """Return the fields of the memory of one series.

    ``gram`` and ``fourth`` are moments of the stacked vector [v(t), v(t-h1), ...] over ``weight`` rows. ``recent`` has
    the rows that reach into the open block, then the block; single precision is enough, and half the memory: residuals
    are cut at 40 scatters. The rest is what scoring needs, fitted from them; what multiplies the row is held by output:
    ``coefficients`` is (horizons, to, from). ``usual`` are the usual squares of T2 and Q, 0 before the first fit.
    """
    d, h = sensors, len(HORIZONS)
    return [
        ("rows", np.int64), ("weight", np.float64), ("gram", np.float64, (d * h, d * h)), ("fourth", np.float64),
        ("recent", np.float32, (LAGS + BLOCK_ROWS, d)),
        ("whiten", np.float64, (d, d)), ("residual", np.float64, (d, d)), ("coefficients", np.float64, (h, d, d)),
        ("scales", np.float64, (h, d)), ("usual", np.float64, (2,)),
    ]  # fmt: skip


KEPT = ("rows", "weight", "gram", "fourth", "recent")
"""What is stored; the rest is fitted again."""


def close_block(memory: np.void) -> None:
    """Learn from the block, which is full, and begin another."""
    recent = memory["recent"]
    stacked = np.concatenate([recent[LAGS - h : len(recent) - h] for h in HORIZONS], axis=1)
    _learn(memory, np.clip(stacked.astype(np.float64), -_CLIP, _CLIP))
    refit(memory)
    recent[:LAGS] = recent[BLOCK_ROWS:].copy()


def _learn(m: np.void, stacked: Floats) -> None:
    keep = float(np.exp(-len(stacked) / _FORGET_ROWS))
    m["gram"] = m["gram"] * keep + stacked.T @ stacked
    squares = (stacked[:, : m["recent"].shape[1]] ** 2).sum(axis=1)
    m["fourth"] = m["fourth"] * keep + float((squares**2).sum())
    m["weight"] = m["weight"] * keep + len(stacked)


def refit(m: np.void) -> None:
    """Fit again what the moments say: they change only when a block is full."""
    if m["weight"] < _WARM_ROWS:
        m["usual"] = 0.0
        return
    d = m["recent"].shape[1]
    moments = m["gram"] / m["weight"]
    eigenvalues, vectors = np.linalg.eigh(_shrunk(m, moments[:d, :d]))
    order = np.argsort(eigenvalues)[::-1]
    eigenvalues, vectors = np.maximum(eigenvalues[order], 1e-6), vectors[:, order]
    share = np.cumsum(eigenvalues) / eigenvalues.sum()
    kept = min(int(np.searchsorted(share, _COMPONENTS_SHARE)) + 1, d)
    m["whiten"] = (vectors / np.sqrt(eigenvalues)).T
    m["residual"] = vectors[:, kept:] @ vectors[:, kept:].T if kept < d else 0.0
    for k, horizon in enumerate(HORIZONS):
        b, m["scales"][k] = _ridge(moments, d, k, horizon == 0)
        m["coefficients"][k] = b.T
    m["usual"] = d, max(float(eigenvalues[kept:].sum()), 1e-3)


def _shrunk(m: np.void, covariance: Floats) -> Floats:
    """Ledoit and Wolf (2004), J. Multivariate Analysis 88, from running second and fourth moments."""
    d = len(covariance)
    mu = float(np.trace(covariance)) / d
    delta = float(((covariance - mu * np.eye(d)) ** 2).sum())
    # Residuals are autocorrelated: rows are worth about a tenth of independent ones.
    beta = max(m["fourth"] / m["weight"] - float((covariance**2).sum()), 0.0) / max(m["weight"] / 10.0, 1.0)
    share = min(beta / delta, 1.0) if delta > 0 else 1.0
    return np.asarray((1 - share) * covariance + (share * mu + 1e-3) * np.eye(d))


def _ridge(moments: Floats, d: int, k: int, same_time: bool) -> tuple[Floats, Floats]:
    """Return the coefficients of a horizon, shape (from, to), and the usual errors of what they predict."""
    now, past = slice(0, d), slice(k * d, (k + 1) * d)
    b: Floats = np.zeros((d, d))
    if same_time:
        for i in range(d):
            others = np.array([j for j in range(d) if j != i], dtype=int)
            if len(others):
                a = moments[np.ix_(others, others)] + _RIDGE * np.eye(d - 1)
                b[others, i] = np.linalg.solve(a, moments[others, i])
    else:
        b = np.asarray(np.linalg.solve(moments[past, past] + _RIDGE * np.eye(d), moments[past, now]))
    variance = (
        np.diag(moments[now, now])
        - 2 * np.einsum("ji,ji->i", b, moments[past, now])
        + np.einsum("ji,jk,ki->i", b, moments[past, past], b)
    )
    return b, np.sqrt(np.maximum(variance, 0.02))


@compiled
def take(
    residual: Floats, recent: Singles, at: int, whiten: Floats, outside: Floats, coefficients: Floats,
    scales: Floats, usual: Floats, overall: Floats, errors: Floats,
) -> None:  # fmt: skip
    """Put the residuals of a row at its place in ``recent``, and write what they say of each other.

    That is T2 and Q as square roots relative to their usual size, and prediction errors in usual errors, shape
    (sensors, horizons); all stay 0 until the first fit.
    """
    now = recent[at]
    sensors = len(now)
    for j in range(sensors):
        now[j] = min(max(residual[j], -_CUT), _CUT)
    if usual[0] == 0.0:
        return
    t2 = q = 0.0
    for j in range(sensors):
        t2 += _dot(now, whiten[j]) ** 2
        q += _dot(now, outside[j]) ** 2
    overall[0], overall[1] = sqrt(t2 / usual[0]), sqrt(q / usual[1])
    for k in range(len(HORIZONS)):
        past = recent[at - HORIZONS[k]]
        for j in range(sensors):
            errors[j, k] = (now[j] - _dot(past, coefficients[k, j])) / scales[k, j]


@compiled
def _dot(a: Singles, b: Floats) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total
