"""The chain over one sensor: worst flag, memory, order of arrival, snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantrac.domain.readings import CheckedReading, Flag, QcReason, Reading, Status
from quantrac.domain.stations import QcThresholds, StationKind
from quantrac.quality.chain import SensorQuality
from quantrac.quality.defaults import default_thresholds

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
QC = QcThresholds(
    sensor_min=0, sensor_max=1000, expected_min=5, expected_max=500, max_rate_per_s=1.0, flat_line_suspect_s=3600,
    flat_line_bad_s=7200, resolution=0.1,
)  # fmt: skip


def reading(minute: float, value: float | None, status: Status = Status.MEASURING) -> Reading:
    at = T0 + timedelta(minutes=minute)
    return Reading("S", "COD", at, at, value, status)


def checked(quality: SensorQuality, *readings: Reading):
    return [quality.check(r, max(r.observed_at, T0)) for r in readings]


def test_the_first_reading_is_usable():
    flag, reasons = SensorQuality(QC).check(reading(0, 50.0), T0)
    assert (flag, reasons) == (Flag.NOT_EVALUATED, (QcReason.FIRST_READING,))
    assert CheckedReading(reading(0, 50.0), flag, reasons).usable


def test_a_quiet_series_is_good():
    assert checked(SensorQuality(QC), *(reading(5 * i, 50 + i) for i in range(5)))[1:] == [(Flag.GOOD, ())] * 4


def test_the_worst_flag_wins_and_every_reason_is_told():
    quality = SensorQuality(QC)
    quality.check(reading(0, 50.0), T0)
    late_clock = T0 - timedelta(hours=1)
    assert quality.check(reading(5, 501.0), late_clock) == (
        Flag.SUSPECT,
        (QcReason.CLOCK_FUTURE, QcReason.RANGE_EXPECTED, QcReason.RATE_OF_CHANGE),
    )
    assert quality.check(reading(10, 1001.0), late_clock) == (Flag.BAD, (QcReason.CLOCK_FUTURE, QcReason.RANGE_SENSOR))
    assert quality.check(reading(15, None), T0 + timedelta(minutes=15)) == (Flag.MISSING, (QcReason.MISSING,))


def test_an_impossible_value_is_no_predecessor():
    found = checked(SensorQuality(QC), reading(0, 50.0), reading(5, 9999.0), reading(10, 51.0))
    assert [f for f, _ in found] == [Flag.NOT_EVALUATED, Flag.BAD, Flag.GOOD]


@pytest.mark.parametrize(
    ("status", "flag", "reason"),
    [
        (Status.CALIBRATING, Flag.SUSPECT, QcReason.STATUS_CALIBRATING),
        (Status.FAULT, Flag.BAD, QcReason.STATUS_FAULT),
        (Status.MAINTENANCE, Flag.SUSPECT, QcReason.STATUS_MAINTENANCE),
        (Status.UNKNOWN, Flag.SUSPECT, QcReason.STATUS_UNKNOWN),
    ],
)
def test_calibration_and_fault_are_flagged_and_leave_no_trace(status: Status, flag: Flag, reason: QcReason):
    quality = SensorQuality(QC)
    quality.check(reading(0, 50.0), T0)
    before = quality.snapshot()
    assert quality.check(reading(5, 480.0, status), T0 + timedelta(minutes=5)) == (flag, (reason,))
    assert quality.snapshot() == before
    assert quality.check(reading(5, 5000.0, status), T0 + timedelta(minutes=5))[1] == (QcReason.RANGE_SENSOR, reason)
    assert quality.check(reading(10, 51.0), T0 + timedelta(minutes=10)) == (Flag.GOOD, ())


def test_a_gap_makes_the_rate_unknown():
    found = checked(SensorQuality(QC), reading(0, 50.0), reading(60, 490.0), reading(65, 491.0))
    assert [f for f, _ in found] == [Flag.NOT_EVALUATED, Flag.NOT_EVALUATED, Flag.GOOD]


def test_a_stuck_sensor_goes_from_good_to_suspect_to_bad():
    flags = [f for f, _ in checked(SensorQuality(QC), *(reading(5 * i, 50.0) for i in range(26)))]
    assert flags == [Flag.NOT_EVALUATED] + [Flag.GOOD] * 11 + [Flag.SUSPECT] * 12 + [Flag.BAD] * 2


def test_a_backfill_is_tested_against_its_own_neighbours_and_does_not_disturb_the_live_feed():
    #  arrival   1    2    3    4    5    6    7
    #  minute    600  605  0    5    610  10   615
    #  value     50   51   300  301  52   499  53
    #  lane      live live back back live back live
    found = checked(
        SensorQuality(replace(QC, max_rate_per_s=0.5)),
        reading(600, 50.0), reading(605, 51.0), reading(0, 300.0), reading(5, 301.0),
        reading(610, 52.0), reading(10, 499.0), reading(615, 53.0),
    )  # fmt: skip
    first = (Flag.NOT_EVALUATED, (QcReason.FIRST_READING,))
    good = (Flag.GOOD, ())
    assert found == [first, good, first, good, good, (Flag.SUSPECT, (QcReason.RATE_OF_CHANGE,)), good]


def test_a_duplicate_changes_nothing_for_those_after_it():
    quality = SensorQuality(QC)
    found = checked(quality, reading(0, 50.0), reading(5, 51.0), reading(5, 51.0), reading(10, 52.0))
    assert [found[i][0] for i in (0, 1, 3)] == [Flag.NOT_EVALUATED, Flag.GOOD, Flag.GOOD]
    assert found[2][0] <= Flag.NOT_EVALUATED


arrivals = st.lists(
    st.tuples(st.integers(-50, 50), st.none() | st.floats(-100, 2000), st.sampled_from(Status)), max_size=30
)


@given(arrivals, st.integers(0, 30))
def test_a_restart_in_the_middle_changes_no_flag(series, cut: int):
    readings = [reading(5 * minute, value, status) for minute, value, status in series]
    whole = checked(SensorQuality(QC), *readings)
    first = SensorQuality(QC)
    head = checked(first, *readings[:cut])
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()))
    assert len(msgspec.json.encode(stored)) < 400
    second = SensorQuality(QC)
    second.restore(stored)
    assert head + checked(second, *readings[cut:]) == whole


@given(arrivals)
def test_every_flag_but_good_has_a_reason_and_good_has_none(series):
    quality = SensorQuality(QC)
    for minute, value, status in series:
        flag, reasons = quality.check(reading(5 * minute, value, status), T0)
        assert (flag is Flag.GOOD) == (reasons == ())
        assert (flag is Flag.MISSING) == (value is None)


# A slug as a treatment failure makes it: from clean to ten times the limit of QCVN 40:2011 column B within one cadence.
SLUGS = [("COD", 45.0, 1500.0), ("TSS", 20.0, 1000.0), ("NH4", 2.0, 100.0), ("TN", 10.0, 400.0), ("TP", 1.0, 60.0),
         ("pH", 7.2, 3.0), ("pH", 7.2, 11.5), ("Temp", 29.0, 55.0), ("Color", 40.0, 1500.0)]  # fmt: skip


@pytest.mark.parametrize(("parameter", "clean", "slug"), SLUGS)
@pytest.mark.parametrize("cadence_s", [1.0, 300.0])
@pytest.mark.parametrize("kind", StationKind)
def test_the_defaults_let_a_pollution_slug_through(parameter, clean, slug, cadence_s, kind):
    qc = default_thresholds(parameter, kind, cadence_s)
    quality = SensorQuality(qc, cadence_s)
    values = [clean, clean + qc.resolution, slug, slug - qc.resolution, slug, clean]
    step = cadence_s / 60
    flags = [f for f, _ in checked(quality, *(reading(step * i, v) for i, v in enumerate(values)))]
    assert flags[1:] == [Flag.GOOD] * 5


def test_an_unknown_parameter_has_no_thresholds():
    assert default_thresholds("Unobtainium", StationKind.EFFLUENT) == QcThresholds()


@pytest.mark.parametrize(
    ("unit", "expected_max", "resolution"),
    [
        # plausible: 1,000 mg/L as N; 1 mg/L as N is 18.0385 / 14.0067 mg/L as NH4
        ("mg/L", 1000.0, 0.2),
        ("mg N/L", 1000.0, 0.2),
        ("", 1000.0, 0.2),
        ("µg/L", 1_000_000.0, 200.0),
        ("mg/L NH4", 1287.848, 0.25757),
    ],
)
def test_the_defaults_are_in_the_unit_of_the_sensor(unit: str, expected_max: float, resolution: float):
    qc = default_thresholds("NH4", StationKind.EFFLUENT, 300.0, unit)
    assert qc.expected_max == pytest.approx(expected_max, rel=1e-4)
    assert qc.resolution == pytest.approx(resolution, rel=1e-4)
    assert qc.max_rate_per_s == pytest.approx(0.8 * expected_max / 300.0)
    assert qc.flat_line_suspect_s == 4 * 3600


@pytest.mark.parametrize(("parameter", "unit"), [("NH4", "ppm"), ("COD", "mgg/L"), ("Temp", "°F"), ("Flow", "mg/L")])
def test_a_unit_without_a_certain_conversion_leaves_the_flat_line_alone(parameter: str, unit: str):
    qc, usual = (default_thresholds(parameter, StationKind.EFFLUENT, 300.0, u) for u in (unit, None))
    assert qc == QcThresholds(flat_line_suspect_s=usual.flat_line_suspect_s, flat_line_bad_s=usual.flat_line_bad_s)


def test_turbidity_of_either_light_source_is_plausible_alike():
    ntu, fnu = (default_thresholds("TURB", StationKind.SURFACE_WATER, 300.0, unit) for unit in ("NTU", "FNU"))
    assert ntu == fnu


def test_chloride_is_judged_as_chloride_and_chlorine_as_chlorine():
    # 480 mg/L is an everyday chloride of effluent, and no residual chlorine that anybody has seen
    chlorine, chloride = (default_thresholds(code, StationKind.EFFLUENT) for code in ("Cl", "Chloride"))
    assert SensorQuality(chlorine).check(reading(0, 480.0), T0)[0] is Flag.BAD
    assert SensorQuality(chloride).check(reading(0, 480.0), T0)[0] <= Flag.NOT_EVALUATED


def in_unit(minute: float, value: float | None, factor: float) -> Reading:
    return replace(reading(minute, value), factor=factor)


def test_a_logger_that_changes_its_unit_is_suspect_until_it_changes_back() -> None:
    quality = SensorQuality(QC)
    found = checked(quality, in_unit(0, 60.0, 1.0), in_unit(5, 60.5, 1.0), in_unit(10, 0.061, 0.001))
    assert found[1] == (Flag.GOOD, ())
    assert found[2] == (Flag.SUSPECT, (QcReason.UNIT_MISMATCH, QcReason.RANGE_EXPECTED))
    again = SensorQuality(QC)
    again.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(quality.snapshot())))
    assert checked(again, in_unit(15, 61.0, 0.001)) == [(Flag.SUSPECT, (QcReason.UNIT_MISMATCH,))]
    assert checked(again, in_unit(20, 61.0, 1.0)) == [(Flag.GOOD, ())], "what came between is no predecessor"


def test_the_unit_of_a_line_without_a_value_counts_for_nothing() -> None:
    quality = SensorQuality(QC)
    found = checked(quality, in_unit(0, None, 1.0), in_unit(5, 60.0, 0.001), in_unit(10, None, 1.0))
    assert [QcReason.UNIT_MISMATCH in reasons for _, reasons in found] == [False, False, False]


def test_where_the_registry_has_a_rate_the_unit_counts_for_nothing() -> None:
    quality = SensorQuality(QC, units=False)
    assert checked(quality, in_unit(0, 60.0, 0.5), in_unit(5, 60.5, 0.001))[1] == (Flag.GOOD, ())


def test_a_snapshot_of_before_is_read() -> None:
    quality = SensorQuality(QC)
    quality.restore([[0.0], None, None, None, None])
    assert checked(quality, in_unit(5, 60.0, 0.001))[0][0] is not Flag.SUSPECT
