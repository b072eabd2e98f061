"""A signed report comes out the same, byte for byte, whatever happened since."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from commands.reports.water_quality import refresh
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.readings import Status
from quantrac.domain.stations import PermitLimit, Sensor, StationKind
from quantrac.errors import QuantracError
from reports.document import Document, Text
from reports.facts import ReportOptions
from reports.period import Period
from reports.render import Format, render
from sql.alert_desk import record_cause
from sql.revision_desk import RevisionDesk
from tests.integration.reports.conftest import DAY, MIDNIGHT, STATION, STEP, Feed

HOUR = timedelta(hours=1)
LATER = MIDNIGHT + 25 * HOUR


def _files(document: Document) -> dict[Format, bytes]:
    return {form: render(document, form) for form in Format}


def _alert(feed: Feed, kind: TransitionKind, value: float) -> int | None:
    key = AlertKey(STATION.code, "COD", "limit.hour")
    limit = Limit("COD", "mg/L", None, 90.0, "GPMT")
    at, peak = MIDNIGHT + HOUR, None if kind is TransitionKind.OPENED else 120.0
    transition = Transition(key, kind, AlertKind.LIMIT, Severity.HIGH, "r", at, MIDNIGHT, value, limit, peak=peak)
    with feed._store.transaction() as transaction:
        applied = transaction.alerts.apply(transition)
    return None if applied is None else applied[0]


def test_the_same_bytes_as_on_the_day_of_signing(feed: Feed) -> None:
    """Signed; then: a revision, a late reading, judged anew by another limit, an alert closed with its cause."""
    feed.store([feed.row(MIDNIGHT + n * STEP, 60.0 + n % 50) for n in range(288) if n != 100])
    feed.judge(LATER)
    alert = _alert(feed, TransitionKind.OPENED, 95.0)
    assert alert is not None
    signed_at = datetime.now(UTC)
    periods = (Period.of_day(DAY), Period.of_month(2026, 11))
    signed = [_files(feed.desk().station(STATION.code, period, signed_at)) for period in periods]
    of_the_province = _files(feed.desk().province(periods[0], signed_at))

    after = signed_at + HOUR
    feed.store(
        [feed.row(MIDNIGHT, 900.0, received_at=after), feed.row(MIDNIGHT + 100 * STEP, 700.0, received_at=after)]
    )
    stricter = replace(STATION, permit_limits=(PermitLimit("COD", None, 50.0, "GPMT 13/2026"),))
    feed.registry = replace(feed.registry, stations=(stricter,))
    with psycopg.connect(feed.database.owner) as connection:
        connection.execute("UPDATE reading_hours SET dirty = true")
        connection.execute("UPDATE reading_days SET dirty = true")
    feed.judge(after)
    feed.judge(after + HOUR)
    _alert(feed, TransitionKind.RESOLVED, 60.0)
    assert record_cause(feed.database.desk, alert, "pollution", "Nguyễn Văn A")
    feed.registry = replace(feed.registry, stations=(STATION,))

    assert [_files(feed.desk().station(STATION.code, period, signed_at)) for period in periods] == signed
    assert _files(feed.desk().province(periods[0], signed_at)) == of_the_province
    now = feed.desk().station(STATION.code, periods[0], datetime.now(UTC) + 3 * HOUR)
    tables = {table.code: table.rows for table in now.tables}
    assert tables["summary"][1][4] == 900.0
    assert "GPMT 13/2026" in tables["exceedances"][0]
    assert tables["alerts"][0][9:11] == (95.0, 120.0)
    assert tables["alerts"][0][12].vi == "Ô nhiễm"  # type: ignore[union-attr]
    assert [row[2:4] for row in tables["revisions"]] == [(60.0, 900.0)]


def test_history_cannot_be_written_by_a_worker(feed: Feed) -> None:
    with psycopg.connect(feed.database.writer) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE judgement_revisions SET mean = 0")


def test_the_zone_of_the_reader_changes_nothing(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Berlin leaves summer time on 25 October 2026 at 01:00 UTC, 08:00 in Vietnam: a day of 24 hours all the same."""
    day = date(2026, 10, 25)
    start = datetime(2026, 10, 24, 17, tzinfo=UTC)
    feed.store([feed.row(start + n * STEP, 60.0) for n in range(288)])
    feed.judge(start + 25 * HOUR)
    files = []
    for zone in ("Asia/Ho_Chi_Minh", "Europe/Berlin"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        document = feed.desk().station(STATION.code, Period.of_day(day), start + 26 * HOUR)
        means = next(table for table in document.tables if table.code == "means")
        assert [row[2] for row in means.rows] == [60.0] * 24
        files.append(_files(document))
    os.environ.pop("TZ")
    time.tzset()
    assert files[0] == files[1]
    assert "UTC+7" in files[0][Format.HTML].decode()
    assert "2026-10-25T00:00:00+07:00" in files[0][Format.CSV].decode()


def test_a_station_that_changed_in_mid_month(make_feed: Callable[..., Feed]) -> None:
    """From the 16th COD is measured every 15 min, its permit is 50 instead of 90, and TSS is new."""
    second = replace(
        STATION,
        effective_from=date(2026, 11, 16),
        sensors=(Sensor("pH", ""), Sensor("COD", "mg/L", 900), Sensor("Flow", "m3/h"), Sensor("TSS", "mg/L")),
        permit_limits=(PermitLimit("COD", None, 50.0, "GPMT 20/2026"),),
    )
    feed = make_feed(STATION, second)
    before, after = datetime(2026, 11, 14, 17, tzinfo=UTC), datetime(2026, 11, 15, 17, tzinfo=UTC)
    feed.store([feed.row(before + n * STEP, 60.0) for n in range(288)])
    feed.store([feed.row(after + n * 3 * STEP, 60.0) for n in range(96)])
    feed.judge(after + 25 * HOUR)
    document = feed.desk().station(STATION.code, Period.of_month(2026, 11), datetime(2026, 12, 1, tzinfo=UTC))
    tables = {table.code: table.rows for table in document.tables}
    cod = next(row for row in tables["reception"] if row[0] == "COD")
    tss = next(row for row in tables["reception"] if row[0] == "TSS")
    assert (cod[1], cod[2]) == (15 * 288 + 15 * 96, 288 + 96)
    assert (tss[1], tss[2]) == (15 * 288, 0)
    assert [(row[0], row[10]) for row in tables["exceedances"] if row[1].vi == "Ngày"] == [(after, "GPMT 20/2026")]  # type: ignore[union-attr]
    notes = [note.en for note in document.notes]
    assert "The station's description changed on 16/11/2026: each day counts by the one in force." in notes
    assert "COD: the limit changed on 16/11/2026: ≤ 90 → ≤ 50 (GPMT 20/2026)." in notes


def test_a_day_of_23_valid_hours_has_a_sentence(feed: Feed) -> None:
    """Calibrating from 05:00 to 05:20 leaves 8 of 12 readings, 67 %: the hour is not valid, the day is."""
    feed.store(
        [
            feed.row(MIDNIGHT + n * STEP, 95.0, status=Status.CALIBRATING if 60 <= n < 64 else Status.MEASURING)
            for n in range(288)
        ]
    )
    feed.judge(LATER)
    document = feed.desk().station(STATION.code, Period.of_day(DAY), LATER)
    assert "COD: fewer than 24 valid hours on 1 day (02/11: 23)." in [note.en for note in document.notes]
    exceedances = next(table for table in document.tables if table.code == "exceedances")
    assert len(exceedances.rows) == 1 + 23


def test_unknown_stations_and_times_before_any_description(feed: Feed) -> None:
    desk, day = feed.desk(), Period.of_day(DAY)
    with pytest.raises(QuantracError, match=r"KCN_B is not known. Did you mean KCN_A\?"):
        desk.station("KCN_B", day, LATER)
    with pytest.raises(QuantracError, match=r"no data in Month 12/2025: it is described from 2026-01-01 on"):
        desk.station(STATION.code, Period.of_month(2025, 12), LATER)
    with pytest.raises(QuantracError, match=r"No station is described in Day 31/12/2025"):
        desk.province(Period.of_day(date(2025, 12, 31)), LATER)


def test_indices_of_hot_spots_are_stored_once_and_anew_when_a_mean_changes(make_feed: Callable[..., Feed]) -> None:
    """PH 7, DO 5.1 mg/L at 25 °C (62.38 %), COD 20, NH4 0.45: 100, 62.38, 66.67, 62.5; IV is 63.85 by hand."""
    river = replace(
        STATION,
        code="RIVER",
        kind=StationKind.SURFACE_WATER,
        limit_set=None,
        permit_limits=(),
        sensors=tuple(
            Sensor(p, u) for p, u in (("pH", ""), ("DO", "mg/L"), ("Temp", "°C"), ("COD", "mg/L"), ("NH4", "mg/L"))
        ),
    )
    feed = make_feed(STATION, river)
    values = {"pH": 7.0, "DO": 5.1, "Temp": 25.0, "COD": 20.0, "NH4": 0.45}
    feed.store(
        [feed.row(MIDNIGHT + n * STEP, v, p, station="RIVER") for n in range(288) for p, v in values.items()]
        + [feed.row(MIDNIGHT + n * STEP, 60.0) for n in range(288)]
    )
    feed.judge(LATER)

    def run(groups: int) -> int:
        return refresh(feed.database.writer, feed.registry, LATER, ReportOptions(least_wqi_groups=groups))

    stored = 'SELECT "window", value, reason FROM wqi WHERE window_start = %s ORDER BY "window"'
    assert run(2) == 25
    assert run(2) == 0
    with psycopg.connect(feed.database.reader) as connection:
        assert connection.execute(stored, (MIDNIGHT,)).fetchall() == [("day", 64, ""), ("hour", 64, "")]
    document = feed.desk().station("RIVER", Period.of_day(DAY), LATER)
    rows = next(table for table in document.tables if table.code == "wqi").rows
    assert len(rows) == 25
    assert (rows[-1][1], rows[-1][-1].en) == (
        None,
        (
            "2 of 5 groups of parameters are measured (I, IV); at least 3 are needed: II pesticides, III heavy metals, "
            "V microbes (coliform) are missing"
        ),
    )  # type: ignore[union-attr]

    feed.store([feed.row(MIDNIGHT + n * STEP, 9.5, "pH", station="RIVER", received_at=LATER) for n in range(12)])
    feed.judge(LATER + HOUR)
    assert run(2) == 0, "what stands has not changed"
    document = feed.desk().station("RIVER", Period.of_day(DAY), LATER + 2 * HOUR)
    assert any("2 findings wait for an officer" in note.en for note in document.notes)
    rows = next(table for table in document.tables if table.code == "decisions").rows
    assert [row[4:9:2] for row in rows] == [
        (12, Text("Không có giới hạn", "No limit"), Text("Không có giới hạn", "No limit"))
    ] * 2
    with RevisionDesk(feed.database.desk) as desk:
        desk.decide([p.id for p in desk.pending("RIVER")], True, "An", "biên bản")
    assert run(2) == 2
    with psycopg.connect(feed.database.reader) as connection:
        (day, hour) = connection.execute(stored, (MIDNIGHT,)).fetchall()
    assert hour[1] == 6, "pH 9.5 has index 10: 10/100 × 63.85"
    assert day[1] == 64, "mean pH 7.10 is still 100"
