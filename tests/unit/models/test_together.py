"""Contrasts on a long memory, and alarms where two sensors change at once; the same by chunk and by row."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import snapshots
from models.evaluation.pipeline import config_without, parts_of
from models.families import FAMILIES
from models.features.contrast import NAMES, Contrast, ContrastConfig
from models.features.table import Features, FeatureTable
from models.fitting import fit
from models.packing import pack, unpack
from models.pipeline import Scorer
from models.series import Floats, Series
from models.together import TogetherConfig, TogetherLine, TogetherTails, Usual, learn_tails, together

CONFIG = TogetherConfig(budget_per_day=0.5, apart_rows=30)
TAILS = TogetherTails((3.0, 3.0, 3.0), (1.0, 1.0, 1.0), (2.0, 2.0, 2.0), 1.0)
"""Threshold: ten times rarer than once a day, 3 * sqrt(10) = 9.5 usual sizes."""


def noise(rows: int, sensors: int = 3, seed: int = 1) -> Floats:
    return 100.0 + np.random.default_rng(seed).normal(size=(rows, sensors)).round(1)


def contrasts(values: Floats) -> Floats:
    return Contrast(values.shape[1], ContrastConfig()).push(values)


def features(values: Floats) -> Features:
    d = values.shape[1]
    return Features(contrasts(values), np.zeros((len(values), 0)), NAMES, tuple(f"r{i}" for i in range(d)))


def alarms(values: Floats, config: TogetherConfig = CONFIG) -> list[int]:
    targets = list(range(values.shape[1]))
    line = TogetherLine(len(targets), config, TAILS)
    return np.flatnonzero(line.push(features(values), targets, values)).tolist()


def test_a_pulse_that_comes_every_day_stays_nearly_as_large() -> None:
    values = noise(3000, 1)
    for start in range(500, 3000, 250):
        values[start : start + 20] += 30.0
    found = np.abs(contrasts(values)[:, 0, NAMES.index("contrast_2")])
    peaks = [found[start : start + 5].max() for start in range(500, 3000, 250)]
    assert peaks[-1] > 0.5 * peaks[0]


def test_flutter_is_what_leads_nowhere_and_a_ramp_is_straight() -> None:
    values = noise(1000, 2)
    values[500:520, 0] += 8.0 * (-1.0) ** np.arange(20)
    values[500:520, 1] += 8.0 * np.arange(20)
    found = contrasts(values)[510:520]
    flutter, straight = (found[:, :, NAMES.index(n)] for n in ("flutter", "straight"))
    assert flutter[:, 0].min() > 5 * flutter[:, 1].max()
    assert straight[:, 1].min() > 0.9 > np.abs(straight[:, 0]).max()


def test_an_alarm_needs_two_sensors_and_lasts_as_long_as_both_are_off() -> None:
    """Rows 1000 to 1019: one sensor; 1500 to 1519: two."""
    values = noise(2000)
    values[1000:1020, 0] += 60.0
    values[1500:1520, 0] += 60.0
    values[1500:1520, 2] -= 60.0
    # One row more: of two values, one is still off.
    assert alarms(values) == list(range(1500, 1521))


def test_after_a_while_a_new_level_is_accepted() -> None:
    values = noise(2000)
    values[1000:] += 60.0
    assert len(alarms(values)) <= CONFIG.longest_rows
    assert len(alarms(values, replace(CONFIG, longest_rows=20))) == 20


def test_the_threshold_keeps_the_budget_and_events_are_not_learnt_as_usual() -> None:
    rng = np.random.default_rng(3)
    sizes = rng.pareto(3.0, size=(20_000, 3))
    sizes[5000:5020] = 1e3
    normal = np.ones(20_000, dtype=bool)
    normal[4990:5100] = False
    tails = learn_tails([Usual(sizes, normal, 20.0)], CONFIG)
    assert tails is not None
    over = (tails.rarity(sizes) >= tails.threshold) & normal
    assert 1 <= over.sum() <= 30
    assert tails.rarity(sizes)[5000] > tails.threshold + 1


@pytest.mark.parametrize("rows", [0, 1, 40])
def test_too_little_to_learn_from_gives_no_alarms_of_this_kind(rows: int) -> None:
    assert learn_tails([Usual(np.zeros((rows, 3)), np.ones(rows, dtype=bool), 1.0)], CONFIG) is None


def test_one_sensor_alone_is_never_together() -> None:
    values = noise(500, 1)
    values[300:] += 90.0
    assert not together(features(values), [0], CONFIG.keys).any()
    assert alarms(values) == []


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 699), max_size=5),
    seed=st.integers(0, 99),
    missing=st.sampled_from([0.0, 0.2, 1.0]),
    huge=st.booleans(),
)
def test_chunks_rows_and_a_restored_state_give_the_same(cuts: list[int], seed: int, missing: float, huge: bool) -> None:
    values = noise(700, seed=seed)
    values[400:430, :2] += 1e300 if huge else 70.0
    values[np.random.default_rng(seed).random(values.shape) < missing] = np.nan
    targets = [0, 1, 2]
    whole = features(values)
    expected = TogetherLine(3, CONFIG, TAILS).push(whole, targets, values)
    table, line = Contrast(3, ContrastConfig()), TogetherLine(3, CONFIG, TAILS)
    edges = sorted({0, *cuts, 700})
    for a, b in pairwise(edges):
        fresh, fresh_line = Contrast(3, ContrastConfig()), TogetherLine(3, CONFIG, TAILS)
        fresh.set_state(snapshots.unpack("table", 1, snapshots.pack("table", 1, table.state())))
        fresh_line.set_state(snapshots.unpack("line", 1, snapshots.pack("line", 1, line.state())))
        table, line = fresh, fresh_line
        cells = table.push(values[a:b])
        assert np.array_equal(cells, whole.cells[a:b])
        part = Features(cells, whole.rows[a:b], NAMES, whole.row_names)
        assert np.array_equal(line.push(part, targets, values[a:b]), expected[a:b])


def labelled(seed: int) -> Series:
    """Six days by the minute; most events are pulses of one sensor, which teach nothing of two at once."""
    rows = 6 * 1440
    values = noise(rows, 3, seed)
    labels = np.zeros(rows, dtype=bool)
    for k, start in enumerate(range(1000, rows - 100, 450)):
        values[start : start + 20, k % 3] += 25.0
        labels[start : start + 20] = True
    times = np.datetime64("2024-01-01", "ns") + np.arange(rows) * np.timedelta64(60, "s").astype("timedelta64[ns]")
    return Series("", times, ("ph", "cod", "nh4"), values, labels=labels, group=str(seed))


def test_the_pipeline_alarms_a_flutter_of_two_sensors_that_nobody_labelled_and_goes_on_after_a_restart() -> None:
    config = replace(FAMILIES["gecco"], iterations=20, together=CONFIG)
    fitted = fit([labelled(1)], config)
    assert fitted.together is not None
    fitted = unpack(pack(fitted))
    other = labelled(2)
    values = other.values.copy()
    values[5550:5580, :2] += 15.0 * ((-1.0) ** np.arange(30))[:, None]
    result = fitted.run(replace(other, values=values))
    without = fit([labelled(1)], config_without(config, frozenset({"together"})))
    assert without.together is None
    assert result.alarm[5550:5582].mean() > 0.8
    assert (result.score[result.alarm] >= 1.0).all()
    scorer = Scorer(fitted, other.columns)
    scorer.push(other.times[:5565], values[:5565])
    again = Scorer(fitted, other.columns)
    again.set_state(scorer.state())
    rest = again.push(other.times[5565:5800], values[5565:5800]).alarm[:, 0]
    assert np.array_equal(rest, result.alarm[5565:5800])


def test_the_ablation_can_leave_it_out() -> None:
    assert {"together", "contrast"} <= set(parts_of(FAMILIES["gecco"]))
    table = FeatureTable(("a", "b"), config_without(FAMILIES["gecco"], frozenset({"contrast"})).features)
    assert not set(NAMES) & set(table.cell_names)
