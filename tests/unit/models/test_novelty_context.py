"""Novelty in context: what was never near is new, what comes again is not; the same by chunk and by row; bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.pipeline import config_without, parts_of
from models.families import FAMILIES
from models.fitting import fit
from models.novelty_context import ContextConfig, ContextNovelty
from models.series import Floats, Series

SMALL = ContextConfig(memory_rows=300)
LOWEST = ContextNovelty(1, SMALL).push(np.array([[np.nan]]))[0, 0]


def two_states(rows: int, seed: int = 1) -> Floats:
    """Low for half a day, high for half a day (100 rows each), with a little noise."""
    rng = np.random.default_rng(seed)
    return np.where(np.arange(rows) // 100 % 2, 80.0, 20.0) + rng.normal(size=rows)


def judged(values: Floats, config: ContextConfig = SMALL) -> Floats:
    return ContextNovelty(1, config).push(values[:, None])[:, 0]


def test_a_value_between_two_usual_states_is_new_though_it_is_no_extreme() -> None:
    values = two_states(1000)
    values[930] = 50.0
    score = judged(values, ContextConfig())
    assert score[930] > 0
    assert score[930] == score[300:].max()


def test_a_pulse_that_comes_again_is_not_new() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=2000)
    values[100::100] = 40.0 + rng.normal(size=19)
    score = judged(values, ContextConfig())
    assert score[1100::100].max() < score[100]
    values[1500] = 90.0
    assert judged(values, ContextConfig())[1500] > 0


def test_a_slow_level_that_never_was_is_new_though_its_values_are_usual() -> None:
    """One row in ten is high, for 40 rows it is nine in ten."""
    rng = np.random.default_rng(3)
    high = rng.random(2000) < 0.1
    high[1500:1540] = rng.random(40) < 0.9
    values = 30.0 * high + rng.integers(0, 4, 2000)
    assert judged(values, ContextConfig(level_rows=1, shapes=(1,)))[1500:1540].max() < 0
    score = judged(values, ContextConfig(shapes=(1,)))
    assert score[1500:1540].max() > score[500:1500].max()


@pytest.mark.parametrize("values", [np.full(500, 7.0), np.full(500, np.nan)], ids=["constant", "missing"])
def test_nothing_is_new_where_nothing_changes(values: Floats) -> None:
    assert (judged(values) == LOWEST).all()


def test_a_missing_value_leaves_no_trace() -> None:
    values = two_states(700)
    holes = np.insert(values, [200, 200, 550], np.nan)
    np.testing.assert_array_equal(judged(holes)[np.isfinite(holes)], judged(values))


def test_huge_values_stay_finite() -> None:
    values = two_states(400)
    values[200], values[300] = 1e300, -1e300
    assert np.isfinite(judged(values)).all()


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_chunks_of_any_length_give_equal_scores(chunks: list[int]) -> None:
    values = two_states(1500)[:, None] * np.array([1.0, -3.0])
    values[::97, 1] = np.nan
    whole = ContextNovelty(2, SMALL).push(values)
    streamed, at, parts = ContextNovelty(2, SMALL), 0, []
    for rows in [*chunks, len(values)]:
        parts.append(streamed.push(values[at : at + rows]))
        at += rows
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_restored_memory_goes_on_alike_also_beyond_its_bound() -> None:
    values = two_states(3000)[:, None]
    first = ContextNovelty(1, SMALL)
    first.push(values[:1700])
    second = ContextNovelty(1, SMALL)
    second.set_state([[array.copy() for array in sensor] for sensor in first.state()])
    np.testing.assert_array_equal(second.push(values[1700:]), first.push(values[1700:]))


def test_the_memory_is_bounded() -> None:
    novelty = ContextNovelty(1, ContextConfig())
    before = sum(array.nbytes for sensor in novelty.state() for array in sensor)
    novelty.push(two_states(8000)[:, None])
    assert sum(array.nbytes for sensor in novelty.state() for array in sensor) == before < 60_000


def test_the_pipeline_uses_it_where_it_is_switched_on_and_can_leave_it_out() -> None:
    config = FAMILIES["nab"]
    assert "context" in parts_of(config)
    values = two_states(1000)
    values[930] = 50.0
    stamps = np.datetime64("2026-03-01", "ns") + np.arange(1000) * np.timedelta64(300, "s")
    series = Series("made", stamps, ("value",), values[:, None])
    with_it = fit((), config).run(series)
    without = fit((), config_without(config, frozenset({"context"}))).run(series)
    assert with_it.alarm[930]
    assert not without.alarm[930]
    by_sensor = fit((), replace(config, by_sensor=True)).run(series)
    np.testing.assert_array_equal(by_sensor.score[:, 0], with_it.score)
