"""What a report is asked for and cannot simply give: each has its sentence. And no zone of a machine changes a byte."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.report_rows import HourRow, JudgedRow, StationRows
from quantrac.domain.stations import Registry, Sensor, Station, StationKind
from quantrac.errors import QuantracError
from reports.facts import Facts
from reports.period import Period, versions_in
from reports.render import Format, render
from reports.station import station_report

START = datetime(2026, 10, 31, 17, tzinfo=UTC)
"""00:00 on 1 November in Vietnam."""
HOUR = timedelta(hours=1)
STATION = Station(
    "A", date(2026, 1, 1), "Trạm A", "Station A", StationKind.EFFLUENT, "Công ty A", 105.6, 10.4,
    (Sensor("COD", "mg/L"),),
)  # fmt: skip
MONTH = Period.of_month(2026, 11)


def hours(count: int) -> tuple[HourRow, ...]:
    rows = ((START + n * HOUR, Decimal("60.5")) for n in range(count))
    return tuple(HourRow("COD", at, 12 * v, 12, 12, 0, float(v), float(v), 0) for at, v in rows)


def judged(day: int, maximum: float) -> JudgedRow:
    start = START + 24 * day * HOUR
    return JudgedRow(
        "COD", Window.DAY, start, 60.5, Verdict.WITHIN, None, maximum, f"S{maximum:g}", 60.5 / maximum, None, 288, 288,
        False,
    )  # fmt: skip


def facts(rows: StationRows, *later: tuple[date, Station], period: Period = MONTH) -> Facts:
    versions = ((period.first_day, STATION), *later)
    return Facts(period, versions, rows, datetime(2026, 12, 2, tzinfo=UTC))


def said(of: Facts) -> list[str]:
    return [note.vi for note in station_report(of).notes]


def test_an_unknown_station() -> None:
    with pytest.raises(QuantracError, match="NOWHERE"):
        versions_in(Registry((STATION,)), "NOWHERE", MONTH)


def test_a_period_without_data() -> None:
    assert "Không có số liệu nào trong kỳ." in said(facts(StationRows()))


def test_a_day_of_23_valid_hours() -> None:
    one = Period.of_day(date(2026, 11, 1))
    assert "COD: 1 ngày không đủ 24 giờ hợp lệ (01/11: 23)." in said(facts(StationRows(hours=hours(23)), period=one))
    assert not [n for n in said(facts(StationRows(hours=hours(24)), period=one)) if "24 giờ" in n]


def test_a_description_and_a_limit_that_changed_in_mid_month() -> None:
    other = replace(STATION, effective_from=date(2026, 11, 16), sensors=(Sensor("COD", "µg/L"),))
    rows = StationRows(hours=hours(48), judged=(judged(0, 75.0), judged(1, 60.0)))
    notes = said(facts(rows, (date(2026, 11, 16), other)))
    assert "Hồ sơ trạm đổi từ 16/11/2026: mỗi ngày tính theo hồ sơ có hiệu lực ngày đó." in notes
    assert any(n.startswith("COD: giới hạn đổi từ 02/11/2026: ") and "75" in n and "60" in n for n in notes)
    assert any("đơn vị đổi trong kỳ (mg/L → µg/L)" in n for n in notes)


@pytest.fixture
def berlin() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


HERE = {form: render(station_report(facts(StationRows(hours=hours(48)))), form) for form in (Format.HTML, Format.CSV)}


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("form", HERE)
def test_a_machine_in_berlin_writes_the_same_bytes(form: Format) -> None:
    """No script of the page turns stamps into the reader's zone, and each says whose time it is."""
    written = render(station_report(facts(StationRows(hours=hours(48)))), form)
    assert written == HERE[form]
    assert b"<script" not in written
    assert b"UTC+7" in written or b"+07:00" in written
