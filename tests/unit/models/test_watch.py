"""Pipeline and triage of a station in the stream: restored exactly, with a shadow beside it, and joined with charts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from models.errors import ModelError
from models.pipeline.pipeline import Fitted
from models.protocol import Reason, Row, Triage, TriageClass
from models.series import Floats
from models.slow.finding import Finding, Statuses
from models.station.judging import LEARNING_ROWS, Learnt, RowAssessment, WatchConfig
from models.station.pipeline_memory import StationWatch
from models.station.scores import StationModel, joined
from quantrac.domain.stations import QcThresholds, Sensor
from quantrac.domain.words import Bilingual
from tests.conformance.station_detector import pushed
from tests.factories import station

LEVELS = {"COD": 50.0, "TSS": 30.0, "NH4": 4.0, "pH": 7.2, "Flow": 120.0}
STATION = station("DT_A", [Sensor(p, "mg/L", qc=QcThresholds(sensor_min=0.0, sensor_max=1000.0)) for p in LEVELS])
START = datetime(2026, 11, 1, tzinfo=UTC)
STERN = Learnt("b" * 64, Fitted(None, 12.0, 0.005, False))
"""A candidate that takes far less for unusual."""
SLUG_AT = 320


def rows(first: int, stop: int, slug_at: int = SLUG_AT) -> list[Row]:
    """Rows every five minutes; from ``slug_at`` on COD, TSS and NH4 double within the hour."""
    made = []
    for i in range(first, stop):
        rng = np.random.default_rng(i)
        rise = min(max(i - slug_at, 0) / 10, 1.0)
        values: dict[str, float | None] = {
            p: level * (1 + 0.04 * float(rng.standard_normal())) * (1 + rise * (p in {"COD", "TSS", "NH4"}))
            for p, level in LEVELS.items()
        }
        made.append(Row(START + i * timedelta(minutes=5), values))
    return made


def push(watch: StationWatch, some: list[Row]) -> list[RowAssessment]:
    return pushed(watch, some, [False] * len(some))


@pytest.fixture(scope="module")
def warm() -> tuple[bytes, bytes]:
    watch = StationWatch(WatchConfig.of(STATION))
    push(watch, rows(0, 300))
    base = watch.take_base()
    return watch.light(), base


def test_while_an_alarm_is_only_held_no_other_sensor_is_named(warm: tuple[bytes, bytes]) -> None:
    #  COD, TSS, NH4 rise for 40 min | as usual again, with pH a little high: it was named in the rows that are held
    watch = StationWatch.restore(WatchConfig.of(STATION), *warm)
    push(watch, rows(300, SLUG_AT + 8))
    after = rows(SLUG_AT + 8, SLUG_AT + 48, slug_at=SLUG_AT + 48)
    said = [push(watch, [Row(r.observed_at, {**r.values, "pH": 1.1 * (r.values["pH"] or 0.0)})])[0] for r in after]
    held = [one for one in said if one.alarm and one.severity < 1.0]
    assert held
    assert all(set(one.leading) <= {"COD", "TSS", "NH4"} for one in held)


def test_a_slug_is_taken_for_pollution_with_reasons(warm: tuple[bytes, bytes]) -> None:
    watch = StationWatch.restore(WatchConfig.of(STATION), *warm)
    assessments = push(watch, rows(300, 340))
    assert not any(v.alarm for v in assessments[:20])
    late = assessments[-1]
    assert late.alarm
    assert set(late.leading) == {"COD", "TSS", "NH4"}
    assert late.triage is not None
    assert late.triage.cls is TriageClass.POLLUTION
    assert late.triage.reasons
    assert watch.running


@pytest.mark.parametrize("cut", [301, 318, 325, 333])
def test_a_restored_watch_goes_on_as_if_nothing_had_happened(warm: tuple[bytes, bytes], cut: int) -> None:
    straight = StationWatch.restore(WatchConfig.of(STATION), *warm)
    expected = push(straight, rows(300, 340))
    first = StationWatch.restore(WatchConfig.of(STATION), *warm)
    head = [v for r in rows(300, cut) for v in push(first, [r])]
    again = StationWatch.restore(WatchConfig.of(STATION), first.light(), warm[1])
    assert head + push(again, rows(cut, 340)) == expected


def test_a_restored_base_goes_on_as_well(warm: tuple[bytes, bytes]) -> None:
    watch = StationWatch.restore(WatchConfig.of(STATION), *warm)
    push(watch, rows(300, 330))
    base = watch.take_base()
    again = StationWatch.restore(WatchConfig.of(STATION), watch.light(), base)
    assert push(again, rows(330, 340)) == push(watch, rows(330, 340))
    assert len(base) < 100_000


def test_the_large_part_is_written_seldom_and_the_small_one_stays_small() -> None:
    watch = StationWatch(WatchConfig.of(STATION))
    bases, largest = 0, 0
    for r in rows(0, 300):
        push(watch, [r])
        if watch.base_is_due:
            watch.take_base()
            bases += 1
        largest = max(largest, len(watch.light()))
    assert 2 <= bases <= 6
    assert largest < 10_000


def test_parts_that_do_not_belong_together_are_refused(warm: tuple[bytes, bytes]) -> None:
    light, base = warm
    with pytest.raises(ModelError, match="not there"):
        StationWatch.restore(WatchConfig.of(STATION), light, None)
    fewer = replace(STATION, sensors=STATION.sensors[:3])
    with pytest.raises(ModelError, match="other parameters"):
        StationWatch.restore(WatchConfig.of(fewer), light, base)
    watch = StationWatch.restore(WatchConfig.of(STATION), light, base)
    watch.take_base()
    with pytest.raises(ModelError, match="number"):
        StationWatch.restore(WatchConfig.of(STATION), watch.light(), base)


def test_the_charts_alarm_alone_begins_an_incident_also_in_the_first_hour() -> None:
    watch = StationWatch(WatchConfig.of(STATION))
    some = rows(0, 12)
    assessments = pushed(watch, some, [i >= 8 for i in range(12)])
    assert len(some) < LEARNING_ROWS
    assert not any(v.alarm for v in assessments)
    assert [v.triage is not None for v in assessments] == [False] * 8 + [True] * 4


def test_a_sensor_that_reports_less_often_is_held_and_not_missing() -> None:
    slow = replace(STATION, sensors=(*STATION.sensors[1:], replace(STATION.sensors[0], cadence_s=1800.0)))
    watch = StationWatch(WatchConfig.of(slow))
    first, second = rows(0, 2)
    kept = {p: v for p, v in second.values.items() if p != "COD"}
    pushed(watch, [first, Row(second.observed_at, kept)], [False, False])
    late = Row(first.observed_at + timedelta(hours=2), kept)
    watched = [watch._watched(r, False, (0, 0)).values[-1] for r in (Row(second.observed_at, kept), late)]
    assert watched[0] == first.values["COD"]
    assert np.isnan(watched[1])


def test_what_comes_after_a_newer_row_counts_with_the_next_one(warm: tuple[bytes, bytes]) -> None:
    """Of each instant pH comes first and the rest after it: the pipeline sees that one row later."""
    whole = StationWatch.restore(WatchConfig.of(STATION), *warm)
    parts = StationWatch.restore(WatchConfig.of(STATION), *warm)
    late = Row(rows(299, 300)[0].observed_at, {})
    shown: list[Row] = []
    for r in rows(300, 345):
        first = replace(r, values={"pH": r.values["pH"]})
        shown.append(replace(r, values={**late.values, **first.values}))
        assessed, same = pushed(parts, [first, late := replace(r, values={**r.values, "Flow": None})], [False, False])
        assert same == assessed
        if r.observed_at.minute == 0:
            parts = StationWatch.restore(WatchConfig.of(STATION), parts.light(), warm[1])
    expected = [v for r in shown for v in push(whole, [r])]
    assert expected[-1] == assessed
    assert assessed.triage is not None
    assert assessed.triage.cls is TriageClass.POLLUTION


def test_what_comes_late_is_shown_to_the_slow_watches_and_begins_an_incident() -> None:
    watch = StationWatch(WatchConfig.of(STATION))
    one, two, three = rows(0, 3)
    cod = replace(one, values={"COD": 1.0})
    pushed(watch, [replace(one, values={"pH": 7.0}), cod], [False, True])
    first = watch._watched(replace(two, values={"pH": 7.0}), False, (0, 0))
    assert first.values[0] == 1.0
    assert first.charted
    assert 0.0 not in [j for j, *_ in first.odd]
    then = watch._watched(replace(three, values={"pH": 7.0}), False, (0, 0))
    assert not then.charted
    assert np.isnan(then.values[0])


def test_calibrating_and_faulty_sensors_are_left_out_and_known() -> None:
    watch = StationWatch(WatchConfig.of(STATION))
    (one,) = rows(0, 1)
    row = Row(one.observed_at, one.values, {"TSS": 4, "pH": 3}, {"COD": "01", "NH4": "02"})
    watched = watch._watched(row, False, (3, 1))
    assert (watched.calibrating, sorted(watched.faulty)) == (["COD"], ["NH4", "TSS"])
    assert [bool(np.isnan(v)) for v in watched.values] == [True, True, True, False, False]
    assert (watched.neighbours, watched.neighbours_alarmed, watched.visited_ago_s) == (3, 1, 0.0)


def test_a_shadow_is_counted_and_changes_nothing(warm: tuple[bytes, bytes]) -> None:
    alone = StationWatch.restore(WatchConfig.of(STATION), *warm)
    expected = push(alone, rows(300, 340))
    both = StationWatch.restore(WatchConfig.of(STATION, None, STERN), *warm)
    assert not both.take_counts()
    assert push(both, rows(300, 340)) == expected
    counts = both.take_counts()
    assert counts.rows == 40
    assert counts.alarms_active == 1
    assert counts.rows_both + counts.rows_active == sum(v.triage is not None for v in expected)
    assert counts.rows_active > 0
    assert counts.rows_shadow == 0
    assert not both.take_counts()


def test_another_artefact_takes_over_what_the_rows_have_taught(warm: tuple[bytes, bytes]) -> None:
    before, after = (StationWatch.restore(WatchConfig.of(STATION), *warm) for _ in range(2))
    after = after.turned_to(STERN, None)
    assert after.base_is_due
    assert max(v.severity for v in push(after, rows(300, 310))) < max(v.severity for v in push(before, rows(300, 310)))


POLLUTION = Triage(TriageClass.POLLUTION, 0.9, (Bilingual("COD, TSS cùng tăng", "COD, TSS rose together"),))


def test_charts_and_pipeline_are_joined_by_sensor() -> None:
    charts = StationModel(STATION.sensors)
    scores = None
    for r in rows(0, 60):
        scores = charts.score_row(r, r.observed_at)
    assert scores is not None
    assessment = RowAssessment(3.0, True, {"COD": 5.2, "pH": -0.4}, POLLUTION)
    said = joined(scores, assessment)
    assert {p for p, s in said.items() if s.alarm} == {"COD", "pH"}
    assert said["COD"].harmful
    assert not said["pH"].harmful
    assert said["COD"].triage == POLLUTION
    assert said["COD"].text.vi.startswith("trạm khác quy luật thường ngày; COD cao hơn mức bình thường 5,2 lần")
    assert joined(scores, RowAssessment(0.1, False)) == scores


def test_a_stuck_probe_is_a_finding_that_pages_nobody_and_outlives_a_restart() -> None:
    """At the median of its history a probe that stops is nothing for a chart."""
    some = rows(0, 340, slug_at=1000)
    still = [replace(r, values={**r.values, "TSS": 30.0}) for r in some[300:]]
    watch = StationWatch(WatchConfig.of(STATION))
    push(watch, some[:300])
    base = watch.take_base()
    expected = push(watch, still)
    (found,) = {(f.parameter, f.reason, f.cls) for v in expected for f in v.findings}
    assert found == ("TSS", Reason.STUCK, TriageClass.FAULT)
    charts = StationModel(STATION.sensors)
    now = still[-1].observed_at
    scores = [charts.score_row(r, now) or {} for r in (*some[:300], *still)][-1]
    score = joined(scores, expected[-1])["TSS"]
    assert score.alarm
    assert not score.harmful
    assert score.triage is not None
    assert score.triage.cls is TriageClass.FAULT
    assert score.text == score.triage.reasons[0]
    for cut in (5, 30):
        first = StationWatch.restore(WatchConfig.of(STATION), _light_of(some[:300]), base)
        head = push(first, still[:cut])
        again = StationWatch.restore(WatchConfig.of(STATION), first.light(), base)
        assert head + push(again, still[cut:]) == expected
        moved = first.take_base()
        onward = StationWatch.restore(WatchConfig.of(STATION), first.light(), moved)
        assert push(onward, still[cut:]) == expected[cut:]


def test_of_many_rows_in_a_minute_the_slow_watches_look_at_one() -> None:
    some = [replace(r, observed_at=START + i * timedelta(seconds=1)) for i, r in enumerate(rows(0, 150))]
    watch = StationWatch(WatchConfig.of(STATION))
    looked: list[float] = []
    taken = watch._slow.push

    def counted(at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        looked.append(at_s)
        return taken(at_s, values, status)

    watch._slow.push = counted  # type: ignore[method-assign]
    push(watch, some)
    assert [b - a for a, b in pairwise(looked)] == [60.0, 60.0]


def _light_of(some: list[Row]) -> bytes:
    watch = StationWatch(WatchConfig.of(STATION))
    push(watch, some)
    watch.take_base()
    return watch.light()
