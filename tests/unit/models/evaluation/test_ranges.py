"""Metrics of ranges: what a right, a constant and a shifted alarm are worth."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.metrics.ranges import RangeScores, can_score, range_scores
from models.series import Bools, Floats

ROWS = 600
TIMES = np.datetime64("2026-01-01", "ns") + np.arange(ROWS) * np.timedelta64(5, "m")
TRUTH: Bools = np.zeros(ROWS, dtype=np.bool_)
TRUTH[200:230] = TRUTH[400:420] = True

pytestmark = pytest.mark.skipif(not can_score(), reason="tsadmetrics, of the extra `evaluate`, is not installed")


def judged(score: Floats, alarm: Bools) -> RangeScores:
    return range_scores(TIMES, TRUTH, score, alarm)


def test_a_right_alarm_is_worth_one() -> None:
    found = judged(TRUTH + np.linspace(0, 0.01, ROWS), TRUTH).figures()
    assert found["affiliation_precision"] == pytest.approx(1.0)
    assert found["affiliation_recall"] == pytest.approx(1.0)
    assert found["vus_pr"] is not None
    assert found["vus_pr"] > 0.8


def test_a_constant_alarm_has_the_precision_of_chance_and_chance_little_area() -> None:
    chance = np.random.default_rng(1).random(ROWS)
    found = judged(chance, np.ones(ROWS, dtype=np.bool_)).figures()
    assert found["affiliation_precision"] == pytest.approx(0.5, abs=0.1)
    assert found["affiliation_recall"] == pytest.approx(1.0)
    assert found["vus_pr"] is not None
    assert found["vus_pr"] < 0.3


def test_an_alarm_near_an_event_is_worth_more_than_one_far_off() -> None:
    near, far = np.roll(TRUTH, 10), np.roll(TRUTH, 90)
    score = np.linspace(0.0, 1.0, ROWS)
    assert judged(score, near).affiliation_precision > judged(score, far).affiliation_precision + 0.2


def test_missing_scores_and_series_without_events_are_no_crash() -> None:
    score = np.where(np.arange(ROWS) % 7 == 0, np.nan, TRUTH + np.linspace(0, 0.01, ROWS))
    assert judged(score, TRUTH).series == 1
    assert range_scores(TIMES, np.zeros(ROWS, dtype=np.bool_), score, TRUTH) == RangeScores()
    assert judged(np.full(ROWS, np.nan), TRUTH) == RangeScores()


def test_silence_has_no_precision_and_no_recall() -> None:
    silent = judged(np.linspace(0.0, 1.0, ROWS), np.zeros(ROWS, dtype=np.bool_))
    assert silent.figures()["affiliation_precision"] is None
    assert silent.figures()["affiliation_recall"] == 0.0
    assert (silent + silent).series == 2
