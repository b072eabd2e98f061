"""Level and liveliness: times the usual, ranges against the usual ones, place in the day."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.features.levels import LEVEL_NAMES, Levels
from models.features.table import FeatureConfig, FeatureTable
from models.features.visits import VISIT_NAMES

T0 = np.datetime64("2026-03-01T00:00:00", "ns")


def daily(rows: int = 2000) -> np.ndarray:
    """Thirty levels and a daily swing of 4 to each side, with a little noise."""
    wave = 30.0 + 4.0 * np.sin(2 * np.pi * np.arange(rows) / 96)
    return (wave + np.random.default_rng(2).normal(0.0, 0.05, rows))[:, None]


def of(values: np.ndarray) -> dict[str, np.ndarray]:
    out = Levels(values.shape[1]).push(values)
    return {name: out[:, 0, k] for k, name in enumerate(LEVEL_NAMES)}


def test_a_usual_day_says_nothing() -> None:
    f = of(daily())
    for name in ("times_usual", "range_short", "range_hours", "range_day"):
        assert abs(np.median(f[name][500:])) < 0.3, name
    assert not f["negative"].any()
    assert f["place_in_day"][500:].min() == 0
    assert f["place_in_day"][500:].max() == 1


def test_out_of_the_water_the_value_is_a_small_share_of_the_usual_one_for_days() -> None:
    values = daily()
    values[1500:1900] = 0.3
    f = of(values)
    assert (f["times_usual"][1500:1900] < -2).all()
    assert (f["range_day"][1600:1900] < -3).all()
    assert f["range_hours"][1501] > 1


def test_a_multiple_of_the_usual_value_and_negative_ones() -> None:
    values = daily()
    values[1500] = 7999.0
    values[1600] = -1.0
    f = of(values)
    assert f["times_usual"][1500] == pytest.approx(np.log(8000 / 31), abs=0.3)
    assert f["range_day"][1500:1590].min() > 3
    assert f["negative"].nonzero()[0].tolist() == [1600]


def test_the_usual_level_follows_also_through_zero() -> None:
    values = daily(8000) - np.linspace(0, 60, 8000)[:, None]
    assert abs(of(values)["times_usual"][-200:]).max() < 1.5


def test_chunks_scale_and_missing_values() -> None:
    values = daily()
    values[300:310] = np.nan
    whole = Levels(1).push(values)
    np.testing.assert_allclose(Levels(1).push(values * 1000), whole, rtol=1e-5, atol=1e-5)
    assert not whole[300:310].any()
    parts, one = [], Levels(1)
    for first, stop in pairwise((0, 1, 2, 305, 1500, 2000)):
        parts.append(one.push(values[first:stop]))
        memory, one = one.memory, Levels(1)
        one.memory = memory.copy()
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_bad_input_gives_numbers() -> None:
    values = np.full((300, 3), np.nan)
    values[10:, 0] = 1e300
    values[20:30, 1] = np.inf
    values[40:, 1] = -1e300
    values[:, 2] = 0.0
    assert np.isfinite(Levels(3).push(values)).all()


def test_the_table_has_both_groups_in_their_places() -> None:
    values = np.hstack([daily(300), daily(300) * 2])
    times = T0 + np.arange(300) * np.timedelta64(900, "s")
    config = FeatureConfig(visits=True, levels=True)
    table = FeatureTable(("a", "b"), config)
    head = table.push(times[:150], values[:150])
    again = FeatureTable(("a", "b"), config)
    again.set_state(table.state())
    cells = np.concatenate([head.cells, again.push(times[150:], values[150:]).cells])
    assert head.cell_names[-len(LEVEL_NAMES) - len(VISIT_NAMES) :] == VISIT_NAMES + LEVEL_NAMES
    np.testing.assert_allclose(cells[:, :, -len(LEVEL_NAMES) :], Levels(2).push(values))
