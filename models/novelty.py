"""Novelty without labels: how far the tails of the features are from what this series is used to."""

from __future__ import annotations

import numpy as np

from models.features.table import Features
from models.series import Floats

_KEYS = ("slow_5", "slow_20", "fast", "step_5", "cross_10", "day")
_MEMORY_ROWS = 4000.0
_WARM_ROWS = 50.0
_LEAST_VARIANCE = 0.06
"""Of a logarithm: a feature that hardly moves (a sensor at rest) must not make a ripple look like a storm."""


class Novelty:
    """Running mean and scatter of the logarithm of several anomaly sizes, one set for each judged line.

    The largest of the standardised logarithms, less 4, plays the part of log-odds: 0 is four scatters beyond usual.
    """

    def __init__(self, lines: int) -> None:
        width = len(_KEYS) + 2
        self.mean = np.zeros((lines, width))
        self.square = np.ones((lines, width))
        self.rows = 0.0

    def push(self, features: Features, targets: list[int], by_sensor: bool) -> Floats:
        """Return log-odds-like novelty, shape (rows, lines)."""
        picked = [features.cell_names.index(k) for k in _KEYS if k in features.cell_names]
        size = np.abs(features.cells[:, targets][:, :, picked])
        if not by_sensor:
            size = size.max(axis=1, keepdims=True)
        shared = np.repeat(features.rows[:, None, :2], size.shape[1], axis=1)
        logs = np.log1p(np.concatenate([size, shared], axis=2))
        out = np.zeros(logs.shape[:2])
        for i in range(len(logs)):
            out[i] = self._row(logs[i])
        return out

    def _row(self, x: Floats) -> Floats:
        self.rows = min(self.rows + 1.0, _MEMORY_ROWS)
        sigma = np.sqrt(np.maximum(self.square - self.mean**2, _LEAST_VARIANCE))
        z = (x - self.mean) / sigma
        gain = 1.0 / self.rows
        learnt = self.mean + np.clip(z, -4.0, 4.0) * sigma if self.rows > _WARM_ROWS else x
        self.mean = self.mean + gain * (learnt - self.mean)
        self.square = self.square + gain * (learnt**2 - self.square)
        if self.rows < _WARM_ROWS:
            return np.full(len(x), -3.0)
        ordered = np.sort(z, axis=1)
        return np.asarray(np.clip(0.5 * ordered[:, -1] + 0.5 * ordered[:, -3:].mean(axis=1) - 4.0, -8, 8))
