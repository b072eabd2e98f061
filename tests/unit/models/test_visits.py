"""Signs of visits: what repeats together, what is missing beside it, and how a stop ends."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.alarms import Aim, HeldOut, choose_threshold
from models.examples import inner_rows, matrices
from models.families import FAMILIES
from models.features.table import FeatureConfig, FeatureTable
from models.features.visits import VISIT_NAMES, Visits
from models.pipeline import Fitted, Scorer

T0 = np.datetime64("2026-03-01T00:00:00", "ns")
STOP, END = 700, 706


def visited(rows: int = 900) -> np.ndarray:
    """Three lively sensors; from row 700 to 705 the first has no value, and the other two repeat their last one.

    row      699  700 ... 705  706
    first    x    -       -    x
    second   y    y       y    y + 3
    """
    values = np.random.default_rng(5).normal(50.0, 1.0, (rows, 3)).round(3)
    values[STOP:END, 0] = np.nan
    values[STOP:END, 1:] = values[STOP - 1, 1:]
    values[END, 1] = values[END - 1, 1] + 3.0
    return values


def signs(values: np.ndarray) -> dict[str, np.ndarray]:
    out = Visits(values.shape[1]).push(values)
    return {name: out[:, :, k] for k, name in enumerate(VISIT_NAMES)}


def test_a_visit_shows_in_every_sensor() -> None:
    s = signs(visited())
    inside = slice(STOP, END)
    np.testing.assert_array_equal(np.expm1(s["repeats"][inside, 1]).round(), np.arange(1, 7))
    assert (s["others_missing"][inside] == [0, 1, 1]).all()
    assert (s["others_repeating"][inside] == [2, 1, 1]).all()
    assert (s["together"][inside] == 2).all()
    assert (s["alone_in_silence"][inside] == [0, 1, 1]).all()
    assert not s["together"][:STOP].any()


def test_the_end_of_a_stop_is_remembered_for_an_hour_of_quarter_hours() -> None:
    s = signs(visited())
    assert s["jump_after"][END, 1] == pytest.approx(3.0 / 1.4, rel=0.1)
    assert np.expm1(s["repeats_before"][END, 1]) == pytest.approx(6)
    assert not s["repeats_before"][END + 4 :].any()
    assert abs(s["jump_after"][END + 20, 1]) < 0.05
    assert s["back"][END, 0] == pytest.approx(np.log1p(1))
    assert s["others_back"][END + 1, 1] == pytest.approx(np.log1p(2))


def test_a_repeat_of_a_coarse_sensor_surprises_less() -> None:
    values = np.random.default_rng(6).normal(50.0, 1.0, (3000, 2))
    values[:, 0] = values[:, 0].round(0)
    values[:, 1] = values[:, 1].round(3)
    values[2990:] = values[2989]
    surprise = signs(values)["repeat_surprise"]
    assert 0 < surprise[2995, 0] < 0.5 * surprise[2995, 1]


def test_a_dead_sensor_does_not_teach_that_repeating_is_usual() -> None:
    values = np.random.default_rng(7).normal(50.0, 1.0, (3000, 1))
    values[1000:2900] = 12.0
    share = signs(values)["repeat_share"][:, 0]
    assert share[2899] < share[999] + 0.02


def test_chunks_scale_and_snapshots_do_not_matter() -> None:
    values = visited()
    whole = Visits(3).push(values)
    np.testing.assert_allclose(Visits(3).push(values * 1000), whole, rtol=1e-6, atol=1e-6)
    cuts, parts, one = [0, 1, 2, 650, 703, 900], [], Visits(3)
    for first, stop in pairwise(cuts):
        parts.append(one.push(values[first:stop]))
        memory, one = one.memory, Visits(3)
        one.memory = memory.copy()
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_bad_input_gives_numbers() -> None:
    values = np.full((50, 3), np.nan)
    values[10:, 0] = 1e300
    values[20:30, 1] = np.inf
    values[40:, 1] = -1e300
    assert np.isfinite(Visits(3).push(values)).all()


def test_the_table_has_them_where_a_family_asks() -> None:
    values = visited()
    times = T0 + np.arange(len(values)) * np.timedelta64(900, "s")
    without = FeatureTable(("a", "b", "c"), FeatureConfig()).push(times, values)
    table = FeatureTable(("a", "b", "c"), FeatureConfig(visits=True))
    first = table.push(times[:705], values[:705])
    again = FeatureTable(("a", "b", "c"), FeatureConfig(visits=True))
    again.set_state(table.state())
    second = again.push(times[705:], values[705:])
    cells = np.concatenate([first.cells, second.cells])
    assert first.cell_names == without.cell_names + VISIT_NAMES
    np.testing.assert_allclose(cells[:, :, : without.cells.shape[2]], without.cells)
    np.testing.assert_allclose(cells[:, :, without.cells.shape[2] :], Visits(3).push(values))
    off = FeatureTable(("a", "b", "c"), FeatureConfig(visits=True, off=frozenset({"visits"}))).push(times, values)
    assert not off.cells[:, :, without.cells.shape[2] :].any()
    seen = matrices(off, [0, 1, 2], FAMILIES["lro"])
    assert [x.shape[1] for x in seen] == [len(off.cell_names) + len(off.row_names)] * 3


def test_a_stream_of_the_family_equals_its_batch() -> None:
    values = visited()[600:]
    times = T0 + np.arange(300) * np.timedelta64(900, "s")
    fitted = Fitted(FAMILIES["lro"], None, 0.0, 0.005, False)
    whole = Scorer(fitted, ("a", "b", "c")).push(times, values)
    one = Scorer(fitted, ("a", "b", "c"))
    rows = [one.push(times[i : i + 1], values[i : i + 1]) for i in range(300)]
    np.testing.assert_allclose(np.concatenate([r.margin for r in rows]), whole.margin, rtol=1e-9, atol=1e-9)


def test_only_the_edges_of_long_events_teach() -> None:
    labels = np.zeros(40, dtype=bool)
    labels[2:6] = labels[10:30] = True
    assert np.flatnonzero(inner_rows(labels, 5)).tolist() == list(range(15, 25))
    assert not inner_rows(labels, 0).any()


def test_a_constant_alarm_is_never_chosen() -> None:
    # 98 rows in a hundred have the lowest score, as where log-odds are cut: alarmed as a whole they meet every event.
    times = T0 + np.arange(4000) * np.timedelta64(900, "s")
    scores = np.full(4000, -8.0)
    labels = np.zeros(4000, dtype=bool)
    labels[100:110] = labels[2000:2020] = True
    scores[np.r_[104, 500:580]] = np.r_[2.0, np.linspace(-7, 1, 80)]
    judged = [HeldOut(times, scores, labels)]
    for aim in Aim:
        assert choose_threshold(judged, budget_per_day=1.0, aim=aim, hold_rows=0, fallback=0.0) > -8.0


def test_thresholds_are_tried_in_the_range_of_what_can_be_seen() -> None:
    # A drift of a thousand rows that only its first eight rows show, and three loud moments for nothing below them.
    times = T0 + np.arange(6000) * np.timedelta64(900, "s")
    scores = np.random.default_rng(9).normal(-6.0, 0.3, 6000)
    labels = np.zeros(6000, dtype=bool)
    labels[3000:4000] = True
    scores[3000:3008] = 2.0
    scores[[500, 1500, 2500]] = -1.0
    judged = [HeldOut(times, scores, labels)]
    options = {"budget_per_day": 10.0, "aim": Aim.GROUPS, "hold_rows": 0, "fallback": 0.0}
    assert choose_threshold(judged, share=0.004, **options) > -1.0
    assert choose_threshold(judged, **options) < -1.0
