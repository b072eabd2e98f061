"""The trees of a gradient-boosted ensemble as one flat array and a compiled walk: a row costs microseconds.

scikit-learn grows the trees, and is not needed to ask them: its own ``predict_proba`` costs milliseconds a call,
however few the rows, and its estimators take a second to read from an artefact, where a few arrays take a hundredth.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.compiled import Records, compiled
from models.errors import ModelError
from models.pipeline.examples import Matrix
from models.series import Floats, Ints

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

_BLOCK_ROWS = 64
"""Rows that walk through one tree before the next tree's turn: the tree stays in the processor's cache."""
_NODE = np.dtype(
    [("limit", np.float64), ("feature", np.int32), ("left", np.int32), ("right", np.int32)],
    align=True,
)
_PROBES = 64
_TOLERANCE = 1e-6
_UNKNOWN_TREES = "this release of scikit-learn grows trees that cannot be walked here: install that of constraints.txt"


class Forest(NamedTuple):
    """Trees one after another. A node without a feature (-1) is a leaf, and its ``limit`` is what it adds."""

    features: int
    """Columns of what is shown to it."""
    nodes: Records
    roots: Ints
    outputs: Ints
    """Column of the raw scores that each tree adds to."""
    baseline: Floats


NO_TREES = Forest(1, np.zeros(0, dtype=_NODE), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(1))
"""Says one half for each of two classes."""


def forest_of(estimator: HistGradientBoostingClassifier) -> Forest:
    """Return the flat form of a fitted estimator.

    The trees are scikit-learn's private matter and may change with a release: the flat form is compared with
    ``predict_proba`` on random rows. Raises ModelError where it does not say the same.
    """
    x = np.random.default_rng(0).normal(scale=3.0, size=(_PROBES, estimator.n_features_in_)).astype(np.float32)
    try:
        forest = _flattened(estimator)
        check(forest)
        said = probabilities(forest, x)
    except (AttributeError, IndexError, TypeError, ValueError) as exc:
        raise ModelError(f"{_UNKNOWN_TREES} ({exc})") from exc
    wanted = estimator.predict_proba(x)
    if said.shape != wanted.shape or np.abs(said - wanted).max() > _TOLERANCE:
        raise ModelError(f"{_UNKNOWN_TREES} (they say something else than it does)")
    return forest


def check(forest: Forest) -> None:
    """Raise ValueError for trees whose walk would leave them or never end, which the walk itself does not look at.

    So for numbers that it is not compiled for, and for leaves that add no number.
    """
    for name, like in NO_TREES._asdict().items():
        part = getattr(forest, name)
        if isinstance(like, np.ndarray) and (part.dtype, part.ndim) != (like.dtype, like.ndim):
            raise ValueError(f"the {name} of its trees are of another type")
    nodes, number = forest.nodes, np.arange(len(forest.nodes))
    inner = nodes["feature"] >= 0
    children = np.concatenate([nodes[side][inner] for side in ("left", "right")]).astype(np.int64)
    if not (np.isfinite(nodes["limit"][~inner]).all() and np.isfinite(forest.baseline).all()):
        raise ValueError("its trees add what is no number")
    good = (
        len(forest.baseline) > 0
        and (nodes["feature"] < forest.features).all()
        and (children > np.tile(number[inner], 2)).all()
        and (children < len(nodes)).all()
        and len(forest.roots) == len(forest.outputs)
        and ((forest.roots >= 0) & (forest.roots < len(nodes))).all()
        and ((forest.outputs >= 0) & (forest.outputs < len(forest.baseline))).all()
    )
    if not good:
        raise ValueError("its trees point outside themselves")


def _flattened(estimator: HistGradientBoostingClassifier) -> Forest:
    trees = [(k, tree.nodes) for group in estimator._predictors for k, tree in enumerate(group)]  # noqa: SLF001
    sizes = [len(nodes) for _, nodes in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    flat = np.zeros(sum(sizes), dtype=_NODE)
    for root, (_, nodes) in zip(roots, trees, strict=True):
        leaf = nodes["is_leaf"] == 1
        if nodes["is_categorical"].any():
            raise ValueError("some nodes ask for categories")
        own = flat[root : root + len(nodes)]
        own["limit"] = np.where(leaf, nodes["value"], nodes["num_threshold"])
        own["feature"] = np.where(leaf, -1, nodes["feature_idx"])
        own["left"], own["right"] = root + nodes["left"], root + nodes["right"]
    baseline = np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel()  # noqa: SLF001
    return Forest(estimator.n_features_in_, flat, roots, np.array([k for k, _ in trees], dtype=np.int64), baseline)


@compiled
def probabilities(forest: Forest, x: Matrix) -> Floats:
    """Return the probability of each class, shape (rows, classes); ``x`` has no NaN."""
    raw = np.empty((len(x), len(forest.baseline)))
    raw[:] = forest.baseline
    for first in range(0, len(x), _BLOCK_ROWS):
        for tree in range(len(forest.roots)):
            for i in range(first, min(first + _BLOCK_ROWS, len(x))):
                node = forest.nodes[forest.roots[tree]]
                while node.feature >= 0:
                    node = forest.nodes[node.left if x[i, node.feature] <= node.limit else node.right]
                raw[i, forest.outputs[tree]] += node.limit
    return _two_classes(raw) if raw.shape[1] == 1 else _several_classes(raw)


@compiled
def _two_classes(raw: Floats) -> Floats:
    out = np.empty((len(raw), 2))
    for i in range(len(raw)):
        out[i, 1] = 1.0 / (1.0 + exp(-raw[i, 0]))
        out[i, 0] = 1.0 - out[i, 1]
    return out


@compiled
def _several_classes(raw: Floats) -> Floats:
    for i in range(len(raw)):
        raw[i] = np.exp(raw[i] - raw[i].max())
        raw[i] /= raw[i].sum()
    return raw
