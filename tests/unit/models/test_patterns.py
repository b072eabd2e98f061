"""The matched filter: several small departures in the direction of a known pollution, against one large one."""

from __future__ import annotations

import numpy as np
import pytest

from models.features.patterns import PATTERN_NAMES, fill_patterns, signs_of
from models.features.table import ROW_NAMES
from models.pipeline.pipeline import Fitted, Scorer
from models.series import Floats

COLUMNS = ("COD", "TSS", "NH4", "pH", "Flow")
FITTED = Fitted()


def _said(*departures: float) -> tuple[float, float]:
    """Return the sum over the best pattern, and the same without the farthest sensor, of one row."""
    row = np.zeros(2)
    fill_patterns(np.array(departures)[:, None], np.array([0]), signs_of(COLUMNS), row)
    return float(row[0]), float(row[1])


def test_small_departures_of_a_known_kind_add_up() -> None:
    together, rest = _said(1.8, 1.8, 1.8, 0.0, 0.0)
    assert together > 3.0
    assert rest > 2.5


def test_one_sensor_far_off_leaves_nothing_for_the_rest() -> None:
    alone, rest = _said(30.0, 0.0, 0.0, 0.0, 0.0)
    assert alone < _said(4.0, 4.0, 4.0, 0.0, 0.0)[0] / 2 + 1.0
    assert rest == 0.0


def test_departures_in_the_harmless_direction_fit_nothing() -> None:
    assert _said(-3.0, -3.0, -3.0, 0.0, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("columns", [("a", "b"), ("COD",), ("COD", "Flow")])
def test_columns_without_a_pattern_say_nothing(columns: tuple[str, ...]) -> None:
    assert not signs_of(columns).any()
    values = np.random.default_rng(1).normal(size=(50, len(columns)))
    features = Scorer(FITTED, columns).push(_times(50), values).features
    assert not features.rows[:, -len(PATTERN_NAMES) :].any()


def test_the_table_gives_them_row_by_row_as_in_one_go() -> None:
    values: Floats = np.random.default_rng(2).normal(20.0, 1.0, size=(300, len(COLUMNS)))
    values[250:, :3] += 3.0
    whole = Scorer(FITTED, COLUMNS).push(_times(300), values).features
    scorer = Scorer(FITTED, COLUMNS)
    parts = [scorer.push(_times(300)[i : i + 1], values[i : i + 1]).features.rows for i in range(300)]
    assert ROW_NAMES[-len(PATTERN_NAMES) :] == PATTERN_NAMES
    assert np.array_equal(np.concatenate(parts), whole.rows)
    assert whole.rows[270, ROW_NAMES.index("rest_slow_5")] > 2 * whole.rows[:250, -6:].mean()


def _times(rows: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.datetime64("2026-03-02", "ns") + np.arange(rows) * np.timedelta64(300, "s")
