"""A sensor that stands still is left out until it has moved for some time."""

from __future__ import annotations

import numpy as np
import pytest

from models.features.baseline import Standstill, StandstillConfig
from models.features.table import FeatureConfig, FeatureTable

CONFIG = StandstillConfig(still_rows=5, times_usual=3.0, settle_rows=4)


def left_out(values: list[float]) -> list[bool]:
    column = np.array(values)[:, None]
    kept = Standstill(1, CONFIG).push(column)
    assert np.array_equal(kept[~np.isnan(kept)], column[~np.isnan(kept)])
    return list(np.isnan(kept[:, 0]))


def test_left_out_from_the_fifth_repeat_until_it_has_moved_for_four_rows() -> None:
    moving = [float(x) for x in range(10)]
    found = left_out([*moving, *[50.0] * 8, *moving])
    assert found == [False] * 15 + [True] * 3 + [True] * 4 + [False] * 6


def test_a_short_run_of_repeats_is_not() -> None:
    assert not any(left_out([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0]))


def test_an_analyser_that_always_repeats_its_result_is_not() -> None:
    slow = [float(k // 6) for k in range(6 * 200)]
    assert any(left_out(slow[: 6 * 3]))  # until the length of its runs is known
    assert not any(left_out(slow)[6 * 100 :])


def test_rows_without_a_value_do_not_count() -> None:
    gap = [float("nan")] * 20
    kept = Standstill(1, CONFIG).push(np.array([1.0] * 7 + gap + [2.0, 3.0, 4.0, 5.0, 6.0])[:, None])
    assert np.isnan(kept[27:31, 0]).all()
    assert kept[31, 0] == 6.0


@pytest.mark.parametrize("cut", [1, 13, 40])
def test_chunks_and_a_restored_memory_give_equal_features(cut: int) -> None:
    rng = np.random.default_rng(3)
    times = np.datetime64("2026-01-01", "ns") + np.arange(80) * np.timedelta64(300, "s")
    values = rng.normal(10.0, 1.0, (80, 2))
    values[20:45, 0] = 12.0
    config = FeatureConfig(standstill=CONFIG)
    whole = FeatureTable(("a", "b"), config).push(times, values)
    first, second = FeatureTable(("a", "b"), config), FeatureTable(("a", "b"), config)
    first.push(times[:cut], values[:cut])
    second.set_state(first.state())
    assert np.array_equal(second.push(times[cut:], values[cut:]).cells, whole.cells[cut:])


def test_the_jump_back_is_no_news() -> None:
    rng = np.random.default_rng(4)
    times = np.datetime64("2026-01-01", "ns") + np.arange(400) * np.timedelta64(300, "s")
    values = rng.normal(10.0, 1.0, (400, 2))
    values[300:330, 0] = 10.0
    values[330:340, 0] += 30.0
    config = FeatureConfig(standstill=CONFIG)
    size = {c: np.abs(FeatureTable(("a", "b"), c).push(times, values).cells) for c in (FeatureConfig(), config)}
    slow = FeatureTable(("a", "b"), config).cell_names.index("slow")
    assert size[FeatureConfig()][330, 0, slow] > 10
    assert size[config][330:334, 0, slow].max() == 0.0
    assert size[config][334, 0, slow] > 10  # still there when it has had its time to settle
