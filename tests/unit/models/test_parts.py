"""Every part that an ablation leaves out can be left out."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.pipeline import config_without, parts_of
from models.families import FAMILIES
from models.fitting import fit
from models.series import Series

_RNG = np.random.default_rng(3)
_ROWS = 150
SERIES = Series(
    "",
    np.datetime64("2026-03-02T00:00", "ns") + np.arange(_ROWS) * np.timedelta64(300, "s"),
    ("cod", "tss", "ph"),
    np.array([50.0, 30.0, 7.0]) * (1 + 0.03 * _RNG.standard_normal((_ROWS, 3))),
)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pipeline_without_any_one_part_still_judges_every_row(family: str) -> None:
    config = FAMILIES[family]
    for part in parts_of(config):
        result = fit((), config_without(config, frozenset({part}))).run(SERIES)
        assert len(result.alarm) == _ROWS, part
        assert np.isfinite(result.score).all(), part
