r"""Leaps: the sensor's own jumps are found, a flood and the return from a spike are none.

level    ____      turbidity  __/\__    conductivity ‾‾\__    a flood: all three the natural way, no leap
level    ____      turbidity  __|____   conductivity ‾‾‾‾‾    a spike: one row, and only that row
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.pipeline import parts_of
from models.families import FAMILIES
from models.fitting import fit
from models.novelty_leap import LeapConfig, Leaps
from models.series import Bools, Floats, Series, Times

COLUMNS = ("Level", "Cond", "Tur")
LEVEL, COND, TUR = range(3)
TARGETS = [COND, TUR]
ROWS, AT = 600, 400


def hours(rows: int = ROWS) -> Times:
    return np.datetime64("2026-03-01", "ns") + np.arange(rows) * np.timedelta64(90, "m")


@pytest.fixture
def river() -> Floats:
    rng = np.random.default_rng(4)
    slow = np.sin(np.arange(ROWS) / 60)[:, None] * np.array([0.05, 0.1, 0.2])
    noise = rng.normal(size=(ROWS, 3)) * np.array([0.002, 0.004, 0.05])
    return np.array([0.6, 400.0, 8.0]) * np.exp(slow + noise)


def leapt(values: Floats, times: Times | None = None) -> Bools:
    return Leaps(COLUMNS, TARGETS, LeapConfig()).push(hours(len(values)) if times is None else times, values) >= 0


@pytest.mark.parametrize(("sensor", "factor"), [(TUR, 12.0), (COND, 2.0), (COND, 0.02)])
def test_a_spike_is_a_leap_and_the_return_from_it_is_none(river: Floats, sensor: int, factor: float) -> None:
    river[AT, sensor] *= factor
    assert np.argwhere(leapt(river)).tolist() == [[AT, sensor]]


def test_an_ordinary_river_has_no_leap(river: Floats) -> None:
    assert not leapt(river).any()


def test_a_flood_has_no_leap_but_the_same_jump_alone_is_one(river: Floats) -> None:
    flood = river.copy()
    decay = np.exp(-np.arange(60) / 20)
    flood[AT : AT + 60] *= 1 + np.outer(decay, [0.8, -0.5, 15.0])
    assert not leapt(flood).any()
    flood[:, [LEVEL, COND]] = river[:, [LEVEL, COND]]
    assert leapt(flood)[AT, TUR]


def test_a_leap_the_unnatural_way_explains_nothing(river: Floats) -> None:
    """Both probes out of the water: conductivity falls, but so does turbidity, and the level stays."""
    river[AT, [COND, TUR]] = 3.0, 0.3
    assert leapt(river)[AT, COND]


def test_a_shift_is_a_leap_once_and_then_the_new_level_is_usual(river: Floats) -> None:
    river[AT:, COND] *= 3.0
    assert np.argwhere(leapt(river)).tolist() == [[AT, COND]]


def test_every_spike_of_a_cluster_is_a_leap(river: Floats) -> None:
    river[AT : AT + 5, COND] *= np.array([3.0, 7.0, 2.0, 12.0, 4.5])
    assert np.argwhere(leapt(river)).tolist() == [[AT + i, COND] for i in range(5)]


def test_ways_that_stay_wild_are_accepted_in_the_end(river: Floats) -> None:
    long = np.tile(river, (4, 1))
    long[AT:, COND] *= np.exp(np.random.default_rng(5).normal(size=len(long) - AT))
    found = leapt(long)[:, COND]
    assert found[AT : AT + 12].sum() >= 4
    assert found[-500:].mean() < 0.01


def test_after_a_long_silence_a_change_is_no_leap(river: Floats) -> None:
    river[AT:, COND] *= 1.6
    assert leapt(river)[AT, COND]
    times = hours()
    times[AT:] += np.timedelta64(60, "D")
    assert not leapt(river, times).any()


def test_several_times_nearly_nothing_is_no_leap(river: Floats) -> None:
    river[AT - 20 : AT + 20, TUR] = 0.1
    river[AT, TUR] = 0.5
    assert not leapt(river)[AT - 10 : AT + 10, TUR].any()


def test_a_covariate_is_compared_but_never_doubted(river: Floats) -> None:
    leaps = Leaps(COLUMNS, TARGETS, LeapConfig())
    river[AT:, LEVEL] *= 4.0
    leaps.push(hours(), river)
    assert np.isfinite(leaps.state()[3][LEVEL]).all()
    assert np.isnan(leaps.state()[4][LEVEL]).all()


@given(st.lists(st.integers(1, 250), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
@settings(deadline=None)  # the first example compiles
def test_chunks_of_any_length_and_a_restored_memory_give_equal_scores(chunks: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.exp(rng.normal(size=(ROWS, 3)) * 0.1)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[rng.integers(ROWS, size=20), TUR] *= 1e300
    whole = Leaps(COLUMNS, TARGETS, LeapConfig()).push(hours(), values)
    assert np.isfinite(whole).all()
    at, parts, memory = 0, [], Leaps(COLUMNS, TARGETS, LeapConfig()).state()
    for rows in [*chunks, ROWS]:
        streamed = Leaps(COLUMNS, TARGETS, LeapConfig())
        streamed.set_state([array.copy() for array in memory])
        parts.append(streamed.push(hours()[at : at + rows], values[at : at + rows]))
        memory, at = streamed.state(), at + rows
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_names_say_which_way_a_parameter_moves_by_nature() -> None:
    assert LeapConfig().signs(("Level", "EC", "Turbidity", "pH")).tolist() == [1.0, -1.0, 1.0, 0.0]


def test_the_pipeline_alarms_on_a_leap_where_it_is_switched_on(river: Floats) -> None:
    config = FAMILIES["oddwater"]
    assert "leap" in parts_of(config)
    river[AT, TUR] *= 12.0
    result = fit((), config).run(Series("made", hours(), COLUMNS, river, covariates=("Level",)))
    assert np.flatnonzero(result.alarm).tolist() == [AT]
