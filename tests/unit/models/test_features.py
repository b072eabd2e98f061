"""Features: chunking does not matter, the past alone counts, and each says what it is named for."""

from __future__ import annotations

import numpy as np
import pytest

from models.compiled import Records
from models.errors import ModelError
from models.features.daily import difference, fields_of
from models.features.table import CELL_NAMES
from models.pipeline.alarm_line import ALARM_LINE, begin, hold, judged, smoothed
from models.pipeline.examples import event_weights
from models.pipeline.pipeline import Fitted, Scorer
from models.snapshots import pack, unpack
from models.training.threshold import HeldOut, choose_threshold

T0 = np.datetime64("2026-03-01T00:00:00", "ns")
COLUMNS = ("a", "b", "c")


def made(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    times = T0 + np.arange(rows) * np.timedelta64(900, "s")
    common = np.cumsum(rng.normal(size=rows)) * 0.1
    values = 50 + common[:, None] + rng.normal(size=(rows, 3))
    values[rng.random(values.shape) < 0.02] = np.nan
    return times, np.round(values, 2)


def scorer() -> Scorer:
    return Scorer(Fitted(), COLUMNS)


def columns_of(name: str, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    features = scorer().push(times, values).features
    return features.cells[:, :, CELL_NAMES.index(name)]


@pytest.mark.parametrize("sizes", [[1] * 700, [255, 1, 257, 187], [700]], ids=["row-by-row", "odd", "whole"])
def test_chunks_give_the_same_features(sizes: list[int]) -> None:
    times, values = made(700)
    whole = scorer().push(times, values).features
    table, start, cells, rows = scorer(), 0, [], []
    for size in sizes:
        part = table.push(times[start : start + size], values[start : start + size]).features
        cells.append(part.cells)
        rows.append(part.rows)
        start += size
    np.testing.assert_array_equal(np.concatenate(cells), whole.cells)
    np.testing.assert_array_equal(np.concatenate(rows), whole.rows)


def test_a_restored_table_goes_on_to_the_bit() -> None:
    times, values = made(900)
    values[300:320] = 1e300
    values[400:420, 1] = np.inf
    table, other = scorer(), scorer()
    table.push(times[:777], values[:777])
    other.set_state(unpack("table", 1, pack("table", 1, table.state())))
    one, again = (s.push(times[777:], values[777:]).features for s in (table, other))
    np.testing.assert_array_equal(one.cells, again.cells)
    np.testing.assert_array_equal(one.rows, again.rows)
    assert np.isfinite(one.cells).all()


def test_the_future_does_not_matter() -> None:
    times, values = made(900)
    changed = values.copy()
    changed[600:] = 1e5
    one = scorer().push(times, values).features
    other = scorer().push(times, changed).features
    np.testing.assert_array_equal(one.cells[:600], other.cells[:600])


def test_a_step_shows_as_residual_in_one_sensor_and_as_contradiction_to_the_others() -> None:
    rng = np.random.default_rng(3)
    times, _ = made(2000)
    common = rng.normal(size=2000)
    values = 50 + common[:, None] + 0.2 * rng.normal(size=(2000, 3))
    values[1500:, 1] += 8
    slow = columns_of("slow_5", times, values)
    cross = columns_of("cross_0", times, values)
    assert abs(slow[1510, 1]) > 4 > abs(slow[1510, 0])
    assert abs(cross[1510, 1]) > 4


def test_frozen_zero_missing_and_scale() -> None:
    times, values = made(1000)
    values[800:830, 0] = values[799, 0] if np.isfinite(values[799, 0]) else 50.0
    values[800:810, 1] = 0.0
    values[800:820, 2] = np.nan
    run, zero, missing = (columns_of(n, times, values) for n in ("run", "zero", "missing"))
    assert run[829, 0] > np.log1p(20)
    assert zero[800:810, 1].all()
    assert not zero[:800].any()
    assert missing[819, 2] == pytest.approx(np.log1p(20))
    small, large = columns_of("slow", times, values), columns_of("slow", times, values * 1000)
    np.testing.assert_allclose(small, large, rtol=1e-6, atol=1e-6)


def test_the_same_half_hour_of_earlier_days_is_the_expectation() -> None:
    # Five equal days of a square wave, then one day shifted up by 3: the difference is 0, then 3.
    rows = 6 * 96
    times = T0 + np.arange(rows) * np.timedelta64(900, "s")
    wave = np.where(np.arange(rows) % 96 < 48, 10.0, 20.0)
    wave[5 * 96 :] += 3
    memory, out = np.zeros(1, fields_of(1)), np.empty((rows, 1))
    memory["history"], memory["slot"] = np.nan, -1
    arrays = memory["history"][0], memory["sums"][0], memory["counts"][0], memory["slot"]
    for i, at_ns in enumerate(times.astype(np.int64).tolist()):
        difference(at_ns, wave[i : i + 1], *arrays, out[i])
    out = out[:, 0]
    assert np.isnan(out[: 3 * 96]).all()
    assert np.abs(out[3 * 96 : 5 * 96]).max() == 0
    assert (out[5 * 96 :] == 3).all()


def test_snapshots_keep_arrays_to_the_bit() -> None:
    array = np.array([[0.1, np.nan], [np.inf, -0.0]])
    again = unpack("kind", 1, pack("kind", 1, {"x": array, "n": 3}))
    assert again["x"].tobytes() == array.tobytes()
    assert again["n"] == 3
    with pytest.raises(ModelError, match="start it empty"):
        unpack("kind", 2, pack("kind", 1, {}))


def test_hold_and_weights() -> None:
    over = np.array([0, 1, 0, 0, 0, 1, 0], dtype=bool)
    assert hold(over, 2).astype(int).tolist() == [0, 1, 1, 1, 0, 1, 1]
    labels = np.zeros(1300, dtype=bool)
    labels[10:12] = True
    labels[100:1300] = True
    weight = event_weights(labels)
    assert weight[5] == 1
    assert 1 <= weight[10] <= 2
    assert weight[500] == pytest.approx(0.1)


def test_the_threshold_keeps_the_budget() -> None:
    # Ten true events score 6, a hundred false peaks score 3 in 100 days: a threshold between them is the only good one.
    rows = 100 * 96
    times = T0 + np.arange(rows) * np.timedelta64(900, "s")
    scores = np.random.default_rng(0).normal(-5, 0.5, rows)
    labels = np.zeros(rows, dtype=bool)
    scores[50::96] = 3
    for k in range(10):
        labels[k * 960 + 20 : k * 960 + 24] = True
    scores[labels] = 6
    judged = [HeldOut(times, scores, labels)]
    threshold = choose_threshold(judged, budget_per_day=0.1)
    assert 3 < threshold <= 6


def test_of_nearly_equal_thresholds_the_most_sensitive_is_taken() -> None:
    # Two hundred events of four rows score 6 at first and 1 to 3 afterwards; two false peaks of 3.5 cost little.
    rows = 100 * 96
    times = T0 + np.arange(rows) * np.timedelta64(900, "s")
    random = np.random.default_rng(0)
    scores, labels = random.normal(-5, 0.5, rows), np.zeros(rows, dtype=bool)
    for row in range(4):
        labels[20 + row :: 48] = True
    scores[labels] = random.uniform(1, 3, labels.sum())
    scores[20::48] = 6
    scores[[1000, 5000]] = 3.5
    judged = [HeldOut(times, scores, labels)]
    threshold = choose_threshold(judged, budget_per_day=0.1)
    assert 1 <= threshold < 1.5


def line() -> Records:
    lines = np.zeros(1, ALARM_LINE)
    begin(lines[0], threshold=1.0, tail=0.01, adapt=0.3)
    return lines


def test_an_alarm_line_streams() -> None:
    logits = np.random.default_rng(1).normal(size=500)
    margin, alarm = judged(line(), np.zeros(500, dtype=np.int64), logits)
    lines = line()
    parts = [judged(lines, np.zeros(7, dtype=np.int64), logits[a : a + 7]) for a in range(0, 497, 7)]
    parts.append(judged(lines, np.zeros(3, dtype=np.int64), logits[497:]))
    np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), margin)
    np.testing.assert_array_equal(np.concatenate([p[1] for p in parts]), alarm)


def test_scores_are_smoothed_over_a_row_and_a_half() -> None:
    assert smoothed(np.array([3.0, 0.0, 0.0])) == pytest.approx([2.0, 2.0 / 3.0, 2.0 / 9.0])
