"""Second stage: gradient-boosted trees on scale-free features, where labels exist.

Scikit-learn is imported where it is used: a worker whose stations have no second stage does without its 130 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from models.compiled import compiled
from models.errors import ModelError
from models.pipeline.examples import Matrix
from models.pipeline.forest import Forest, check, forest_of, probabilities
from models.series import Floats, Ints

_CLASSES = ((0, 1), (0, 2), (0, 1, 2))
_CLIP = 8.0
_LEAVES = 12
_NEGATIVES = 0.3
"""Share of the normal rows that is learnt from."""
_THREADS = 1
"""The ensembles are small. With more threads they mostly wait for each other, on a busy machine twenty times as long;
figures do not depend on it."""


@dataclass(frozen=True)
class SecondStage:
    """A small ensemble; ``logits`` is log-odds of "not normal", ``shares`` the probability of each class."""

    members: tuple[Forest, ...]
    classes: tuple[int, ...]
    negatives: float = 1.0
    """Share of the normal rows that was learnt from: the odds are corrected for the rest."""

    def __post_init__(self) -> None:
        """Raise ValueError for members that cannot be walked or asked: they may come from an artefact."""
        if self.classes not in _CLASSES:
            raise ValueError("its classes are not normal and fault, pollution or both")
        if not self.members:
            raise ValueError("it has no trees")
        if not 0 < self.negatives <= 1:
            raise ValueError(f"a share of {self.negatives} of the normal rows is none")
        for forest in self.members:
            check(forest)
            if max(2, len(forest.baseline)) != len(self.classes):
                raise ValueError(f"its trees tell other than {len(self.classes)} classes apart")

    def shares(self, x: Matrix) -> Floats:
        """Return class probabilities, shape (rows, 3): normal, anomaly (fault), pollution. Raises ModelError."""
        out = np.zeros((len(x), 3))
        said = [_asked(forest, x) for forest in self.members]
        _mean(np.array(said), np.array(self.classes), self.negatives, out)
        return out

    @staticmethod
    def logits(shares: Floats) -> Floats:
        """Return the log-odds of "not normal", cut at +-8."""
        return _log_odds(1.0 - shares[:, 0])

    @staticmethod
    def pollution_logits(shares: Floats) -> Floats:
        """Return the log-odds of pollution (class 2 against all others), cut at +-8."""
        return _log_odds(shares[:, 2])


def _asked(forest: Forest, x: Matrix) -> Floats:
    if x.shape[1] != forest.features:
        raise ModelError(
            f"the second stage learnt from {forest.features} features and is shown {x.shape[1]}: train it anew"
        )
    return probabilities(forest, x)


def _log_odds(probability: Floats) -> Floats:
    p = np.minimum(np.maximum(probability, 1e-6), 1 - 1e-6)
    return np.asarray(np.minimum(np.maximum(np.log(p / (1 - p)), -_CLIP), _CLIP))


@compiled
def _mean(said: Floats, classes: Ints, negatives: float, out: Floats) -> None:
    """Write the mean of the members by class, less those negatives that were not learnt from."""
    for i in range(len(out)):
        for k in range(len(classes)):
            total = 0.0
            for member in range(len(said)):
                total += said[member, i, k]
            out[i, classes[k]] = total / len(said) * (negatives if classes[k] else 1.0)
        out[i] /= out[i, 0] + out[i, 1] + out[i, 2]


def train(
    x: Sequence[Matrix],
    y: Sequence[Ints],
    weight: Sequence[Floats],
    *,
    trees: int,
    members: int,
) -> SecondStage | None:
    """Fit the ensemble; ``None`` where there are fewer than two classes. Deterministic.

    Weights are met by drawing rows, not by sample weights:
    scikit-learn 1.9 finds weighted bins one percentile at a time, which costs ten times the fit itself.
    """
    rng = np.random.default_rng(7)
    drawn = [_drawn(rng, labels, w) for labels, w in zip(y, weight, strict=True)]
    features = np.concatenate([a[rows] for a, rows in zip(x, drawn, strict=True)])
    labels = np.concatenate([a[rows] for a, rows in zip(y, drawn, strict=True)])
    found = np.unique(labels)
    if len(found) < 2 or found[0] != 0:
        return None
    fitted = tuple(_fitted(features, labels, trees, seed) for seed in range(members))
    return SecondStage(fitted, tuple(int(c) for c in found), _NEGATIVES)


def _fitted(features: Matrix, labels: Ints, trees: int, seed: int) -> Forest:
    from sklearn.ensemble import HistGradientBoostingClassifier

    ensemble = HistGradientBoostingClassifier(
        max_iter=trees, learning_rate=0.06, max_leaf_nodes=_LEAVES, min_samples_leaf=30, l2_regularization=10,
        max_features=0.25, early_stopping=False, random_state=seed,
    )  # fmt: skip
    with threadpool_limits(_THREADS, user_api="openmp"):
        return forest_of(ensemble.fit(features, labels))


def _drawn(rng: np.random.Generator, labels: Ints, weight: Floats) -> Ints:
    """Return row numbers, each as often as its weight says (a fraction by chance)."""
    wanted = np.where(labels > 0, weight, np.minimum(weight, 1.0) * _NEGATIVES)
    times = np.floor(wanted + rng.random(len(wanted))).astype(np.int64)
    return np.repeat(np.arange(len(labels)), times)
