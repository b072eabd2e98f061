"""Hotelling's T² in the principal components and Q (squared residual) outside them: the plants' control chart.

Jackson and Mudholkar (1979). The score is the larger of both, each divided by its own 99.9 % quantile on normal rows.
"""

from __future__ import annotations

import numpy as np

from models.evaluation.baselines.rows import RowBaseline
from models.series import Floats

_EXPLAINED = 0.85
"""Share of the variance that the components keep, as in SKAB's published T²+Q."""
_QUANTILE = 0.999


class _Chart:
    def __init__(self) -> None:
        self._mean = self._t2_limit = self._q_limit = np.zeros(1)
        self._loadings = self._variances = np.zeros((1, 1))

    def fit(self, rows: Floats) -> None:
        """Learn the components and both limits."""
        self._mean = rows.mean(axis=0)
        _, singular, directions = np.linalg.svd(rows - self._mean, full_matrices=False)
        variances = np.maximum(singular**2 / max(len(rows) - 1, 1), 1e-12)
        kept = int(np.searchsorted(np.cumsum(variances) / variances.sum(), _EXPLAINED)) + 1
        self._loadings, self._variances = directions[:kept], variances[:kept]
        t2, q = self._statistics(rows)
        self._t2_limit, self._q_limit = (np.maximum(np.quantile(s, _QUANTILE), 1e-9) for s in (t2, q))

    def score(self, rows: Floats) -> Floats:
        """Return the larger of both statistics in units of its limit."""
        t2, q = self._statistics(rows)
        return np.asarray(np.maximum(t2 / self._t2_limit, q / self._q_limit), dtype=np.float64)

    def _statistics(self, rows: Floats) -> tuple[Floats, Floats]:
        centred = rows - self._mean
        scores = centred @ self._loadings.T
        residual = centred - scores @ self._loadings
        return (scores**2 / self._variances).sum(axis=1), (residual**2).sum(axis=1)


class PcaT2qBaseline(RowBaseline):
    """PCA with T² and Q."""

    def __init__(self) -> None:
        super().__init__(_Chart)
