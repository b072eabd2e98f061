"""Retraining on a station's history: officers' words are labels, and what is worse is not used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.artefacts import retraining
from models.artefacts.retraining import Closed, Measured, retrain, series_of
from models.errors import ModelError
from models.pipeline.forest import NO_TREES
from models.pipeline.pipeline import Fitted
from models.pipeline.second_stage import SecondStage
from models.protocol import TriageClass
from models.series import Floats, Series
from models.training import fitting

START = datetime(2026, 9, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
LEVELS = {"COD": 50.0, "TSS": 30.0, "NH4": 4.0, "Flow": 120.0}


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "TREES", 15)


def history(rows: int) -> list[Measured]:
    rng = np.random.default_rng(3)
    return [
        Measured(START + i * STEP, p, float(level * (1 + 0.04 * rng.standard_normal())), 1, "00")
        for i in range(rows)
        for p, level in LEVELS.items()
    ]


def at(row: float) -> datetime:
    return START + row * STEP


def test_causes_are_labels_and_what_nobody_judged_is_ignored() -> None:
    closed = [
        Closed("COD", at(10), at(14), "pollution"),
        Closed("TSS", at(20), at(21), "sensor_fault"),
        Closed("COD", at(30), at(32), None),
        Closed("COD", at(40), at(42), "false_alarm"),
        Closed("COD", at(50), at(51), "unknown"),
        Closed("COD", at(1000), at(1001), "pollution"),
    ]
    series = series_of("DT_A", tuple(LEVELS), history(60), closed)
    assert series.labels is not None
    assert series.ignore is not None
    assert np.flatnonzero(series.labels).tolist() == [10, 11, 12, 13, 14, 20, 21]
    assert np.flatnonzero(series.ignore).tolist() == [30, 31, 32, 50, 51]
    assert [(e.cls, e.sensors) for e in series.events] == [
        (TriageClass.POLLUTION, ("COD",)),
        (TriageClass.FAULT, ("TSS",)),
    ]


def test_unusable_values_are_missing_and_their_status_is_known() -> None:
    rows = [
        Measured(at(0), "COD", 50.0, 1, "00"),
        Measured(at(0), "TSS", 250.0, 1, "01"),
        Measured(at(1), "COD", 9999.0, 4, "00"),
        Measured(at(1), "TSS", None, 9, "00"),
        Measured(at(1), "gone", 1.0, 1, "00"),
    ]
    series = series_of("DT_A", ("COD", "TSS"), rows, ())
    assert np.isnan(series.values).tolist() == [[False, True], [True, True]]
    assert series.status is not None
    assert series.status.tolist() == [[0, 1], [2, 2]]


@pytest.mark.timeout(180)
def test_a_candidate_that_is_better_than_novelty_alone_passes() -> None:
    result = retrain(series_of("DT_A", tuple(LEVELS), history(2000), ()), None)
    assert result.candidate.stage is not None
    assert result.candidate.tells_pollution
    assert result.learnt_rows == 1500
    assert isinstance(result.candidate_figures["event_f1"], float)
    assert result.worse == ()


def test_one_that_is_worse_on_the_last_weeks_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = Fitted(None, 60.0, 0.005, False)
    monkeypatch.setattr(retraining, "fit", lambda *_: deaf)
    result = retrain(series_of("DT_A", tuple(LEVELS), history(2000), ()), None)
    assert "point_f1" in result.worse
    nervous = Fitted(None, -15.0, 0.005, False)
    monkeypatch.setattr(retraining, "fit", lambda *_: nervous)
    assert retrain(series_of("DT_A", tuple(LEVELS), history(2000), ()), None).worse


def test_what_is_measured_is_what_the_station_says_charts_included(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline that never alarms: its station does, by its charts."""
    deaf = Fitted(None, 60.0, 0.005, False)
    monkeypatch.setattr(retraining, "fit", lambda *_: deaf)
    found = retrain(series_of("DT_A", tuple(LEVELS), history(2000), ()), None).candidate_figures
    assert 0.2 < found["event_recall"] < 1.0  # type: ignore[operator]


class Broken(SecondStage):
    def shares(self, x: Floats) -> Floats:
        raise ZeroDivisionError(f"{len(x)} rows")


def test_a_candidate_that_fails_on_a_row_does_not_pass_by_the_charts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the station it would be put aside, and nothing would tell pollution from a fault."""
    monkeypatch.setattr(retraining, "fit", lambda *_: Fitted(Broken((NO_TREES,), (0, 1))))
    with pytest.raises(ModelError, match="the pipeline failed on a row: ZeroDivisionError"):
        retrain(series_of("DT_A", tuple(LEVELS), history(2000), ()), None)


def test_a_station_with_only_a_flow_meter_learns_how_it_fails() -> None:
    result = retrain(series_of("DT_A", ("Flow",), history(2000), ()), None)
    assert result.candidate.stage is not None
    assert not result.candidate.tells_pollution


def test_pollution_across_the_cut_is_learnt_as_pollution(monkeypatch: pytest.MonkeyPatch) -> None:
    """At row 1,500 of 2,000 the part that is learnt from ends, in the middle of what an officer called pollution."""
    learnt: list[Series] = []
    monkeypatch.setattr(retraining, "fit", lambda series, *_: learnt.extend(series) or Fitted())
    retrain(series_of("DT_A", tuple(LEVELS), history(2000), [Closed("COD", at(1490), at(1520), "pollution")]), None)
    (part,) = learnt
    assert part.labels is not None
    assert np.flatnonzero(part.labels)[-10:].tolist() == list(range(1490, 1500))
    assert part.events[-1].cls is TriageClass.POLLUTION
    assert part.events[-1].end == part.times[-1]


def test_too_short_a_history_is_refused_with_a_sentence() -> None:
    with pytest.raises(ModelError, match="too few to learn from"):
        retrain(series_of("DT_A", tuple(LEVELS), history(300), ()), None)
