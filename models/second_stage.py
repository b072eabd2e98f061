"""Second stage: gradient-boosted trees on scale-free features, where labels exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from models.examples import Ints, Matrix
from models.series import Floats

_CLIP = 8.0


@dataclass(frozen=True)
class SecondStage:
    """A small ensemble; ``logits`` is log-odds of "not normal", ``shares`` the probability of each class."""

    members: tuple[HistGradientBoostingClassifier, ...]
    classes: tuple[int, ...]

    def shares(self, x: Matrix) -> Floats:
        """Return class probabilities, shape (rows, 3): normal, anomaly (fault), process."""
        out = np.zeros((len(x), 3))
        mean = np.mean([m.predict_proba(x) for m in self.members], axis=0)
        for i, cls in enumerate(self.classes):
            out[:, cls] = mean[:, i]
        return out

    @staticmethod
    def logits(shares: Floats) -> Floats:
        """Return the log-odds of "not normal", cut at +-8."""
        p = np.clip(1.0 - shares[:, 0], 1e-6, 1 - 1e-6)
        return np.asarray(np.clip(np.log(p / (1 - p)), -_CLIP, _CLIP))


def train(
    x: Sequence[Matrix],
    y: Sequence[Ints],
    weight: Sequence[Floats],
    *,
    negatives: float,
    iterations: int,
    members: int = 2,
) -> SecondStage | None:
    """Fit the ensemble; ``None`` where there are fewer than two classes. Deterministic.

    ``negatives`` is the share of the normal rows that is used; those weigh the more.
    """
    rng = np.random.default_rng(7)
    kept = [(labels > 0) | (rng.random(len(labels)) < negatives) for labels in y]
    features = np.concatenate([a[k] for a, k in zip(x, kept, strict=True)])
    labels = np.concatenate([a[k] for a, k in zip(y, kept, strict=True)])
    weights = np.concatenate([a[k] for a, k in zip(weight, kept, strict=True)])
    weights = weights * np.where(labels > 0, 1.0, 1.0 / negatives)
    found = np.unique(labels)
    if len(found) < 2 or found[0] != 0:
        return None
    fitted = tuple(
        HistGradientBoostingClassifier(
            max_iter=iterations, learning_rate=0.06, max_leaf_nodes=12, min_samples_leaf=30, l2_regularization=10,
            max_features=0.25, early_stopping=False, random_state=seed,
        ).fit(features, labels, weights)
        for seed in range(members)
    )  # fmt: skip
    return SecondStage(fitted, tuple(int(c) for c in found))
