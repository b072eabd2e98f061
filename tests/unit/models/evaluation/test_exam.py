"""The field exam: what is injected is what its label says, and what is counted is what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from alerts.rules import load_rules, packaged_rules
from commands.models import app
from models.errors import ModelError
from models.evaluation.evaluate import run_all
from models.evaluation.exam import TARGETS, Count, examine, failing, figures, intervals
from models.evaluation.families.base import Run
from models.evaluation.field import backgrounds, with_events
from models.evaluation.live import ENOUGH_MIN, PENDING, PENDING_ALONE, StationRun
from models.evaluation.recorded import recorded
from models.pipeline.pipeline import Fitted
from models.protocol import TriageClass
from models.series import Event, Result, Series, TriagedInterval

STEP, COLUMNS = np.timedelta64(300, "s"), ("COD", "NH4", "TSS", "Flow")
T0 = np.datetime64("2026-03-01T00:00:00", "ns")


def water(days: float, seed: int = 1) -> Series:
    rng = np.random.default_rng(seed)
    rows = round(days * 288)
    values = np.array([40.0, 3.0, 20.0, 100.0]) * (1 + 0.03 * rng.normal(size=(rows, 4)))
    return Series("w", T0 + np.arange(rows) * STEP, COLUMNS, values, covariates=("Flow",))


def test_what_is_injected_is_its_label_and_nothing_else() -> None:
    plain = water(30)
    made = with_events(plain, 3)
    assert made.labels is not None
    changed = (made.values != plain.values).any(axis=1)
    assert changed.any()
    assert not (changed & ~made.labels).any()
    assert not changed[: made.probation_rows].any()
    assert {e.cls for e in made.events} == {TriageClass.POLLUTION, TriageClass.FAULT}
    assert all("Flow" not in e.sensors for e in made.events)
    np.testing.assert_array_equal(with_events(plain, 3).values, made.values)


def test_what_changes_no_value_is_no_event() -> None:
    plain = water(60)
    plain.values[:, 1] = 0.0
    made = with_events(plain, 3)
    for event in made.events:
        rows = made.within(event)
        for sensor in event.sensors:
            j = COLUMNS.index(sensor)
            assert (made.values[rows, j] != plain.values[rows, j]).any(), event
    assert not any(e.sensors == ("NH4",) and e.cls is TriageClass.POLLUTION for e in made.events)


def said(alarms: list[tuple[int, int, TriageClass, int | None]], events: list[tuple[int, int, TriageClass]]) -> Count:
    """Count twenty days with these alarms (first, last row, class, row of the call) and events."""
    series = water(20)
    t = series.times
    alarm = np.zeros((len(t), 4), dtype=np.bool_)
    triage = []
    for a, b, cls, call in alarms:
        alarm[a : b + 1, 0] = True
        triage.append(TriagedInterval(t[a], t[b], cls, 0.9, (), None if call is None else t[call]))
    listed = tuple(Event(t[a], t[b], "made", (), cls) for a, b, cls in events)
    made = Series("w", t, COLUMNS, series.values, events=listed, covariates=("Flow",), probation_rows=288 * 5)
    return examine(Run(made, Result(alarm * 1.0, alarm, triage=tuple(triage))))


POLLUTION, FAULT = TriageClass.POLLUTION, TriageClass.FAULT


def test_a_call_during_a_slug_counts_from_the_start_of_the_slug() -> None:
    found = figures([said([(2004, 2040, POLLUTION, 2006)], [(2000, 2040, POLLUTION)])])
    assert found["pollution_paged"] == 1.0
    assert found["median_delay_min"] == 30.0
    assert found["false_pages_per_station_month"] == 0.0
    assert found["page_precision_in_the_field"] == 1.0
    assert found["triage_accuracy"] == 1.0


def test_an_alarm_that_was_on_before_finds_nothing_and_long_ones_count_by_length() -> None:
    found = figures([said([(1800, 2600, FAULT, None)], [(2000, 2040, POLLUTION)])])
    assert found["pollutions_from_quiet"] == 0.0
    assert found["pollution_paged"] is None
    assert found["share_of_rows_in_alarm"] == pytest.approx((801 - 53) / (288 * 15 - 53), rel=0.01)


def test_a_call_without_a_slug_is_a_false_page() -> None:
    found = figures([said([(3000, 3010, POLLUTION, 3002)], [(2000, 2040, FAULT)])])
    assert found["false_pages_per_station_month"] == pytest.approx(2.0, rel=0.01)
    assert [f.name for f in failing(found, {})] == ["false_pages_per_station_month"]
    assert set(TARGETS) <= set(found)


def test_figures_have_intervals_by_site() -> None:
    one = said([(2004, 2040, POLLUTION, 2006)], [(2000, 2040, POLLUTION)])
    other = said([], [(2000, 2040, POLLUTION)])
    low, high = intervals([one, other, one, other])["pollution_paged"]
    assert (low, high) == (0.0, 1.0)
    assert intervals([one]) == {}


def test_the_station_itself_is_examined() -> None:
    """The very class of the worker: it alarms a slug of three times the usual, and calls for it."""
    series = water(6)
    series.values[1500:1560, :3] *= 1 + 2.0 * np.minimum(np.arange(60) / 6, 1.0)[:, None]
    result = StationRun(Fitted.untaught()).run(series)
    assert result.alarm[1500:1515, :3].any()
    assert not result.alarm[600:1490].any()
    (called,) = [t.paged for t in result.triage if t.paged is not None]
    assert series.times[1500] < called < series.times[1512]


def test_a_covariate_explains_and_is_no_alarm() -> None:
    """The station looks at the same sensors as when it was taught: a family's flow is none of them."""
    series = water(6)
    series.values[1500:1560, 3] *= 3.0
    run = StationRun(Fitted.untaught())
    assert not run.witnessed(series, lambda *_: None)[600:].any()
    assert not any(t.end >= series.times[600] for t in run.run(series).triage)
    assert any(t.end >= series.times[1500] for t in run.run(replace(series, covariates=())).triage)


def test_a_stamp_of_before_refuses_itself_alone() -> None:
    series = water(6)
    times = series.times.copy()
    times[1439] = times[0]
    run = StationRun(Fitted.untaught())
    with_it, without = run.run(replace(series, times=times)), run.run(series.taking(np.arange(1728) != 1439))
    assert with_it.score[1439].tolist() == [0.0] * 4
    assert np.delete(with_it.score, 1439, axis=0) == pytest.approx(without.score)


def test_the_values_of_an_instant_may_come_in_two_rows() -> None:
    series = water(4)
    series.times[601] = series.times[600]
    series.values[600, 1:] = series.values[601, 0] = np.nan
    run = StationRun(Fitted.untaught())
    score = run.run(series).score
    assert (score[602:] > 0).all()
    assert score[601].tolist() != score[600].tolist()
    begun = np.arange(len(series.times)) == 800
    assert np.flatnonzero(run.witnessed(series, lambda *_: None, begun)).tolist() == [800]


def test_an_officer_is_called_after_as_many_rows_as_the_packaged_rule_says() -> None:
    (rule,) = [r for r in load_rules([packaged_rules()]) if r.code == "anomaly"]
    assert [(s.pending, s.enough_s, s.pending_alone) for s in rule.steps if s.page] == [
        (PENDING, 60 * ENOUGH_MIN, PENDING_ALONE)
    ]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    (tmp_path / "canary_b").mkdir()
    header = "Time_Step,B_CL2_VAL,B_TURB_VAL,B_PH_VAL,B_PLNT_FLOW_OP"
    rows = ["02/21/2006 00:00:00,3.27,0.242,6.99,13.5", "02/21/2006 00:20:00,3.27,0.242,6.99,13.5"]
    (tmp_path / "canary_b" / "b.csv").write_text("\n".join((header, *rows)))
    return tmp_path


def test_a_site_that_is_mistyped_is_refused_and_not_taught(canary: Path) -> None:
    assert {s.group for s in recorded(canary)} == {"canary"}
    assert list(recorded(canary, "canary")) == []
    with pytest.raises(ModelError, match=r"no site 'cannary' to leave out: choose one of canary "):
        next(recorded(canary, "cannary"))
    with pytest.raises(ModelError, match=r"no background 'cannary': choose one of eindhoven, .*canary"):
        backgrounds(canary, ("cannary",))


def test_backgrounds_that_are_not_at_hand_are_told(canary: Path) -> None:
    (series,), absent = backgrounds(canary, ("canary", "gecco"))
    assert absent == ["gecco"]
    assert (series.columns, series.targets) == (("Cl", "TURB", "pH", "Flow"), ("Cl", "TURB", "pH"))
    assert series.times[1] - series.times[0] == np.timedelta64(20, "m")


def test_raw_signals_are_a_background_without_dead_columns_and_spoilt_rows(tmp_path: Path) -> None:
    """Six hours of a plant: one column dead, one still for an hour."""
    (tmp_path / "eindhoven_wwtp").mkdir()
    rng = np.random.default_rng(2)
    rows = ["Time,TSS_line2,CODtot_line2,Turb_line2,Flow_line2,Flow_total"]
    for i in range(300):
        stamp = f"2013-01-{1 + i // 288:02} {i // 12 % 24:02}:{i % 12 * 5:02}"
        tss = 140.0 if 100 <= i < 115 else 140 + rng.normal()
        rows.append(f"{stamp},{tss},{505 + rng.normal()},0,{2780 + rng.normal()},{5650 + rng.normal()}")
    (tmp_path / "eindhoven_wwtp" / "raw.csv").write_text("\n".join(rows))
    (series,), absent = backgrounds(tmp_path, ("eindhoven_raw",))
    assert absent == []
    assert series.columns == ("TSS", "COD", "Flow")
    assert series.ignore is not None
    assert series.ignore[100:115].all()
    assert not series.ignore[130:].any()


def test_the_station_examined_knows_that_it_stands_in_a_river() -> None:
    told: list[Series] = []

    def judge(series: Series) -> Result:
        told.append(series)
        return Result(np.zeros(series.values.shape), np.zeros(series.values.shape, dtype=np.bool_))

    run_all(judge, [replace(water(1), in_river=True)])
    assert [s.in_river for s in told] == [True]


def test_the_command_examines_simulated_stations_and_names_what_it_had_not() -> None:
    arguments = ["exam", "--stations", "1", "--days", "10", "--json"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    report = json.loads(done.stdout)
    assert report["figures"]["station_months"] > 0
    assert "gecco" in report["not_at_hand"]
