"""The residual chart on hand-drawn timelines. Expected instants follow from the drawing, not from the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import cos, pi, sin

import pytest

from models.errors import ModelError
from models.protocol import Reason, Row
from models.station.charts import probability_of
from quantrac.domain.stations import QcThresholds, Sensor
from tests.conformance.station_detector import LEARNING_YET, MISSING, REFUSED, ChartsDetector, Score

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
COD = (Sensor("COD", "mg/L", qc=QcThresholds(resolution=0.5)),)


def diurnal(t_s: float) -> float:
    """Usual COD: 50 mg/L, a quarter up and down over the day, and a wobble of 3 % that no chart should mind."""
    day = 2 * pi * t_s / 86400
    return 50 * (1 + 0.25 * sin(day) + 0.03 * cos(37.3 * day) + 0.02 * sin(211.7 * day))


def rows(signal: Callable[[float], float | None], cadence_s: float, until_s: float, from_s: float = 0) -> Iterator[Row]:
    for k in range(int((until_s - from_s) / cadence_s)):
        t = from_s + k * cadence_s
        yield Row(START + timedelta(seconds=t), {"COD": signal(t)})


def alarm_times(detector: ChartsDetector, feed: Iterator[Row]) -> list[float]:
    times = []
    for row in feed:
        score = detector.score(row, NOW)
        if isinstance(score, Score) and score.alarm:
            times.append((row.observed_at - START).total_seconds())
    return times


@pytest.mark.parametrize(("cadence_s", "days"), [(300, 20), (60, 4), (1, 0.3)])
def test_the_daily_cycle_is_quiet(cadence_s: float, days: float) -> None:
    assert alarm_times(ChartsDetector(COD), rows(diurnal, cadence_s, days * 86400)) == []


def test_a_sensor_of_fifteen_minutes_is_judged_in_its_first_hour() -> None:
    detector = ChartsDetector(COD)
    said = [detector.score(row, NOW) for row in rows(diurnal, 900, 4 * 900)]
    assert [isinstance(score, Score) for score in said] == [False, False, False, True]
    again = ChartsDetector.restore(COD, detector.snapshot())
    assert isinstance(again.score(Row(START + timedelta(hours=1), {"COD": 50.0}), NOW), Score)


@pytest.mark.parametrize(
    ("cadence_s", "slug_s", "within_s"),
    [(300, 3 * 86400, 900), (300, 7200, 1200), (60, 2 * 86400, 900), (1, 3600, 900), (1, 120, 900)],
    ids=["5min-known", "5min-second-hour", "1min", "1s-second-hour", "1s-newborn"],
)
def test_a_slug_of_twice_the_usual_is_alarmed(cadence_s: float, slug_s: float, within_s: float) -> None:
    # level   ____________/~~~~~~  twice the usual, reached over 5 minutes
    #         learning    ^slug ^alarm within 15 minutes (20 in the first hours at 5 min); COD stays below 150 mg/L
    def signal(t: float) -> float:
        return diurnal(t) * (1 + min(max((t - slug_s) / 300, 0.0), 1.0))

    times = alarm_times(ChartsDetector(COD), rows(signal, cadence_s, slug_s + 3600))
    assert times
    assert slug_s < times[0] <= slug_s + within_s


def test_a_slug_is_alarmed_where_every_value_comes_a_little_more_than_an_hour_after_the_last() -> None:
    hourly = (replace(COD[0], cadence_s=3600.0),)
    begin = 10 * 86400.0
    feed = rows(lambda t: diurnal(t) * (2 if t >= begin else 1), 3610, begin + 6 * 3600)
    assert begin <= min(alarm_times(ChartsDetector(hourly), feed)) < begin + 2 * 3610


def test_what_a_broken_probe_showed_for_days_hides_no_slug_three_days_after_its_repair() -> None:
    broken, begin = (3 * 86400, 5 * 86400), 8 * 86400

    def signal(t: float) -> float:
        if broken[0] <= t < broken[1]:
            return 900 + t % 7 if t // 28800 % 2 else 1.0
        return diurnal(t) * (2 if t >= begin else 1)

    alarms = alarm_times(ChartsDetector(COD), rows(signal, 300, begin + 3600))
    assert begin <= min(t for t in alarms if t >= begin - 86400) < begin + 900


def test_the_alarm_ends_with_the_slug_and_rebaselines_a_lasting_level() -> None:
    # 50 ____|~100~|____50      ends: quiet again within half an hour
    # 50 ____|~100~~~~~~~~~~~   lasts: accepted as normal after 6 h
    def short(t: float) -> float:
        return diurnal(t) * (2 if 2 * 86400 <= t < 2 * 86400 + 7200 else 1)

    def lasting(t: float) -> float:
        return diurnal(t) * (2 if t >= 2 * 86400 else 1)

    first = alarm_times(ChartsDetector(COD), rows(short, 300, 3 * 86400))
    assert first[0] <= 2 * 86400 + 900
    assert first[-1] <= 2 * 86400 + 7200 + 1800
    second = alarm_times(ChartsDetector(COD), rows(lasting, 300, 4 * 86400))
    assert 2 * 86400 + 5.5 * 3600 <= second[-1] <= 2 * 86400 + 6.5 * 3600


def test_one_spike_is_scored_but_never_alarmed() -> None:
    spike_s = 86400.0
    detector = ChartsDetector(COD)
    feed = rows(lambda t: diurnal(t) * (3 if t == spike_s else 1), 300, 1.5 * 86400)
    scores = {(r.observed_at - START).total_seconds(): detector.score(r, NOW) for r in feed}
    spike = scores[spike_s]
    assert isinstance(spike, Score)
    assert (spike.alarm, spike.reason) == (False, Reason.SPIKE)
    assert spike.value > 1
    assert spike.probability < 0.5
    assert not any(isinstance(s, Score) and s.alarm for s in scores.values())


def test_repeated_wet_chemistry_values_do_not_collapse_the_scatter() -> None:
    # A new result every 30 minutes, repeated at 1 Hz in between: 1,800 equal values must not look like perfect calm.
    def held(t: float) -> float:
        return round(diurnal(t - t % 1800) * 2) / 2

    assert alarm_times(ChartsDetector(COD), rows(held, 5, 86400)) == []


def test_the_resolution_is_a_floor() -> None:
    # pH flat at 7.00 for a day, then one digit's flicker of an instrument that resolves 0.1: no alarm.
    config = (Sensor("COD", "", qc=QcThresholds(resolution=10.0)),)
    feed = rows(lambda t: 50.0 if t < 10 * 86400 else 60.0 if t % 1200 < 600 else 50.0, 300, 11 * 86400)
    assert alarm_times(ChartsDetector(config), feed) == []


def test_short_gap_keeps_the_baseline_and_breaks_the_confirmation() -> None:
    detector = ChartsDetector(COD)
    assert alarm_times(detector, rows(diurnal, 300, 2 * 86400)) == []
    level = detector.memory[0]["level"]
    late = 2 * 86400 + 40 * 60
    detector.score(Row(START + timedelta(seconds=late), {"COD": diurnal(late)}), NOW)
    assert detector.memory[0]["level"] == pytest.approx(level, rel=0.1)
    over_s = late + 300
    first = detector.score(Row(START + timedelta(seconds=over_s), {"COD": 70.0}), NOW)
    after_gap = detector.score(Row(START + timedelta(seconds=over_s + 7200), {"COD": 75.0}), NOW)
    assert isinstance(first, Score)
    assert isinstance(after_gap, Score)
    assert not after_gap.alarm


def test_a_silence_of_half_a_day_is_not_taken_for_calm_and_narrows_no_scatter() -> None:
    detector = ChartsDetector(COD)
    alarm_times(detector, rows(diurnal, 300, 3 * 86400))
    level, variance = float(detector.memory[0]["level"]), float(detector.memory[0]["variance"])
    back = 3 * 86400 + 13 * 3600
    alarm_times(detector, rows(lambda t: level + 0.01 * (t // 300 % 2), 300, back + 3600, back))
    assert detector.memory[0]["variance"] > 0.9 * variance


def test_a_year_of_silence_starts_the_level_anew() -> None:
    detector = ChartsDetector(COD)
    alarm_times(detector, rows(diurnal, 300, 86400))
    year = 366 * 86400
    feed = list(rows(lambda t: 3 * diurnal(t), 300, year + 86400, from_s=year))
    assert detector.score(feed[0], NOW) == LEARNING_YET
    assert alarm_times(detector, iter(feed[1:])) == []


def test_rows_are_refused_by_name() -> None:
    detector = ChartsDetector(COD)
    row = Row(START, {"COD": 50.0})
    assert detector.score(row, START) == LEARNING_YET
    assert detector.score(row, START) == REFUSED
    ahead = Row(START + timedelta(days=1), {"COD": 50.0})
    assert detector.score(ahead, START) == REFUSED
    empty = Row(START + timedelta(seconds=300), {"COD": None, "TSS": 1.0})
    assert detector.score(empty, NOW) == MISSING


@pytest.mark.parametrize("statuses", [{"COD": "01"}, {"COD": "02"}])
def test_calibration_and_fault_are_neither_judged_nor_learnt(statuses: dict[str, str]) -> None:
    detector = ChartsDetector(COD)
    alarm_times(detector, rows(diurnal, 300, 86400))
    before = detector.memory[0]["level"]
    for k in range(12):
        at = START + timedelta(seconds=86400 + 300 * k)
        assert detector.score(Row(at, {"COD": 300.0}, statuses=statuses), NOW) == MISSING
    assert detector.memory[0]["level"] == before


def test_a_suspect_value_is_judged_but_not_learnt() -> None:
    detector = ChartsDetector(COD)
    alarm_times(detector, rows(diurnal, 300, 86400))
    before = detector.memory[0]["level"]
    for k in range(4):
        at = START + timedelta(seconds=86400 + 300 * k)
        score = detector.score(Row(at, {"COD": 120.0}, flags={"COD": 3}), NOW)
    assert isinstance(score, Score)
    assert score.alarm
    assert detector.memory[0]["level"] == before


def test_an_implausible_number_is_out_of_range_and_leaves_no_trace() -> None:
    detector = ChartsDetector(COD)
    alarm_times(detector, rows(diurnal, 300, 86400))
    level = detector.memory[0]["level"]
    for k in range(5):
        score = detector.score(Row(START + timedelta(seconds=86400 + 300 * k), {"COD": 1e300}), NOW)
    assert isinstance(score, Score)
    assert (score.alarm, score.reason) == (True, Reason.RANGE)
    assert detector.memory[0]["level"] == level


def test_probability_is_monotone_and_half_at_the_threshold() -> None:
    values = [probability_of(s, alarm=True) for s in (1.0, 1.5, 2.0, 10.0, 1e200)]
    assert values == sorted(values)
    assert values[0] == 0.5
    assert values[-1] == 1.0


@pytest.mark.parametrize("snapshot", [b"", b"junk", b"\x93\x63\xc0\x80"], ids=["empty", "junk", "other-version"])
def test_a_snapshot_that_cannot_be_read_is_refused_in_a_sentence(snapshot: bytes) -> None:
    with pytest.raises(ModelError, match="start it empty"):
        ChartsDetector.restore(COD, snapshot)
