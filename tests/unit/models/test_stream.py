"""What the worker sees: probabilities, sentences, snapshots of a few kilobytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import sin

from models.protocol import Reason, Row
from models.station.scores import LEARNING, NORMAL, PROVISIONAL, ParameterScore, StationModel
from quantrac.domain.stations import QcThresholds, Sensor
from tests.factories import station

START = datetime(2026, 3, 1, tzinfo=UTC)
PARAMETERS = {"Flow": 80.0, "Temp": 29.0, "pH": 7.2, "TSS": 30.0, "COD": 58.0, "NH4": 4.0, "DO": 5.0}
STATION = station(
    sensors=[Sensor(p, "" if p == "pH" else "mg/L", qc=QcThresholds(resolution=0.01)) for p in PARAMETERS]
)


def row(k: int, **factor: float) -> Row:
    values = {p: v * (1 + 0.01 * sin(k * 0.7 + len(p))) * factor.get(p, 1.0) for p, v in PARAMETERS.items()}
    return Row(START + timedelta(seconds=300 * k), values)


def run(model: StationModel, first: int, last: int, **factor: float) -> dict[str, ParameterScore]:
    scores: dict[str, ParameterScore] | None = None
    for k in range(first, last):
        r = row(k, **factor)
        scores = model.score_row(r, r.observed_at)
    assert scores is not None
    return scores


def test_life_of_a_station_in_words() -> None:
    model = StationModel(STATION.sensors)
    assert run(model, 0, 3)["COD"] == ParameterScore(None, 0.0, False, False, LEARNING_REASON, LEARNING, 0.0)
    assert run(model, 3, 12)["COD"].text == PROVISIONAL
    assert run(model, 12, 288)["COD"].text == NORMAL
    slug = run(model, 288, 292, COD=2.0)
    cod = slug["COD"]
    assert cod.alarm
    assert cod.harmful
    assert cod.reason is Reason.HIGH
    assert cod.probability is not None
    assert cod.probability > 0.5
    assert cod.text.vi.startswith("COD cao hơn mức bình thường ")
    assert "lần độ lệch (nền 58," in cod.text.vi
    assert cod.text.vi.endswith(" mg/L)")
    assert "." not in cod.text.vi
    assert slug["TSS"].text == NORMAL


LEARNING_REASON = run(StationModel(STATION.sensors), 0, 1)["COD"].reason


def test_only_the_polluting_side_is_harmful() -> None:
    model = StationModel(STATION.sensors)
    run(model, 0, 300)
    scores = run(model, 300, 310, COD=0.3, DO=0.3, Flow=4.0)
    assert [(p, scores[p].alarm, scores[p].harmful) for p in ("COD", "DO", "Flow")] == [
        ("COD", True, False),
        ("DO", True, True),
        ("Flow", True, False),
    ]


def test_late_and_future_rows_have_no_scores() -> None:
    model = StationModel(STATION.sensors)
    run(model, 0, 20)
    assert model.score_row(row(5), row(20).observed_at) is None
    assert model.score_row(row(400), row(20).observed_at) is None
    assert model.score_row(row(21), row(21).observed_at) is not None


def test_values_that_come_after_others_of_their_instant_are_scored_all_the_same() -> None:
    whole, parts = StationModel(STATION.sensors), StationModel(STATION.sensors)
    for k in range(300):
        r = row(k, COD=1.0 if k < 290 else 2.0)
        expected = whole.score_row(r, r.observed_at)
        if k == 200:
            parts = StationModel.restore(STATION.sensors, parts.snapshot())
        first = parts.score_row(replace(r, values={"Temp": r.values["Temp"]}), r.observed_at)
        late = parts.score_row(r, r.observed_at)
        assert first is not None
        assert late is not None
        assert "Temp" not in late
        assert {**first, **late} == expected
        assert parts.score_row(r, r.observed_at) is None


def test_a_row_ahead_of_our_clock_does_not_make_the_true_ones_late() -> None:
    model = StationModel(STATION.sensors)
    run(model, 0, 20)
    now = row(20).observed_at
    assert model.score_row(replace(row(20), observed_at=now + timedelta(minutes=2)), now) is None
    assert model.score_row(row(20), now) is not None


def test_snapshot_is_small_and_goes_on_exactly() -> None:
    model = StationModel(STATION.sensors)
    run(model, 0, 200, TSS=1.0)
    snapshot = model.snapshot()
    assert len(snapshot) < 3_000
    again = StationModel.restore(STATION.sensors, snapshot)
    for k in range(200, 260):
        r = row(k, COD=1.0 if k < 220 else 1.9)
        assert again.score_row(r, r.observed_at) == model.score_row(r, r.observed_at)
    assert again.snapshot() == model.snapshot()


def test_a_sensor_added_after_the_snapshot_begins_to_learn() -> None:
    old = StationModel(STATION.sensors[:-1])
    run(old, 0, 50)
    model = StationModel.restore(STATION.sensors, old.snapshot())
    scores = run(model, 50, 51)
    assert scores["DO"].probability is None
    assert scores["COD"].probability is not None
