"""Tables from rows: what no order of rows changes, periods, flows and words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.report_rows import HourRow, JudgedRow, PendingRow, StationRows
from quantrac.domain.revisions import PendingCause, PendingState
from quantrac.domain.stations import Registry, Sensor, Station, StationKind
from quantrac.errors import QuantracError
from reports.document import Text
from reports.facts import Facts
from reports.period import Period, refuse_future, versions_in
from reports.province import province_report
from reports.station import station_report

START = datetime(2026, 10, 31, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
AFTER = datetime(2026, 12, 2, tzinfo=UTC)
STATION = Station(
    "A",
    date(2026, 1, 1),
    "Trạm A",
    "Station A",
    StationKind.EFFLUENT,
    "Công ty A",
    105.6,
    10.4,
    (Sensor("Flow", "m3/h"), Sensor("COD", "mg/L"), Sensor("pH", "")),
    permit_flow_m3_per_day=1000,
)


def _hour(parameter: str, n: int, mean: str, count: int = 12) -> HourRow:
    value = Decimal(mean)
    return HourRow(parameter, START + n * HOUR, value * count, count, count, 0, float(value), float(value), 0)


def _judged(parameter: str, n: int, mean: float) -> JudgedRow:
    beyond = Verdict.EXCEEDED if mean > 90 else Verdict.WITHIN
    start = START + n * HOUR
    return JudgedRow(parameter, Window.HOUR, start, mean, beyond, None, 90.0, "S", mean / 90, None, 12, 12, False)


def _facts(*rows: HourRow, period: Period | None = None, station: Station = STATION, as_of: datetime = AFTER) -> Facts:
    period = period or Period.of_day(date(2026, 11, 1))
    return Facts(period, ((period.first_day, station),), StationRows(hours=rows), as_of)


def test_volume_and_load_by_hand() -> None:
    """10 m³/h for two hours and 20 for half an hour: 30 m³. COD 100 then 50 g/m³, unknown in the third: 1.5 kg."""
    rows = (
        _hour("Flow", 0, "10"), _hour("Flow", 1, "10"), _hour("Flow", 2, "20", 6),
        _hour("COD", 0, "100"), _hour("COD", 1, "50"),
    )  # fmt: skip
    (line,) = next(t for t in station_report(_facts(*rows)).tables if t.code == "flows").rows
    assert line == (date(2026, 11, 1), None, pytest.approx(30), pytest.approx(2.5), 1000, pytest.approx(1.5))


@pytest.mark.parametrize(("unit", "volume"), [("L/s", 3.6), ("m3/d", 1 / 24), ("m³/h", 1.0)])
def test_units_of_flow(unit: str, volume: float) -> None:
    station = replace(STATION, sensors=(Sensor("Flow", unit),))
    (line,) = next(
        t for t in station_report(_facts(_hour("Flow", 0, "1"), station=station)).tables if t.code == "flows"
    ).rows
    assert line[2] == pytest.approx(volume)


def test_a_flow_in_a_strange_unit_has_no_volume() -> None:
    station = replace(STATION, sensors=(Sensor("Flow", "gpm"),))
    assert "flows" not in [t.code for t in station_report(_facts(_hour("Flow", 0, "1"), station=station)).tables]


@given(st.randoms(use_true_random=False))
def test_no_order_of_rows_changes_a_report(order: Random) -> None:
    hours = [_hour(p, n, f"{50 + n % 60}.1") for n in range(48) for p in ("COD", "Flow", "pH")]
    judged = [_judged("COD", n, 50.1 + n % 60) for n in range(48)]
    facts = _facts(period=Period.of_month(2026, 11))
    expected = station_report(replace(facts, rows=StationRows(hours=tuple(hours), judged=tuple(judged))))
    order.shuffle(hours)
    order.shuffle(judged)
    assert station_report(replace(facts, rows=StationRows(hours=tuple(hours), judged=tuple(judged)))) == expected


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    judged = tuple(_judged("COD", n, 95.0) for n in range(700))
    facts = replace(_facts(period=Period.of_month(2026, 11)), rows=StationRows(judged=judged))
    table = next(t for t in station_report(facts).tables if t.code == "exceedances")
    assert (len(table.rows), table.left_out) == (200, 500)


def test_a_running_period_expects_only_what_can_have_come() -> None:
    """At 06:00 of the first of November 72 readings are due, and the report says that the period is not over."""
    document = station_report(_facts(_hour("COD", 0, "60"), as_of=START + 6 * HOUR))
    reception = next(t for t in document.tables if t.code == "reception").rows
    assert reception[1][1:4] == (72, 12, pytest.approx(1 / 6))
    assert "The period is not over: data until 06:00 01/11/2026 (UTC+7)." in [n.en for n in document.notes]


def test_the_province_names_who_is_silent_and_the_worst() -> None:
    day = replace(_judged("COD", 0, 99.0), window=Window.DAY)
    judged = tuple(
        replace(day, start=START + n * 24 * HOUR, mean=mean, ratio=mean / 90)
        for n, mean in enumerate((99.0, 117.0, 100.0))
    )
    period = Period.of_month(2026, 11)
    busy = replace(_facts(period=period), rows=StationRows(hours=(_hour("COD", 0, "60"),), judged=judged))
    silent = _facts(period=period, station=replace(STATION, code="B"))
    document = province_report(period, [busy, silent], AFTER)
    rows = document.tables[0].rows
    assert (rows[0][4], rows[0][6], rows[0][7]) == (3, 1.3, "COD")
    assert rows[1][2:5] == (0.0, 0.0, 0)
    assert "Without any reading: B." in [note.en for note in document.notes]
    assert len(document.tables[1].rows) == 3


@pytest.mark.parametrize(
    ("period", "as_of", "sentence"),
    [
        (Period.of_month(2027, 1), None, r"Month 01/2027 has not begun .* newest possible month is 2026-11\."),
        (
            Period.of_day(date(2026, 11, 29)),
            None,
            r"Day 29/11/2026 has not begun .* day is 2026-11-28\.",
        ),
        (
            Period.of_month(2026, 11),
            datetime(2026, 11, 29, tzinfo=UTC),
            r"--as-of 07:00 29/11/2026 \(UTC.7\) has not",
        ),
        (
            Period.of_month(2026, 11),
            datetime(2026, 10, 31, 16, 59, tzinfo=UTC),
            r"11/2026 has not begun at 23:59",
        ),
    ],
)
def test_the_future_is_refused(period: Period, as_of: datetime | None, sentence: str) -> None:
    now = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
    with pytest.raises(QuantracError, match=sentence):
        refuse_future(period, as_of or now, now)


def test_the_first_hour_of_a_day_in_vietnam_is_still_yesterday_in_utc() -> None:
    now = datetime(2026, 11, 30, 17, 30, tzinfo=UTC)
    refuse_future(Period.of_month(2026, 12), now, now)


def test_months() -> None:
    assert len(Period.of_month(2028, 2).days) == 29
    december = Period.of_month(2026, 12)
    assert (december.start, december.end) == (
        datetime(2026, 11, 30, 17, tzinfo=UTC),
        datetime(2026, 12, 31, 17, tzinfo=UTC),
    )


def test_an_old_code_leads_to_the_station() -> None:
    registry = Registry((replace(STATION, old_codes=("OLD",)),))
    ((_, station),) = versions_in(registry, "OLD", Period.of_month(2026, 11))
    assert station.code == "A"


def test_a_running_day_has_its_clock() -> None:
    """12 hours of COD 80, the last of them 110 (mean 82.5), limit 90: the rest may have 97.5; at 110 it passes in 5 h.

    82.5 × 144 + 110 m > 90 × (144 + m) from m = 55 on, which is 54 exactly at the limit: 4 h 35 min.
    """
    rows = (*(_hour("COD", n, "80") for n in range(11)), _hour("COD", 11, "110"))
    facts = _facts(*rows, as_of=START + 12 * HOUR)
    facts = replace(facts, rows=replace(facts.rows, judged=(_judged("COD", 10, 80.0),)))
    (line,) = next(t for t in station_report(facts).tables if t.code == "clock").rows
    assert line[0] == "COD"
    assert line[2:6] == (82.5, 110.0, pytest.approx(97.5), pytest.approx(96.25))
    assert line[6] == facts.as_of + 55 * timedelta(minutes=5)
    assert "clock" not in [t.code for t in station_report(replace(facts, as_of=AFTER)).tables]


@pytest.mark.parametrize(
    ("state", "note"),
    [
        (
            PendingState.WAITING,
            "1 finding waits for an officer: readings were sent again. The standing ones are shown.",
        ),
        (PendingState.REJECTED, "1 finding stands because an officer rejected the readings that were sent again."),
        (PendingState.ACCEPTED, None),
    ],
)
def test_number_4_a_report_shows_the_standing_finding_and_what_waits(state: PendingState, note: str | None) -> None:
    decided = None if state is PendingState.WAITING else START
    pending = PendingRow(
        *("COD", Window.DAY, START, 400.0, Verdict.EXCEEDED, 20.0, Verdict.WITHIN, 288, PendingCause.REVISED, state),
        *((None, None, None) if decided is None else (decided, "An", "biên bản 12")),
    )
    facts = _facts(_hour("COD", 0, "60"))
    document = station_report(replace(facts, rows=replace(facts.rows, pending=(pending,))))
    (row,) = next(table for table in document.tables if table.code == "decisions").rows
    assert (row[5], row[6].en, row[7], row[8].en) == (400.0, "Exceeded", 20.0, "Within")  # type: ignore[union-attr]
    assert row[-1] == (None if decided is None else "An: biên bản 12")
    told = [n.en for n in document.notes if "sent again" in n.en]
    assert told == ([] if note is None else [note])


def test_before_its_first_finding_a_station_with_limits_is_not_judged_yet_rather_than_without_limit() -> None:
    def limits(*judged: JudgedRow, limit_set: str | None = "QCVN40-2011-A") -> list[object]:
        period = Period.of_day(date(2026, 11, 1))
        rows = StationRows(hours=(_hour("COD", 0, "50"), _hour("Flow", 0, "10")), judged=judged)
        station = replace(STATION, limit_set=limit_set)
        report = station_report(Facts(period, ((period.first_day, station),), rows, AFTER))
        summary = next(table for table in report.tables if table.code == "summary")
        return [row[5] for row in summary.rows]

    flow, cod, ph = limits()
    assert flow == cod == ph == Text("chưa xét", "not judged yet")
    flow, cod, ph = limits(_judged("COD", 0, 50))
    assert (flow, ph) == (None, None)
    assert cod is not None
    assert limits(limit_set=None) == [None, None, None]
