"""Thirty days of back-fill of ten stations beside a live one: nobody is paged, nothing is forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from commands.reports.desk import ReportDesk
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.stations import VIETNAM
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import parse_registry, registry_sha256
from reports.facts import ReportOptions
from reports.period import Period
from sql.catalogue import import_registry, load_registry
from streams.processor import BatchProcessor
from streams.records import RawRecord
from streams.sweep import Sweeper
from tests.integration.streams.conftest import REGISTRY

CADENCE = timedelta(minutes=5)
DAYS, ROWS_A_DAY = 30, 288
BEGIN = datetime(2026, 11, 1, tzinfo=VIETNAM).astimezone(UTC)
BACK = [f"DT_BACK{k}_NUOSXL" for k in range(10)]
LIVE = "DT_LIVE_NUOSXL"
STEPS = 18
"""Of the live station: an hour and a half. After two hours without usable readings the ten would be told of."""
SLUG_FROM = 8


def is_beyond(station: int, day: int, hour: int) -> bool:
    """Which hours are beyond the limit of 90 mg/L: some of most days, and two whole days of each station."""
    return day in (station, station + 15) or (7 * day + 3 * hour + station) % 29 == 0


def value(station: int, day: int, row: int) -> float:
    return (120.0 if is_beyond(station, day, row // 12) else 55.0) + row % 7


def file_of(station: int, day: int) -> bytes:
    """Return a day of a station as its logger keeps it: COD every five minutes."""
    lines = []
    for row in range(ROWS_A_DAY):
        stamp = (BEGIN + day * timedelta(days=1) + row * CADENCE).astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")
        lines.append(f"COD\t{value(station, day, row):.1f}\tmg/L\t{stamp}\t00")
    return "\r\n".join(lines).encode() + b"\r\n"


@pytest.fixture
def registered(prepared: DatabaseEndpoint) -> DatabaseEndpoint:
    text = "".join(REGISTRY.replace("DT_TEST_NUOSXL", code) for code in (*BACK, LIVE))
    registry = parse_registry(text, "test")
    import_registry(prepared.owner, registry, registry_sha256(registry), effective_limits)
    return prepared


@pytest.mark.timeout(400)
def test_thirty_days_of_ten_stations_page_nobody_and_every_exceedance_is_in_the_report(
    registered: DatabaseEndpoint,
    make_processor: Callable[..., BatchProcessor],
    make_sweeper: Callable[[], Sweeper],
    clock: ManualClock,
) -> None:
    # 1/11 ......................... 30/11   1/12 00:05                 01:30
    # ten stations: nothing at all           30 days, 17 files a step  (86,400 readings)
    # live station                           50 50 50 .. 200 200 200 .. : paged at its second reading
    clock.advance(BEGIN + timedelta(days=DAYS) + CADENCE - clock.now())
    processor, sweeper, offsets = make_processor(), make_sweeper(), count()
    files = [(station, day) for day in range(DAYS) for station in range(len(BACK))]

    def back_fill(step: int) -> Iterator[RawRecord]:
        for station, day in files[step::STEPS]:
            topic, content = topics.file_topic(BACK[station]), file_of(station, day)
            yield RawRecord(0, next(offsets), content, topics.CONTENT_TT10, topic, clock.now())

    for step in range(STEPS):
        lines = [{"parameter": "COD", "value": (200.0 if step >= SLUG_FROM else 50.0) + step % 3, "status": "00"}]
        body = {"v": 1, "observed_at": clock.now().isoformat(), "readings": lines}
        topic = topics.mqtt_readings(LIVE)
        old = list(back_fill(step))
        live = RawRecord(0, next(offsets), json.dumps(body).encode(), topics.CONTENT_JSON, topic, clock.now())
        processor.process([*old, live])
        clock.advance(CADENCE)
        sweeper.sweep()
    for _ in range(20):  # hours and days are judged piece by piece
        sweeper.sweep()

    with psycopg.connect(registered.reader) as connection:
        stored = connection.execute("SELECT count(*) FROM readings WHERE station LIKE 'DT_BACK%'").fetchall()
        paged = connection.execute(
            "SELECT a.station, a.rule, min(a.opened_at - a.since)"
            " FROM outbox AS o JOIN alerts AS a ON a.id = o.alert_id GROUP BY 1, 2"
        ).fetchall()
    assert stored == [(len(BACK) * DAYS * ROWS_A_DAY,)]
    assert {station for station, *_ in paged} == {LIVE}, "nobody is told of what is long past"
    assert min(late for _, rule, late in paged if rule == "limit") <= 2 * CADENCE, "and the live one is told in time"

    desk = ReportDesk(registered.reader, load_registry(registered.reader), ReportOptions(0.75, 3))
    for number, code in enumerate(BACK):
        report = desk.station(code, Period.of_month(2026, 11), clock.now())
        (table,) = [t for t in report.tables if t.code == "exceedances"]
        hours = sum(is_beyond(number, day, hour) for day in range(DAYS) for hour in range(24))
        assert len(table.rows) + table.left_out == hours + 2, code
