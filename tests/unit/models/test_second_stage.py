"""Second stage: what the size of its trees can express."""

from __future__ import annotations

import numpy as np

from models.pipeline.second_stage import SecondStage, train


def test_trees_see_combinations() -> None:
    # Anomalous where exactly one of two features is positive: neither says anything by itself.
    x = np.random.default_rng(1).normal(size=(3000, 2)).astype(np.float32)
    y = ((x[:, 0] > 0) != (x[:, 1] > 0)).astype(np.int64)
    stage = train([x], [y], [np.ones(3000)], trees=60, members=1)
    assert stage is not None
    right = ((SecondStage.logits(stage.shares(x)) > 0) == (y > 0)).mean()
    assert right > 0.9
