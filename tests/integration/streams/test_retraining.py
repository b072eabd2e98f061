"""Retraining from the real database: history and officers' causes in, an artefact out, or what judges not replaced."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from models.artefacts import retraining
from models.artefacts.store import ArtefactStore
from models.pipeline.pipeline import Fitted
from models.training import fitting
from quantrac.clock import ManualClock
from quantrac.domain.stations import StationKind
from quantrac.endpoints import DatabaseEndpoint
from streams.artefact_choice import ArtefactChoice
from streams.trainer import Trainer, TrainerOptions

STATION = "DT_TEST_NUOSXL"
ROWS = 2100
LEVELS = {"COD": 40.0, "pH": 7.2, "TSS": 22.0}


@pytest.fixture
def trainer(prepared: DatabaseEndpoint, clock: ManualClock, tmp_path: Path) -> Trainer:
    """A trainer over a week of history in which an officer has named one cause."""
    rng = random.Random(5)
    start = clock.now() - ROWS * timedelta(minutes=5)
    with psycopg.connect(prepared.owner) as connection:
        with connection.cursor().copy(
            "COPY readings (observed_at, received_at, value, raw_offset, raw_partition, flag, station, parameter,"
            " status) FROM STDIN"
        ) as copy:
            for i in range(ROWS):
                at = start + i * timedelta(minutes=5)
                for parameter, level in LEVELS.items():
                    value = level * (1 + rng.gauss(0, 0.03)) * (2.0 if 300 <= i < 330 and parameter != "pH" else 1.0)
                    copy.write_row((at, at, value, i, 0, 1, STATION, parameter, "00"))
        connection.execute(
            "INSERT INTO alerts (station, parameter, rule, kind, severity, opened_at, since, resolved_at, closed_cause)"
            " VALUES (%s, 'COD', 'anomaly', 'anomaly', 'high', %s, %s, %s, 'pollution')",
            (STATION, start, start + timedelta(minutes=1500), start + timedelta(minutes=1650)),
        )
    return Trainer(TrainerOptions(prepared.reader, tmp_path, timedelta(weeks=6), 2000, 1.0), clock)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "TREES", 15)


def test_the_history_is_labelled_by_what_officers_found(trainer: Trainer, clock: ManualClock) -> None:
    station = trainer._registry().station(STATION, clock.now())
    assert station is not None
    series = trainer._history(station, clock.now())
    assert series.columns == tuple(LEVELS)
    river = replace(station, kind=StationKind.SURFACE_WATER)
    assert trainer._history(river, clock.now()).in_river
    assert not series.in_river
    assert len(series.times) == ROWS
    assert [e.kind for e in series.events] == ["pollution"]
    assert series.labels is not None
    assert 30 <= series.labels.sum() <= 32


def test_a_candidate_that_passes_is_stored_promoted_and_scores_the_stream(trainer: Trainer, tmp_path: Path) -> None:
    report = trainer.retrain(STATION)
    assert report.outcome == "promoted", report
    (entry,) = ArtefactStore(tmp_path).entries()
    assert (entry.name, entry.sha256) == (STATION, report.sha256)
    assert entry.window_start < entry.window_end
    assert len(entry.data_sha256) == 64
    assert entry.metrics["event_f1"] == report.candidate["event_f1"]
    station = trainer._registry().station(STATION, trainer._clock.now())
    assert station is not None
    artefacts = ArtefactChoice(tmp_path)
    assert artefacts.config_of(station).active.sha256 == report.sha256
    shadow = trainer.retrain(STATION, as_shadow=True)
    if shadow.sha256 is not None and shadow.sha256 != report.sha256:
        artefacts.refresh()
        assert artefacts.config_of(station).shadow is not None


def test_a_worse_candidate_leaves_the_old_one_active(
    trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trainer.retrain(STATION)
    deaf = Fitted(None, 60.0, 0.005, False)
    monkeypatch.setattr(retraining, "fit", lambda *_: deaf)
    second = trainer.retrain(STATION)
    assert second.outcome.startswith("not replaced: the new one is worse in ")
    store = ArtefactStore(tmp_path)
    assert [e.sha256 for e in store.entries()] == [first.sha256]
    active = store.active(STATION)
    assert active is not None
    assert active.sha256 == first.sha256


def test_too_little_history_is_said(trainer: Trainer, prepared: DatabaseEndpoint) -> None:
    with psycopg.connect(prepared.owner) as connection:
        connection.execute("DELETE FROM readings WHERE raw_offset > 500")
    assert trainer.retrain(STATION).outcome == "too little history: 501 of 2000 rows"
