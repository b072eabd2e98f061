"""The changepoint score of SKAB, against the example of its authors' package and values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.metrics.changepoint import ChangepointCount, count_changepoints, hit_value, switches
from models.evaluation.metrics.nab import PROFILES

START = np.datetime64("2020-01-01T00:00:00", "ns")


def _seconds(*seconds: float) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return START + (np.array(seconds) * 1e9).astype("timedelta64[ns]")


def _count(true: tuple[float, ...], predicted: tuple[int, ...], rows: int = 1000) -> ChangepointCount:
    mask = np.zeros(rows, dtype=np.bool_)
    mask[list(predicted)] = True
    return count_changepoints(_seconds(*range(rows)), mask, _seconds(*true))


def test_the_worked_example_of_tsad() -> None:
    # docs/waico_md/Evaluating.md: 20 days, true at 6 and 14, predicted at 4 and 10 -> -5.5 / -11.0 / -3.67
    days = np.datetime64("2020-01-01", "ns") + np.arange(20) * np.timedelta64(1, "D")
    predicted = np.isin(np.arange(20), [4, 10])
    count = count_changepoints(days, predicted, days[[6, 14]])
    scores = {name: count.score(profile) for name, profile in PROFILES.items()}
    assert scores == {
        "standard": pytest.approx(-5.5),
        "low_fp": pytest.approx(-11.0),
        "low_fn": pytest.approx(-3.67, abs=5e-3),
    }


def test_null_and_perfect_detector() -> None:
    assert _count((100, 400), ()).score(PROFILES["standard"]) == pytest.approx(0.0)
    assert _count((100, 400), (100, 400)).score(PROFILES["low_fn"]) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (0.0, 1.0),
        (0.5, 0.445 - 0.555 * 0.0015724 / 0.917152),  # step 500 of 0..999: x = pi / 2 * (1000 / 999 - 1)
        (1.0, -0.11),
    ],
)
def test_value_of_a_hit_falls_from_the_left_edge_to_the_right(position: float, expected: float) -> None:
    assert hit_value(position, PROFILES["standard"]) == pytest.approx(expected, abs=1e-6)


def test_only_the_first_hit_of_a_window_counts_and_the_others_are_free() -> None:
    assert _count((100,), (130, 140, 150)) == ChangepointCount((0.5,), 0, 0)


def test_hits_outside_all_windows_are_false_positives_and_edges_belong_to_the_window() -> None:
    assert _count((100,), (99, 161)) == ChangepointCount((), 1, 2)
    assert _count((100,), (160,)) == ChangepointCount((1.0,), 0, 0)


def test_overlapping_windows_cut_the_later_one() -> None:
    # windows [100, 160] and [130, 190] -> [160, 190]; a hit at 175 is in the middle of the cut one
    count = _count((100, 130), (175,))
    assert count == ChangepointCount((0.5,), 1, 0)


def test_predictions_without_a_true_changepoint_have_no_score_but_add_up() -> None:
    alone = _count((), (10, 20))
    assert alone.score(PROFILES["standard"]) is None
    together = alone + _count((100,), (100,))
    assert together.score(PROFILES["standard"]) == pytest.approx(100 * (1 - 0.22 + 1) / 2)


def test_an_alarm_switches_where_it_begins_and_ends() -> None:
    alarm = np.array([True, True, False, False, True])
    assert switches(alarm).tolist() == [True, False, True, False, True]
