"""Second stage: what the size of its trees can express."""

from __future__ import annotations

import numpy as np
import pytest

from models.second_stage import SecondStage, train


@pytest.mark.parametrize(("leaves", "understands"), [(2, False), (6, True)])
def test_trees_of_two_leaves_see_no_combination(leaves: int, understands: bool) -> None:
    # Anomalous where exactly one of two features is positive: neither says anything by itself.
    x = np.random.default_rng(1).normal(size=(3000, 2)).astype(np.float32)
    y = ((x[:, 0] > 0) != (x[:, 1] > 0)).astype(np.int64)
    stage = train([x], [y], [np.ones(3000)], negatives=1.0, iterations=60, leaves=leaves, members=1)
    assert stage is not None
    right = ((SecondStage.logits(stage.shares(x)) > 0) == (y > 0)).mean()
    assert bool(right > 0.9) is understands
