"""The second stage: the compiled walk through the trees says what scikit-learn says, or scikit-learn says it."""

from __future__ import annotations

import numpy as np
import pytest

from models import second_stage
from models.forest import forest_of, probabilities
from models.packing import pack, unpack
from models.second_stage import SecondStage, train


def taught(classes: int, features: int = 12) -> tuple[SecondStage, np.ndarray]:
    rng = np.random.default_rng(classes)
    x = rng.normal(size=(3000, features)).astype(np.float32)
    y = (x[:, 0] > 0.5).astype(np.int64)
    if classes == 3:
        y += x[:, 1] * y > 0
    stage = train([x], [y], [np.ones(len(x))], negatives=0.5, iterations=25)
    assert stage is not None
    return stage, x


@pytest.mark.parametrize("classes", [2, 3])
def test_the_flat_trees_say_what_the_estimator_says(classes: int) -> None:
    stage, x = taught(classes)
    for member in stage.members:
        forest = forest_of(member)
        assert forest is not None
        # Values exactly at the limits of nodes, too.
        limits = forest.nodes[forest.nodes["feature"] >= 0]
        for node in limits[:200]:
            x[int(node["feature"]) % len(x), node["feature"]] = node["limit"]
        np.testing.assert_allclose(probabilities(forest, x), member.predict_proba(x), rtol=0, atol=1e-12)


def test_one_row_at_a_time_says_the_same_to_the_bit() -> None:
    stage, x = taught(3)
    whole = stage.shares(x[:200])
    np.testing.assert_array_equal(np.concatenate([stage.shares(x[i : i + 1]) for i in range(200)]), whole)
    np.testing.assert_allclose(whole.sum(axis=1), 1.0)


def test_an_estimator_of_an_unknown_make_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, x = taught(2)
    wanted = stage.shares(x[:50])
    monkeypatch.setattr(second_stage, "forest_of", lambda _: None)
    np.testing.assert_allclose(SecondStage(stage.members, stage.classes, stage.negatives).shares(x[:50]), wanted)


def test_other_trees_than_expected_are_not_walked() -> None:
    stage, _ = taught(2)
    member = stage.members[0]
    member._predictors[0][0].nodes["is_categorical"][0] = 1
    assert forest_of(member) is None


def test_what_is_stored_is_the_estimator_alone() -> None:
    stage, x = taught(2)
    said = stage.shares(x[:5])
    packed = pack(stage)
    assert set(packed["fields"]) == {"members", "classes", "negatives"}
    np.testing.assert_array_equal(unpack(packed).shares(x[:5]), said)
