"""Each slow watch finds its own pattern soon, says which sensor it is, and keeps quiet beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted
from models.protocol import Reason, TriageClass
from models.series import Floats, Series
from models.slow.capped import CalibrationWatch, CappedWatch
from models.slow.dilution import DilutionWatch
from models.slow.drift import DriftWatch
from models.slow.finding import Finding, Watch
from models.slow.repeats import RepeatWatch
from models.slow.stuck import StuckWatch
from models.slow.watches import SlowWatches
from models.triage.evidence import known_to_triage
from simulators.events import EventKind

DAY = 288


def run(watch: Watch, values: Floats, status: Floats | None = None) -> list[list[Finding]]:
    said = np.zeros(values.shape, dtype=np.int8) if status is None else status.astype(np.int8)
    return [watch.push(300.0 * i, v, s) for i, (v, s) in enumerate(zip(values, said, strict=True))]


def first(found: list[list[Finding]], reason: Reason, column: str) -> int:
    return next(
        (i for i, row in enumerate(found) if any(f.reason is reason and f.parameter == column for f in row)), -1
    )


def noisy(days: int, levels: list[float], seed: int = 1, scatter: float = 0.02) -> Floats:
    rng = np.random.default_rng(seed)
    rows = days * DAY
    angle = 2 * np.pi * np.arange(rows)[:, None] / DAY
    load = np.convolve(rng.normal(size=rows + 60), np.ones(60) / 60**0.5, mode="valid")[:rows, None]
    share = 1 + 0.08 * np.sin(angle) + 0.05 * load + scatter * rng.normal(size=(rows, len(levels)))
    return np.asarray(np.round(np.array(levels) * share, 1))


def test_a_stuck_probe_is_found_within_half_an_hour_of_its_habit() -> None:
    #  3 days of habit ........ | stuck for 2 h, found well before the flat-line window of an hour
    values = noisy(4, [20.0, 12.0])
    values[3 * DAY : 3 * DAY + 24, 0] = values[3 * DAY, 0]
    found = run(StuckWatch(("TSS", "TURB")), values)
    assert 3 * DAY + 3 <= first(found, Reason.STUCK, "TSS") <= 3 * DAY + 10
    assert first(found, Reason.STUCK, "TURB") == -1
    (said,) = found[3 * DAY + 12]
    assert said.cls is TriageClass.FAULT
    assert "TSS" in said.text.en
    assert "không đổi" in said.text.vi


def test_an_analyser_that_holds_each_result_for_half_an_hour_is_not_stuck() -> None:
    values = np.repeat(noisy(6, [32.0])[::6], 6, axis=0)
    assert not any(run(StuckWatch(("COD",)), values))
    values[5 * DAY : 5 * DAY + 40] = values[5 * DAY]
    assert 5 * DAY + 10 <= first(run(StuckWatch(("COD",)), values), Reason.STUCK, "COD") <= 5 * DAY + 34


@given(seed=st.integers(0, 10_000), begin=st.integers(3 * DAY, 4 * DAY))
@settings(max_examples=15, deadline=None)
def test_a_flat_line_of_six_hours_is_always_found_and_its_end_is_seen(seed: int, begin: int) -> None:
    values = noisy(5, [20.0], seed)
    values[begin : begin + 72] = values[begin]
    found = run(StuckWatch(("TSS",)), values)
    assert 0 < first(found, Reason.STUCK, "TSS") < begin + 72
    # Five equal results by chance, a day later, are not the flat line.
    assert not any(f.since_s <= 300.0 * begin for row in found[begin + 80 :] for f in row)


def test_what_a_probe_showed_during_a_silence_is_not_known() -> None:
    #  a day of habit .... | silent for 8 h | the same value as before: no repetition | then really stuck
    watch = StuckWatch(("pH",))
    habit = np.round(7.2 + 0.1 * np.sin(np.arange(DAY) / 5) + 0.05 * np.random.default_rng(2).normal(size=DAY), 1)
    run(watch, habit[:, None])
    back = DAY * 300.0 + 8 * 3600
    said = [watch.push(back + 300 * i, np.array([habit[-1]]), np.zeros(1, dtype=np.int8)) for i in range(60)]
    assert not any(said[:6])
    assert said[-1][0].since_s == back


def test_zero_flow_is_a_pause_and_not_a_stuck_probe() -> None:
    values = noisy(4, [100.0])
    values[3 * DAY : 3 * DAY + 100] = 0.0
    assert not any(run(StuckWatch(("Flow",)), values))


def test_fouling_is_found_in_days_and_a_calibration_resets_it() -> None:
    columns = ("COD", "TSS", "NH4", "TURB")
    values = noisy(30, [32.0, 18.0, 2.0, 12.0], scatter=0.04) + np.array([0.0, 0.0, 0.03, 0.0])
    days = np.clip(np.arange(len(values)) / DAY - 20, 0, None)
    values[:, 1] *= 1 - np.minimum(0.1 * days, 0.4)
    found = run(DriftWatch(columns), values)
    begun = first(found, Reason.DRIFT, "TSS")
    assert 20 * DAY < begun <= 25 * DAY
    assert not any(found[: 20 * DAY])
    status = np.zeros(values.shape)
    status[begun + 10, 1] = 1
    after = run(DriftWatch(columns), values, status)[begun + 10]
    assert not any(f.parameter == "TSS" for f in after)


SIX = ("COD", "TSS", "NH4", "TURB", "TN", "TP")
SIX_LEVELS = [320.0, 180.0, 20.0, 120.0, 60.0, 30.0]


@pytest.mark.parametrize("alike", [("NH4",), ("COD", "TN")])
def test_one_probe_or_two_that_foul_alike_are_named_and_no_other_one(alike: tuple[str, ...]) -> None:
    #  24 days | a third less in ten days, and calibrated then
    values = noisy(38, SIX_LEVELS, scatter=0.03)
    days = np.clip(np.arange(len(values)) / DAY - 24, 0, 10)
    status = np.zeros(values.shape)
    for parameter in alike:
        j = SIX.index(parameter)
        values[: 34 * DAY, j] *= 1 - days[: 34 * DAY] / 30
        status[34 * DAY : 34 * DAY + 6, j] = 1
    found = run(DriftWatch(SIX), values, status)
    for parameter in alike:
        assert 24 * DAY < first(found, Reason.DRIFT, parameter) <= 30 * DAY
    assert {f.parameter for row in found for f in row} == set(alike)
    assert not any(found[34 * DAY + 6 :])


def test_where_three_of_six_go_down_together_the_water_has_changed() -> None:
    values = noisy(34, SIX_LEVELS, scatter=0.03)
    values[:, :3] *= 1 - np.clip(np.arange(len(values)) / DAY - 24, 0, 10)[:, None] / 30
    assert not any(run(DriftWatch(SIX), values))


def test_where_the_water_changes_no_probe_is_blamed() -> None:
    #  twenty days of one source | another one: COD a half less, TSS and NH4 up, each on its own
    columns = ("COD", "TSS", "NH4", "TURB")
    values = noisy(40, [32.0, 18.0, 2.0, 12.0], scatter=0.04)
    before = run(DriftWatch(columns), values)
    assert not any(before)
    days = np.clip((np.arange(len(values)) / DAY - 20) / 5, 0.0, 1.0)[:, None]
    changed = values * (1 + days * np.array([-0.5, 0.8, 0.8, -0.5]))
    assert not any(run(DriftWatch(columns), changed))
    fouled = values * (1 + days * np.array([0.0, -0.4, 0.0, 0.0]))
    assert first(run(DriftWatch(columns), fouled), Reason.DRIFT, "TSS") > 20 * DAY


def test_a_copied_day_is_found_within_two_hours() -> None:
    values = noisy(4, [18.0, 7.2])
    values[3 * DAY : 3 * DAY + 100, 0] = values[2 * DAY : 2 * DAY + 100, 0]
    found = run(RepeatWatch(("TSS", "pH")), values)
    begun = first(found, Reason.COPIED_DAY, "TSS")
    assert 3 * DAY < begun <= 3 * DAY + 24
    assert first(found, Reason.COPIED_DAY, "pH") == -1
    (said,) = found[begun]
    assert said.cls is TriageClass.FALSIFICATION
    assert "24 h" in said.text.en
    assert "24 giờ" in said.text.vi


def test_copied_hours_are_found() -> None:
    values = noisy(3, [18.0])
    for k in range(3):
        values[2 * DAY + 36 * (k + 1) : 2 * DAY + 36 * (k + 2)] = values[2 * DAY : 2 * DAY + 36]
    begun = first(run(RepeatWatch(("TSS",)), values), Reason.REPEATED, "TSS")
    assert 2 * DAY + 36 < begun <= 2 * DAY + 72


@pytest.mark.parametrize("resolution", [0.1, 0.5, 1.0])
def test_coarse_values_that_meet_by_chance_are_no_copies(resolution: float) -> None:
    values = np.round(noisy(20, [7.0, 2.0]) / resolution) * resolution
    assert not any(run(RepeatWatch(("pH", "NH4")), values))


def test_values_pressed_under_the_limit_are_found_and_a_natural_peak_is_not() -> None:
    rng = np.random.default_rng(5)
    course = 40 + 60 * np.exp(-(((np.arange(DAY) - 150) / 40.0) ** 2))
    natural = course * (1 + 0.02 * rng.normal(size=DAY))
    pressed = np.minimum(natural, 75 * (0.96 - 0.01 * rng.random(DAY)))
    limits = {"COD": 75.0}
    found = run(CappedWatch(("COD",), limits), pressed[:, None])
    begun = first(found, Reason.CAPPED, "COD")
    over = int(np.argmax(natural > 72))
    assert over < begun <= over + 30
    assert "96 %" in found[begun][0].text.en
    assert not any(run(CappedWatch(("COD",), limits), natural[:, None]))
    assert not any(run(CappedWatch(("COD",), limits), 0.75 * natural[:, None]))
    assert not any(run(CappedWatch(("COD",), {}), pressed[:, None]))


@pytest.mark.parametrize("watch", [CappedWatch, CalibrationWatch])
def test_a_limit_that_comes_or_goes_disturbs_no_other(watch: type[CappedWatch] | type[CalibrationWatch]) -> None:
    columns = ("COD", "TSS")
    values = np.column_stack([np.linspace(60, 74, 40), np.linspace(30, 44, 40)])
    status = np.zeros((40, 2))
    status[36:, 0] = 1
    before = watch(columns, {"COD": 75.0})
    run(before, values, status)
    more = watch(columns, {"COD": 75.0, "TSS": 50.0})
    more.set_state(before.state())
    assert run(more, values, status)
    assert set(more.state()) == {"COD", "TSS"}
    other = watch(columns, {"TSS": 50.0})
    other.set_state(before.state())
    fresh = watch(columns, {"TSS": 50.0})
    np.testing.assert_equal(other.state(), fresh.state())


def test_a_calibration_exactly_near_the_limit_is_found_and_a_real_one_is_not() -> None:
    values = np.full((60, 1), 40.0)
    values[20:50, 0] = np.linspace(45, 74, 30)
    status = np.zeros((60, 1))
    status[40:50] = 1
    found = run(CalibrationWatch(("COD",), {"COD": 75.0}), values, status)
    assert first(found, Reason.MASKING_CALIBRATION, "COD") == 42
    standards = values.copy()
    standards[40:45, 0], standards[45:50, 0] = 0.0, 100.0
    assert not any(run(CalibrationWatch(("COD",), {"COD": 75.0}), standards, status))


def test_dilution_is_found_and_rain_or_a_busy_day_is_not() -> None:
    columns = ("Flow", "COD", "TSS", "NH4")
    values = noisy(5, [100.0, 32.0, 18.0, 20.0])
    thin = values.copy()
    thin[4 * DAY : 4 * DAY + 60, 0] *= 2.0
    thin[4 * DAY : 4 * DAY + 60, 1:] /= 2.0
    begun = first(run(DilutionWatch(columns), thin), Reason.DILUTION, "Flow")
    assert 4 * DAY < begun <= 4 * DAY + 18
    busy = values.copy()
    busy[4 * DAY : 4 * DAY + 60, 0] *= 2.0
    assert not any(run(DilutionWatch(columns), busy))
    assert not any(run(DilutionWatch(columns), values))


def test_a_recorded_series_gives_intervals_and_the_triage_is_told() -> None:
    values = noisy(4, [18.0, 12.0])
    values[3 * DAY : 3 * DAY + 60, 0] = values[3 * DAY, 0]
    times = np.datetime64("2026-03-01T00:00:00", "ns") + np.arange(len(values)) * np.timedelta64(300, "s")
    series = Series("s", times, ("TSS", "TURB"), values)
    (interval,) = StationRun(Fitted.untaught()).run(series).findings
    assert times[3 * DAY] < interval.start < interval.end <= times[3 * DAY + 60]
    assert interval.cls is TriageClass.FAULT
    found = run(SlowWatches(series.columns), values)
    assert known_to_triage(found[3 * DAY + 40]).worn == {"TSS"}
    assert known_to_triage([]).suspected == frozenset()


def test_findings_have_the_words_of_the_kinds_that_are_simulated() -> None:
    same = {"stuck", "drift", "fouling", "capped", "copied_day", "dilution", "masking_calibration"}
    assert same <= {str(kind) for kind in EventKind} & {str(reason) for reason in Reason}


def test_the_word_of_benchmarks_for_pollution_is_read() -> None:
    assert TriageClass("process") is TriageClass.POLLUTION
    with pytest.raises(ValueError, match="'other' is not a valid"):
        TriageClass("other")
