"""Isolation Forest on the values (Liu, Ting and Zhou 2008)."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import IsolationForest

from models.evaluation.baselines.rows import RowBaseline
from models.series import Floats


class _Forest:
    def __init__(self) -> None:
        self._forest = IsolationForest(n_estimators=100, max_samples="auto", random_state=0)

    def fit(self, rows: Floats) -> None:
        """Grow the forest."""
        self._forest.fit(rows)

    def score(self, rows: Floats) -> Floats:
        """Return the anomaly score, 0..1."""
        return np.asarray(-self._forest.score_samples(rows), dtype=np.float64)


class IsolationForestBaseline(RowBaseline):
    """Isolation Forest with the library's own defaults."""

    def __init__(self) -> None:
        super().__init__(_Forest)
