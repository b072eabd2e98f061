"""Novelty without labels: how improbable the sizes of the features are, by what this series was used to so far."""

from __future__ import annotations

from math import inf, log10

import numpy as np

from models.features.table import Features
from models.series import Floats

_KEYS = ("slow", "fast", "slow_5", "slow_20", "step", "noise", "novelty", "day", "cross_10")
_BINS_PER_OCTAVE = 6
_BINS = 14 * _BINS_PER_OCTAVE
_MEMORY_ROWS = 6000.0
_FORGET_EVERY = 500.0
_WARM_ROWS = 50.0
_BEYOND = 0.05
"""Surprise for each bin beyond the largest size ever seen: a record by far is worth more than a record by a hair."""
_USUAL = 11.0
"""Summed surprise (decimal logarithms) that counts as the threshold where nothing was learnt: log-odds 0."""


class Novelty:
    """Histograms of the logarithm of several anomaly sizes, one set for each judged line, slowly forgetting.

    Each size is turned into minus the decimal logarithm of the share of earlier sizes that were as large: a conformal
    tail. Their sum, less ``_USUAL``, plays the part of log-odds.
    """

    def __init__(self, lines: int, settle_rows: float = inf) -> None:
        self.settle_rows = settle_rows
        self.counts = np.zeros((lines, len(_KEYS) + 2, _BINS), dtype=np.float32)
        self.rows = 0.0
        """Rows in the histograms."""
        self.seen = 0.0

    def push(self, features: Features, targets: list[int], by_sensor: bool) -> Floats:
        """Return log-odds-like novelty, shape (rows, lines)."""
        picked = [features.cell_names.index(k) for k in _KEYS]
        size = np.abs(features.cells[:, targets][:, :, picked])
        if not by_sensor:
            size = size.max(axis=1, keepdims=True)
        shared = np.repeat(features.rows[:, None, :2], size.shape[1], axis=1)
        octaves = np.log2(1.0 + np.concatenate([size, shared], axis=2))
        bins = np.minimum((octaves * _BINS_PER_OCTAVE).astype(np.int64), _BINS - 1)
        out = np.full(bins.shape[:2], -_USUAL)
        for i in range(len(bins)):
            self._advance()
            for line in range(bins.shape[1]):
                out[i, line] += self._surprise(line, bins[i, line].tolist())
        return np.asarray(np.clip(out, -20.0, 40.0), dtype=np.float64)

    def _advance(self) -> None:
        self.seen += 1.0
        if self.seen <= self.settle_rows:
            self.rows += 1.0
        if self.rows > _MEMORY_ROWS + _FORGET_EVERY:
            self.counts *= np.float32(_MEMORY_ROWS / self.rows)
            self.rows = _MEMORY_ROWS

    def _surprise(self, line: int, bins: list[int]) -> float:
        total = 0.0
        weight = self.rows
        learn = self.seen <= self.settle_rows
        for key, b in enumerate(bins):
            counts = self.counts[line, key]
            if self.rows > _WARM_ROWS and b:
                above = float(counts[b:].sum())
                total -= log10((above + 1.0) / (weight + 2.0))
                if above == 0.0:
                    total += _BEYOND * (b - int(counts.nonzero()[0][-1]))
            if learn:
                counts[b] += 1.0
        return total
