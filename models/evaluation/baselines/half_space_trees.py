"""Half-Space Trees (Tan, Ting and Liu 2011) by river: the common online detector; it goes on learning as it scores."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from river.anomaly import HalfSpaceTrees

from models.evaluation.baselines.rows import RowBaseline
from models.series import Floats

_REACH = 4.0
"""Standard deviations that are mapped to the unit interval the trees divide."""


class _OnlineTrees(Protocol):
    """The part of river's class that is used; river gives these methods no types."""

    def learn_one(self, x: dict[int, float]) -> None: ...

    def score_one(self, x: dict[int, float]) -> float: ...


class _Trees:
    def __init__(self) -> None:
        self._trees: _OnlineTrees = HalfSpaceTrees(n_trees=10, height=8, window_size=250, seed=0)

    def fit(self, rows: Floats) -> None:
        """Learn the masses of normal rows."""
        for row in rows:
            self._trees.learn_one(_features(row))

    def score(self, rows: Floats) -> Floats:
        """Score each row, then learn from it."""
        scores = np.empty(len(rows))
        for i, row in enumerate(rows):
            features = _features(row)
            scores[i] = self._trees.score_one(features)
            self._trees.learn_one(features)
        return scores


def _features(row: Floats) -> dict[int, float]:
    return dict(enumerate(np.clip(0.5 + row / (2 * _REACH), 0.0, 1.0).tolist()))


class HalfSpaceTreesBaseline(RowBaseline):
    """Half-Space Trees with ten trees of height eight."""

    def __init__(self) -> None:
        super().__init__(_Trees)
