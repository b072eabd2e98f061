"""The model in the stream, on the real database: pollution pages once and says why, the rest is a work item."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from alerts.explanations import assessment_words
from models.artefacts.loading import packed
from models.artefacts.store import Artefact, ArtefactStore
from models.pipeline.pipeline import Fitted
from models.station.judging import Watched
from models.station.pipeline_memory import StationWatch
from quantrac.clock import ManualClock
from quantrac.domain.stations import Registry
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import parse_registry
from sql.reports import AlertLine, Reports
from streams.artefact_choice import ArtefactChoice
from streams.processor import BatchProcessor
from tests.conformance.station_detector import pushed

STATION = "DT_TEST_NUOSXL"
STEP = timedelta(minutes=5)
LEVELS = {"COD": 40.0, "TSS": 22.0, "NH4": 2.4, "pH": 7.2, "Flow": 110.0}
HISTORY = 300
REGISTRY = """
[[station]]
code = "DT_TEST_NUOSXL"
effective_from = 2026-01-01
name_vi = "Trạm thử"
name_en = "Test station"
kind = "effluent"
operator = "đơn vị vận hành"
longitude = 105.75
latitude = 10.29
limit_set = "QCVN40-2011-A"
kq = 1.2
kf = 1.0
park = "KCN Thử"
""" + "".join(f'\n[[station.sensor]]\nparameter = "{p}"\nunit = "{u}"\n' for p, u in
              (("COD", "mg/L"), ("TSS", "mg/L"), ("NH4", "mg/L"), ("pH", ""), ("Flow", "m3/h")))  # fmt: skip

Values = dict[str, float]
MakeProcessor = Callable[..., BatchProcessor]


@pytest.fixture
def registry() -> Registry:
    return parse_registry(REGISTRY, "test")


def normal(i: int) -> Values:
    """A quiet row: a daily course, and noise of a few per cent."""
    rng = random.Random(i)
    day = 1 + 0.05 * math.sin(2 * math.pi * i / 288)
    return {p: round(v * day * (1 + rng.gauss(0, 0.004 if p == "pH" else 0.03)), 3) for p, v in LEVELS.items()}


def slug(i: int, begin: int) -> Values:
    """COD and TSS (and less so NH4) rise within the hour to 1.7 times the usual, below every limit."""
    rise = min(max(i - begin, 0) / 8, 1.0)
    share = {"COD": 0.75, "TSS": 0.8, "NH4": 0.4}
    return {p: round(v * (1 + rise * share.get(p, 0.0)), 3) for p, v in normal(i).items()}


class Line:
    """Sends rows of one station through a processor, a few to a batch, with the clock at the last one."""

    def __init__(self, processor: BatchProcessor, records: Any, clock: ManualClock) -> None:
        self.processor, self._records, self._clock = processor, records, clock
        self._start = clock.now()

    def send(self, rows: Iterable[tuple[int, Values]], batch: int = 6, **more: Any) -> None:
        waiting = list(rows)
        for k in range(0, len(waiting), batch):
            part = waiting[k : k + batch]
            at = [self._start + i * STEP for i, _ in part]
            self._clock.advance(at[-1] - self._clock.now())
            self.processor.process(
                [self._records.message(v, at=t, seq=i, **more) for (i, v), t in zip(part, at, strict=True)]
            )


@pytest.fixture
def line(make_processor: MakeProcessor, records: Any, clock: ManualClock) -> Line:
    made = Line(make_processor(), records, clock)
    made.send((i, normal(i)) for i in range(HISTORY))
    return made


def pages(reports: Reports) -> set[int]:
    return {d.alert_id for d in reports.deliveries()}


def anomalies(reports: Reports, *, only_open: bool = False) -> list[AlertLine]:
    return [a for a in reports.alerts(only_open=only_open) if a.kind == "anomaly"]


def test_a_slug_of_coupled_parameters_pages_once_with_reasons_before_a_limit_is_crossed(
    line: Line, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    assert anomalies(reports) == []
    line.send(((i, slug(i, HISTORY)) for i in range(HISTORY, HISTORY + 18)), batch=1)
    assert [a for a in reports.alerts(only_open=False) if a.kind == "limit" and a.page] == []
    opened = anomalies(reports)
    assert {a.parameter for a in opened} >= {"COD", "TSS"}
    paged = [a for a in opened if a.page]
    assert len(paged) == 1
    assert pages(reports) == {paged[0].id}
    assert paged[0].triage == "pollution"
    assert (paged[0].triage_probability or 0) >= 0.5
    assert paged[0].assessment is not None
    assert "Có thể là: sự cố xả thải" in assessment_words(paged[0].assessment).vi
    with psycopg.connect(prepared.owner) as connection:
        texts = [row[0] for row in connection.execute("SELECT text FROM outbox")]
    assert len(texts) == 1
    assert "Lý do 1: " in texts[0]
    assert "Reason 1: " in texts[0]


def test_a_stuck_probe_is_a_work_item(line: Line, reports: Reports) -> None:
    stuck = normal(HISTORY)["COD"]
    line.send(((i, normal(i) | {"COD": stuck}) for i in range(HISTORY, HISTORY + 60)), batch=3)
    opened = [a for a in anomalies(reports) if a.parameter == "COD"]
    assert opened
    assert {a.triage for a in opened} == {"fault"}
    assert pages(reports) == set()


def test_a_calibration_that_the_logger_does_not_mark_is_a_work_item(line: Line, reports: Reports) -> None:
    # pH in the buffers 4 and 7, and back
    buffers = [4.01] * 6 + [7.0] * 6
    rows = [(HISTORY + i, normal(HISTORY + i) | {"pH": value}) for i, value in enumerate(buffers)]
    line.send(rows, batch=1)
    opened = anomalies(reports)
    assert {a.parameter for a in opened} == {"pH"}
    assert [a.triage for a in opened] != ["pollution"]
    assert {a.id for a in opened} & pages(reports) == set()


def test_a_marked_calibration_pages_nobody(line: Line, reports: Reports) -> None:
    odd = [(HISTORY + i, normal(HISTORY + i) | {"COD": 250.0}) for i in range(40)]
    line.send(odd, batch=1, status="01")
    assert [a.rule for a in reports.alerts()] == ["calibrating"] * 5
    assert pages(reports) == set()


@pytest.mark.parametrize("killed_at", [3, 9])
def test_a_worker_killed_in_mid_incident_goes_on_with_the_same_triage(
    line: Line, make_processor: MakeProcessor, reports: Reports, prepared: DatabaseEndpoint, killed_at: int
) -> None:
    rows = [(i, slug(i, HISTORY)) for i in range(HISTORY, HISTORY + 14)]
    straight = StationWatch.restore(*_memory(line))
    line.send(rows[:killed_at], batch=1)
    line.processor = make_processor()  # nothing in memory, as after kill -9
    line.send(rows[killed_at:], batch=1)
    watch = _scorer(line).watch
    assert watch is not None
    from models.protocol import Row

    start = line._start
    charted = [Watched(*msgspec.msgpack.decode(r)).charted for r in watch._rows[-len(rows) :]]
    assessments = pushed(straight, [Row(start + i * STEP, v) for i, v in rows], charted)
    again = StationWatch.restore(*_memory(line))
    more = [Row(start + i * STEP, slug(i, HISTORY)) for i in range(HISTORY + 14, HISTORY + 20)]
    assert pushed(again, more, [True] * 6) == pushed(straight, more, [True] * 6)
    assert assessments[-1].triage is not None
    assert len(pages(reports)) == 1


def _scorer(line: Line) -> Any:
    return line.processor._states[STATION].scorer


def _memory(line: Line) -> tuple[Any, bytes, bytes]:
    """Return what is stored of the station's watch."""
    scorer = _scorer(line)
    with line.processor._store.transaction() as tx:
        base = tx.states.load_bases([STATION])[STATION]
    return scorer.config, scorer.watch.light(), base


def test_a_model_that_raises_on_a_row_stops_nothing_and_is_tried_again(
    line: Line, reports: Reports, monkeypatch: pytest.MonkeyPatch, prepared: DatabaseEndpoint
) -> None:
    look = StationWatch.look

    def maybe(self: StationWatch, rows: Sequence[Any], *more: Any) -> Any:
        if any(r.values["COD"] == 41.5 for r in rows):
            raise FloatingPointError("cannot digest this row")
        return look(self, rows, *more)

    monkeypatch.setattr(StationWatch, "look", maybe)
    before = reports.ledger_totals().stored
    line.send([(HISTORY, normal(HISTORY) | {"COD": 41.5})])
    assert "FloatingPointError: cannot digest this row" in _problem(prepared)
    line.send([(i, normal(i) | {"COD": 95.0}) for i in (HISTORY + 1, HISTORY + 2)], batch=1)
    assert reports.ledger_totals().stored == before + 15
    assert [a.rule for a in reports.alerts() if a.page] == ["limit"]
    line.send(((i, normal(i)) for i in range(HISTORY + 3, HISTORY + 7)), batch=1)
    assert _problem(prepared) == ""
    assert _scorer(line).watch.active.rows >= HISTORY


def _problem(database: DatabaseEndpoint) -> str:
    with psycopg.connect(database.reader) as connection:
        row = connection.execute("SELECT coalesce(problem, '') FROM station_models").fetchone()
    return "" if row is None else str(row[0])


AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ABOUT = Artefact("", STATION, "pipeline", AT.isoformat(), AT.isoformat(), AT.isoformat(), "0" * 64, {}, "0.1.0")


def artefact(folder: Path, threshold: float) -> str:
    fitted = Fitted(None, threshold, 0.005, False)
    return ArtefactStore(folder).add(packed(fitted), replace(ABOUT)).sha256


def test_a_tampered_artefact_is_refused_by_its_hash_and_the_station_goes_on(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, prepared: DatabaseEndpoint, tmp_path: Path
) -> None:
    sha256 = artefact(tmp_path, 1.0)
    ArtefactStore(tmp_path).promote(sha256, AT)
    file = tmp_path / f"{sha256}.msgpack"
    file.write_bytes(file.read_bytes() + b"tampered")
    made = Line(make_processor(ArtefactChoice(tmp_path)), records, clock)
    made.send((i, normal(i)) for i in range(12))
    assert sha256 in _problem(prepared)
    assert _scorer(made).watch.active.rows == 12


def test_a_shadow_is_counted_beside_the_active_artefact(
    line: Line, make_processor: MakeProcessor, reports: Reports, prepared: DatabaseEndpoint, tmp_path: Path
) -> None:
    active, candidate = artefact(tmp_path, 0.0), artefact(tmp_path, 20.0)
    store = ArtefactStore(tmp_path)
    store.promote(active, AT)
    store.begin_shadow(candidate, AT)
    line.processor = make_processor(ArtefactChoice(tmp_path))
    line.send(((i, slug(i, HISTORY)) for i in range(HISTORY, HISTORY + 18)), batch=2)
    with psycopg.connect(prepared.reader) as connection:
        counts = connection.execute(
            "SELECT active, shadow, rows, alarms_active, pages_active, rows_both + rows_active FROM shadow_counts"
        ).fetchall()
        models = connection.execute("SELECT artefact, shadow, problem FROM station_models").fetchall()
    assert [row[:3] for row in counts] == [(active, candidate, 18)]
    assert counts[0][3] >= 1
    assert counts[0][4] >= 1
    assert counts[0][5] >= 6
    assert models == [(active, candidate, None)]


def test_neighbours_are_asked_for_while_an_incident_runs(
    line: Line, prepared: DatabaseEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sql.alert_store import AlertStore

    asked: list[set[str]] = []
    ask = AlertStore.neighbours

    def noted(self: AlertStore, stations: Any, now: datetime) -> Any:
        asked.append(set(stations))
        return ask(self, stations, now)

    monkeypatch.setattr(AlertStore, "neighbours", noted)
    line.send(((i, normal(i)) for i in range(HISTORY, HISTORY + 6)), batch=1)
    assert asked == []
    line.send(((i, slug(i, HISTORY + 6)) for i in range(HISTORY + 6, HISTORY + 24)), batch=1)
    assert {STATION} in asked
    assert len(asked) <= 18
