"""Distance from a known good head: a departure is found, wandering as in the head is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.pipeline import parts_of
from models.families import FAMILIES
from models.fitting import fit
from models.novelty_settled import Settled, SettledConfig
from models.series import Floats, Series

HEAD, ROWS = 400, 1000
CALM, OTHER, WANDERING = range(3)


@pytest.fixture
def rig() -> Floats:
    """Two sensors that stay where they are, and one that wanders all the time (oil that warms)."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(ROWS, 3)) * np.array([0.1, 0.02, 0.05]) + np.array([5.0, 1.0, 20.0])
    values[:, WANDERING] += np.cumsum(rng.normal(size=ROWS) * 0.003)
    return values


def judged(values: Floats) -> Floats:
    return np.asarray(Settled(values.shape[1], SettledConfig()).push(values)[:, 0])


def test_a_run_that_goes_on_as_it_began_is_in_order(rig: Floats) -> None:
    assert (judged(rig) < 0).all()


def test_a_departure_counts_less_at_a_sensor_that_wanders(rig: Floats) -> None:
    calm = rig.copy()
    calm[:, WANDERING] -= np.convolve(np.pad(rig[:, WANDERING], 20, mode="edge"), np.ones(41) / 41, mode="valid")
    for values in (rig, calm):
        values[600:, WANDERING] += 0.1
    assert (judged(rig) < 0).mean() > 0.95
    assert (judged(calm)[650:] >= 0).mean() > 0.9


def test_a_sensor_that_leaves_its_level_is_found_within_the_smoothing_and_so_is_its_return(rig: Floats) -> None:
    rig[600:800, CALM] += 0.25
    over = judged(rig) >= 0
    assert over[620:800].all()
    assert not over[:600].any()
    assert not over[850:].any()


def test_two_sensors_that_part_are_found_though_each_stays_in_its_range() -> None:
    rng = np.random.default_rng(4)
    common = rng.normal(size=ROWS)
    values = common[:, None] + rng.normal(size=(ROWS, 2)) * 0.1
    values[700:] += [0.8, -0.8]
    together = values.copy()
    together[700:, 1] += 1.6
    over = judged(values) >= 0
    assert over[730:].mean() > 0.9
    assert not over[:700].any()
    assert (judged(together)[730:] >= 0).mean() < 0.1


@pytest.mark.parametrize("kind", ["constant", "missing", "one sensor", "huge", "short"])
def test_any_run_is_judged_without_a_number_that_is_none(rig: Floats, kind: str) -> None:
    values = {
        "constant": np.full_like(rig, 5.0),
        "missing": np.where(np.arange(3) == CALM, np.nan, rig),
        "one sensor": rig[:, :1],
        "huge": np.where(np.arange(ROWS)[:, None] == 200, 1e300, rig),
        "short": rig[:50],
    }[kind]
    said = judged(values)
    assert np.isfinite(said).all()
    assert (said < 0).all()


def test_a_missing_value_neither_hides_nor_makes_a_departure(rig: Floats) -> None:
    rig[500:550, CALM] = np.nan
    rig[620:, CALM] += 0.25
    rig[700:720, CALM] = np.nan
    over = judged(rig) >= 0
    assert not over[:620].any()
    assert over[650:].all()


@given(cuts=st.lists(st.integers(1, ROWS - 1), max_size=4, unique=True))
@settings(max_examples=20, deadline=None)
def test_parts_and_restored_memories_give_what_one_push_gives(cuts: list[int]) -> None:
    values = np.random.default_rng(5).normal(size=(ROWS, 3))
    whole = judged(values)
    settled, parts = Settled(3, SettledConfig()), []
    for part in np.split(values, sorted(cuts)):
        parts.append(settled.push(part)[:, 0])
        restored = Settled(3, SettledConfig())
        restored.set_state(settled.state())
        settled = restored
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_pipeline_asks_it_where_configured(rig: Floats) -> None:
    rig[600:800, CALM] += 0.5
    times = np.datetime64("2026-03-01", "ns") + np.arange(ROWS) * np.timedelta64(1, "s")
    alarm = fit((), FAMILIES["skab"]).run(Series("rig", times, ("a", "b", "c"), rig)).alarm
    assert alarm[640:800].all()
    assert not alarm[:600].any()
    assert "settled" in parts_of(FAMILIES["skab"])
    assert "settled" not in parts_of(FAMILIES["scenarios"])
