"""A station's model in a worker: what fails is put aside, told of, and tried again with its memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.pipeline.pipeline import Fitted
from models.protocol import Row
from models.station.judging import Learnt, StationAssessor, WatchConfig
from models.station.pipeline_memory import StationWatch
from models.station.scorer import RETRY_AFTER, ScorerSnapshot, StationScorer
from models.station.scores import StationModel
from tests.factories import station

STATION = station("DT_A", ("COD", "TSS"))
STERN = Learnt("b" * 64, Fitted(threshold=12.0))
NOW = datetime(2026, 11, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)


def row(index: int, value: float = 50.0) -> Row:
    return Row(NOW + index * STEP, {"COD": value + index % 3, "TSS": 20.0 + index % 4})


@pytest.fixture
def scorer() -> StationScorer:
    return StationScorer(STATION, WatchConfig.of(STATION))


def fails_on(bad: float, monkeypatch: pytest.MonkeyPatch) -> None:
    look = StationWatch.look

    def maybe(self: StationWatch, rows: Sequence[Row], *more: Any) -> Any:
        if any(r.values["COD"] == bad for r in rows):
            raise FloatingPointError("a row that the model cannot digest")
        return look(self, rows, *more)

    monkeypatch.setattr(StationWatch, "look", maybe)


def test_late_rows_have_no_score_and_do_not_reach_the_pipeline(scorer: StationScorer) -> None:
    now = NOW + 10 * STEP
    scores = scorer.score([row(5), row(3), row(6)], now)
    assert [s is None for s in scores] == [False, True, False]
    assert scorer.watch is not None
    assert len(scorer.watch._rows) == 2


def test_a_pipeline_that_raises_is_put_aside_and_the_charts_go_on(
    scorer: StationScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_on(1300.0, monkeypatch)
    for i in range(10):
        scorer.score([row(i)], NOW + i * STEP)
    now = NOW + 10 * STEP
    (scores,) = scorer.score([Row(now, {"COD": 1300.0, "TSS": 20.0})], now)
    assert scores is not None
    assert scorer.watch is None
    assert scorer.trouble is not None
    assert "FloatingPointError: a row that the model cannot digest" in scorer.trouble.reason
    assert not scorer.needs_base(now)
    (after,) = scorer.score([row(11)], now + STEP)
    assert after is not None
    kept = scorer.snapshot()
    assert kept.watch is not None
    later = now + RETRY_AFTER
    assert scorer.needs_base(later)
    scorer.try_again(None)
    assert scorer.trouble is None
    assert scorer.watch is not None
    assert len(scorer.watch._rows) == 10  # the rows before the one that it failed on
    scorer.score([row(12)], later)
    assert len(scorer.watch._rows) == 11


def test_charts_that_raise_are_tried_again(scorer: StationScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(StationModel, "worded", lambda *_: 1 / 0)
        assert scorer.score([row(0)], NOW) == [None]
    assert scorer.score([row(1)], NOW + STEP) == [None]
    assert scorer.trouble is not None
    later = NOW + RETRY_AFTER
    (scores,) = scorer.score([row(3)], later + STEP)
    assert scores is not None
    assert scorer.trouble is None


def test_charts_go_on_from_what_was_last_stored(scorer: StationScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer.score([row(i) for i in range(100)], NOW + 99 * STEP)
    stored = scorer.snapshot().charts
    with monkeypatch.context() as broken:
        broken.setattr(StationModel, "worded", lambda *_: 1 / 0)
        scorer.score([row(100)], NOW + 100 * STEP)
    assert scorer.snapshot().charts == stored  # a restart meanwhile would not lose them either
    (scores,) = scorer.score([row(103)], NOW + 103 * STEP)
    assert scores is not None
    assert scores["COD"].level == pytest.approx(51.0, abs=0.5)


def test_an_artefact_that_cannot_take_over_the_memory_starts_the_pipeline_anew(
    scorer: StationScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer.score([row(i) for i in range(10)], NOW + 9 * STEP)
    monkeypatch.setattr(StationWatch, "turned_to", lambda *_: 1 / 0)
    scorer.use(WatchConfig.of(STATION, STERN))
    assert scorer.watch is not None
    assert scorer.watch.config.active == STERN
    assert scorer.watch.active.rows == 0
    (scores,) = scorer.score([row(10)], NOW + 10 * STEP)
    assert scores is not None


def test_a_shadow_that_fails_is_let_go_and_the_active_model_goes_on(
    scorer: StationScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer.use(WatchConfig.of(STATION, None, STERN))
    assess = StationAssessor.assess
    broken = lambda self, *rows: 1 / 0 if self.learnt is STERN else assess(self, *rows)  # noqa: E731
    monkeypatch.setattr(StationAssessor, "assess", broken)
    scorer.score([row(i) for i in range(10)], NOW + 9 * STEP)
    assert scorer.trouble is not None
    assert scorer.trouble.reason == "the shadow failed on a row: ZeroDivisionError: division by zero"
    assert scorer.watch is not None
    assert scorer.watch.active.rows == 10
    scorer.use(WatchConfig.of(STATION))
    assert scorer.trouble is None


def test_a_memory_that_cannot_be_read_starts_anew(scorer: StationScorer) -> None:
    scorer.go_on(ScorerSnapshot(b"nonsense", b"\x00"), None)
    (scores,) = scorer.score([row(0)], NOW)
    assert scores is not None
    assert scorer.trouble is None


def test_a_base_that_cannot_be_made_stops_nothing(scorer: StationScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = NOW + 100 * STEP
    scorer.score([row(i) for i in range(100)], now)
    monkeypatch.setattr(StationWatch, "take_base", lambda _: 1 / 0)
    assert scorer.take_base(now) is None
    assert scorer.trouble is not None
    assert scorer.snapshot().watch is None
    (scores,) = scorer.score([row(101)], now + STEP)
    assert scores is not None
