"""One-class support vector machine with a radial kernel (Schölkopf et al. 2001)."""

from __future__ import annotations

import numpy as np
from sklearn.svm import OneClassSVM

from models.evaluation.baselines.rows import RowBaseline
from models.series import Floats

_MAX_ROWS = 2_000
"""The machine's cost grows with the square of the rows."""
_NU = 0.01


class _Machine:
    def __init__(self) -> None:
        self._machine = OneClassSVM(nu=_NU, gamma="scale")

    def fit(self, rows: Floats) -> None:
        """Learn the boundary."""
        self._machine.fit(rows[:: max(1, len(rows) // _MAX_ROWS)])

    def score(self, rows: Floats) -> Floats:
        """Return the signed distance outside the boundary."""
        return np.asarray(-self._machine.decision_function(rows), dtype=np.float64)


class OneClassSvmBaseline(RowBaseline):
    """One-class SVM with nu = 0.01."""

    def __init__(self) -> None:
        super().__init__(_Machine)
