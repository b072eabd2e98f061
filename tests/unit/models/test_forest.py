"""The second stage: the compiled walk through the trees says what scikit-learn says, and walks no others."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from models import snapshots
from models.errors import ModelError
from models.pipeline.forest import Forest, forest_of, probabilities
from models.pipeline.second_stage import SecondStage, train


def examples(classes: int, features: int = 12) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(classes).normal(size=(3000, features)).astype(np.float32)
    y = (x[:, 0] > 0.5).astype(np.int64)
    if classes == 3:
        y += x[:, 1] * y > 0
    return x, y


def taught(classes: int) -> tuple[SecondStage, np.ndarray]:
    x, y = examples(classes)
    stage = train([x], [y], [np.ones(len(x))], trees=25, members=2)
    assert stage is not None
    return stage, x


def estimator(classes: int) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    x, y = examples(classes)
    return HistGradientBoostingClassifier(max_iter=25, max_leaf_nodes=12).fit(x, y), x


@pytest.mark.parametrize("classes", [2, 3])
def test_the_flat_trees_say_what_the_estimator_says(classes: int) -> None:
    learnt, x = estimator(classes)
    forest = forest_of(learnt)
    # Values exactly at the limits of nodes, too.
    limits = forest.nodes[forest.nodes["feature"] >= 0]
    for node in limits[:200]:
        x[int(node["feature"]) % len(x), node["feature"]] = node["limit"]
    np.testing.assert_allclose(probabilities(forest, x), learnt.predict_proba(x), rtol=0, atol=1e-12)


def test_one_row_at_a_time_says_the_same_to_the_bit() -> None:
    stage, x = taught(3)
    whole = stage.shares(x[:200])
    np.testing.assert_array_equal(np.concatenate([stage.shares(x[i : i + 1]) for i in range(200)]), whole)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0)


def test_trees_of_another_kind_are_refused_in_a_sentence() -> None:
    learnt, _ = estimator(2)
    learnt._predictors[0][0].nodes["is_categorical"][0] = 1
    with pytest.raises(ModelError, match=r"scikit-learn grows trees that cannot be walked here: install .* categories"):
        forest_of(learnt)


def test_trees_that_say_something_else_are_refused_in_a_sentence() -> None:
    learnt, _ = estimator(2)
    learnt._baseline_prediction = learnt._baseline_prediction + 1.0
    good = learnt.predict_proba
    learnt.predict_proba = lambda x: good(x)[:, ::-1]
    with pytest.raises(ModelError, match="they say something else than it does"):
        forest_of(learnt)


def test_another_number_of_features_is_refused_in_a_sentence() -> None:
    stage, x = taught(2)
    with pytest.raises(ModelError, match="learnt from 12 features and is shown 11: train it anew"):
        stage.shares(x[:, :11])


def test_what_is_stored_comes_back_and_needs_no_estimator() -> None:
    stage, x = taught(3)
    again = msgspec.convert(snapshots.decode(snapshots.encode(stage)), SecondStage)
    assert (again.classes, again.negatives) == (stage.classes, stage.negatives)
    np.testing.assert_array_equal(again.shares(x[:99]), stage.shares(x[:99]))


@pytest.mark.parametrize(
    ("field", "value"),
    [("feature", 99), ("left", 10**6), ("right", -5), ("left", 0)],
    ids=["f", "end", "before", "loop"],
)
def test_trees_whose_walk_would_leave_them_are_refused(field: str, value: int) -> None:
    stage, _ = taught(2)
    nodes = stage.members[0].nodes.copy()
    nodes[field][int(np.argmax(nodes["feature"] >= 0))] = value
    spoilt = snapshots.encode(replace_nodes(stage, nodes))
    with pytest.raises(msgspec.ValidationError, match="its trees point outside themselves"):
        msgspec.convert(snapshots.decode(spoilt), SecondStage)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"classes": [0, 10**8]}, "its classes are not normal and fault, pollution or both"),
        ({"classes": [0, -7]}, "its classes are not normal and fault, pollution or both"),
        ({"classes": [1, 0]}, "its classes are not normal and fault, pollution or both"),
        ({"classes": [0, 1, 2]}, "its trees tell other than 3 classes apart"),
        ({"members": []}, "it has no trees"),
        ({"negatives": 0.0}, "a share of 0.0 of the normal rows is none"),
        ({"negatives": float("nan")}, "a share of nan of the normal rows is none"),
    ],
)
def test_what_is_no_second_stage_is_refused(spoil: dict[str, object], words: str) -> None:
    stage, _ = taught(2)
    spoilt = snapshots.encode({**asdict(stage), **spoil})
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(snapshots.decode(spoilt), SecondStage)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ({"baseline": np.zeros(1, dtype=np.int64)}, "the baseline of its trees are of another type"),
        ({"baseline": np.zeros((1, 1))}, "the baseline of its trees are of another type"),
        ({"baseline": np.zeros(1, dtype=">f8")}, "the baseline of its trees are of another type"),
        ({"baseline": np.full(1, np.nan)}, "its trees add what is no number"),
        ({"baseline": np.zeros(0)}, "its trees point outside themselves"),
        ({"roots": np.zeros(25, dtype=np.int32)}, "the roots of its trees are of another type"),
        ({"outputs": np.zeros(25)}, "the outputs of its trees are of another type"),
    ],
)
def test_trees_of_other_numbers_are_refused(spoil: dict[str, object], words: str) -> None:
    stage, _ = taught(2)
    spoilt = snapshots.encode({**asdict(stage), "members": [stage.members[0]._replace(**spoil)]})
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(snapshots.decode(spoilt), SecondStage)


def replace_nodes(stage: SecondStage, nodes: np.ndarray) -> dict[str, object]:
    return {**asdict(stage), "members": [stage.members[0]._replace(nodes=nodes)]}


def test_a_forest_is_a_few_arrays() -> None:
    stage, _ = taught(2)
    assert all(isinstance(part, int | np.ndarray) for forest in stage.members for part in Forest(*forest))
