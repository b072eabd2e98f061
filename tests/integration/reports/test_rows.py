"""Rows of a report against plain SQL over the stored readings, and against what was sent."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction

import psycopg
import pytest

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.readings import Flag, Status
from quantrac.domain.report_rows import RevisionRow, SilenceRow, StationRows, StatusRow
from reports.document import Document, Table
from reports.facts import LATE_AFTER, SILENT_AFTER
from reports.period import Period
from sql.report_rows import data_received, station_rows
from tests.integration.reports.conftest import DAY, MIDNIGHT, STATION, STEP, Feed

HOUR = timedelta(hours=1)
NEXT_DAY = MIDNIGHT + 24 * HOUR
LATER = NEXT_DAY + HOUR


def _rows(feed: Feed, as_of: datetime, station: str = STATION.code) -> StationRows:
    return station_rows(
        feed.database.reader,
        station,
        MIDNIGHT,
        NEXT_DAY,
        as_of,
        late_after=LATE_AFTER,
        silent_after=SILENT_AFTER,
    )


def _table(document: Document, code: str) -> Table:
    return next(table for table in document.tables if table.code == code)


def test_a_day_against_plain_sql_over_the_readings(feed: Feed) -> None:
    """Random values, statuses, flags, holes and late arrivals; sums of decimals that doubles cannot hold."""
    rng = random.Random(5)
    rows = [
        feed.row(
            MIDNIGHT + n * STEP,
            None if rng.random() < 0.02 else round(rng.uniform(60, 120), 1),
            parameter,
            status=rng.choice([Status.MEASURING] * 9 + [Status.CALIBRATING]),
            flag=rng.choice([Flag.GOOD] * 9 + [Flag.BAD, Flag.NOT_EVALUATED]),
            received_at=MIDNIGHT + n * STEP + timedelta(minutes=rng.choice([1] * 9 + [45])),
        )
        for n in range(288)
        for parameter in ("COD", "Flow")
        if rng.random() > 0.1
    ]
    rng.shuffle(rows)
    feed.store(rows)
    feed.judge(LATER)
    document = feed.desk().station(STATION.code, Period.of_day(DAY), LATER)

    plain = """
        SELECT avg(value::numeric), min(value), max(value), count(*), count(DISTINCT date_trunc('hour', observed_at)),
               count(*) FILTER (WHERE value > 90)
          FROM readings
         WHERE station = 'KCN_A' AND parameter = %s AND status = '00' AND flag IN (1, 2) AND value IS NOT NULL
           AND observed_at >= '2026-11-02 00:00+07' AND observed_at < '2026-11-03 00:00+07'
    """
    with psycopg.connect(feed.database.owner) as connection:
        cod = connection.execute(plain, ("COD",)).fetchone()
        flow = connection.execute(plain, ("Flow",)).fetchone()
        load = connection.execute(
            """
            SELECT sum(f.mean * least(f.n / 12.0, 1) * c.mean) / 1000, sum(f.mean * least(f.n / 12.0, 1))
              FROM (SELECT date_trunc('hour', observed_at) AS hour, avg(value::numeric) AS mean, count(value) AS n
                      FROM readings WHERE parameter = 'Flow' AND status = '00' AND flag < 3 GROUP BY 1) f
              JOIN (SELECT date_trunc('hour', observed_at) AS hour, avg(value::numeric) AS mean
                      FROM readings WHERE parameter = 'COD' AND status = '00' AND flag < 3 GROUP BY 1) c USING (hour)
            """
        ).fetchone()
        counts = connection.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE received_at - observed_at > '30 minutes')
              FROM readings WHERE parameter = 'COD'
            """
        ).fetchone()
    assert cod is not None
    assert flow is not None
    assert load is not None
    assert counts is not None
    _, line, of_flow = _table(document, "summary").rows
    assert line[:5] == ("COD", "mg/L", pytest.approx(float(cod[0]), rel=1e-12), cod[1], cod[2])
    assert line[8] == pytest.approx(cod[5] * 5 / 60)
    assert line[9] == pytest.approx(cod[5] / cod[3])
    assert of_flow[2] == pytest.approx(float(flow[0]), rel=1e-12)
    (volume,) = _table(document, "flows").rows
    assert volume[2] == pytest.approx(float(load[1]), rel=1e-9)
    assert volume[5] == pytest.approx(float(load[0]), rel=1e-9)
    received = _table(document, "reception").rows[1]
    assert received[1:4] == (288, counts[0], counts[0] / 288)
    assert received[4] == cod[3]
    assert received[6] == counts[1]

    usable = [row.checked.reading for row in rows if row.checked.usable]
    sent = [Fraction(str(reading.value)) for reading in usable if reading.parameter == "COD"]
    assert line[2] == float(sum(sent) / len(sent))


def test_exceedances_are_the_stored_findings(feed: Feed) -> None:
    """COD 99 from 06:00 to 07:00, else 60: an hour beyond 90, not the day. pH 9.5 for half an hour: no mean beyond."""
    rows = []
    for n in range(288):
        rows.append(feed.row(MIDNIGHT + n * STEP, 99.0 if 72 <= n < 84 else 60.0))
        rows.append(feed.row(MIDNIGHT + n * STEP, 9.5 if 96 <= n < 102 else 7.0, "pH"))
    feed.store(rows)
    feed.judge(LATER)
    found = [r for r in _rows(feed, LATER).judged if r.verdict is Verdict.EXCEEDED]
    assert [(r.parameter, r.window, r.start, r.mean) for r in found] == [
        ("COD", Window.HOUR, MIDNIGHT + 6 * HOUR, 99.0)
    ]
    (row,) = _table(feed.desk().station(STATION.code, Period.of_day(DAY), LATER), "exceedances").rows
    assert (row[3], row[6], row[7], row[8], row[10]) == (99.0, 1.1, 2, "12/12", "GPMT 12/2026")
    ph = _table(feed.desk().station(STATION.code, Period.of_day(DAY), LATER), "summary").rows[0]
    assert (ph[6], ph[7], ph[8]) == (0, 0, 0.5), "half an hour outside, though every hourly mean is within"


def test_statuses_and_silences(feed: Feed) -> None:
    """Readings every 5 min: 00:00-00:20 measuring, 00:25-00:35 calibrating, 00:40 fault, silence 00:40-02:00."""
    marks = [Status.MEASURING] * 5 + [Status.CALIBRATING] * 3 + [Status.FAULT]
    rows = [feed.row(MIDNIGHT + n * STEP, 60.0, status=status) for n, status in enumerate(marks)]
    rows += [feed.row(MIDNIGHT + 2 * HOUR + n * STEP, 60.0) for n in range(264)]
    feed.store(rows)
    found = _rows(feed, LATER)
    assert found.statuses == (
        StatusRow("COD", "01", MIDNIGHT + 5 * STEP, MIDNIGHT + 7 * STEP, 3),
        StatusRow("COD", "02", MIDNIGHT + 8 * STEP, MIDNIGHT + 8 * STEP, 1),
    )
    assert found.silences == (SilenceRow(MIDNIGHT + 8 * STEP, MIDNIGHT + 2 * HOUR),)
    assert _rows(feed, MIDNIGHT + 90 * timedelta(minutes=1)).silences == (
        SilenceRow(MIDNIGHT + 8 * STEP, MIDNIGHT + 90 * timedelta(minutes=1)),
    ), "at half past one nobody knew of the later ones"


def test_a_station_without_readings_is_silent_all_day(feed: Feed) -> None:
    assert _rows(feed, LATER) == StationRows(silences=(SilenceRow(MIDNIGHT, NEXT_DAY),))
    document = feed.desk().station(STATION.code, Period.of_day(DAY), LATER)
    assert "Không có số liệu nào trong kỳ." in [note.vi for note in document.notes]
    assert _table(document, "reception").rows[1][1:4] == (288, 0, 0)


def test_readings_are_those_of_the_instant(feed: Feed) -> None:
    r"""One reading, three numbers.

    received   12:00   13:00   14:00
    value        10      20      30
    as of        |  10   |  20   |  30
    """
    at, noon = MIDNIGHT, MIDNIGHT + 12 * HOUR
    for hour, value in enumerate((10.0, 20.0, 30.0)):
        feed.store([feed.row(at, value, received_at=noon + hour * HOUR)])
    seen = [
        [float(row.usable_sum) for row in _rows(feed, noon + minutes * timedelta(minutes=1)).hours]
        for minutes in (-1, 0, 59, 60, 119, 120)
    ]
    assert seen == [[], [10.0], [10.0], [20.0], [20.0], [30.0]]
    assert _rows(feed, noon + HOUR).revisions == (RevisionRow("COD", at, 10.0, "00", 20.0, "00", noon + HOUR, 3, 2),)


def test_any_order_of_arrival_gives_the_same_rows(make_feed: Callable[..., Feed]) -> None:
    """Four stations get the same messages, revisions among them, in four orders and batches."""
    from dataclasses import replace

    stations = [replace(STATION, code=f"S{n}") for n in range(4)]
    feed = make_feed(*stations)
    for n, station in enumerate(stations):
        rng, messages = random.Random(11), []
        for index in range(288):
            at = MIDNIGHT + index * STEP
            versions = [
                feed.row(at, round(rng.uniform(1, 200), 2), received_at=at + k * HOUR + STEP, station=station.code)
                for k in range(1 if rng.random() < 0.8 else 3)
            ]
            messages.append([row._replace(offset=10 * index + k) for k, row in enumerate(versions)])
        order = random.Random(n)
        while messages:
            batch = []
            for _ in range(order.randint(1, 60)):
                if messages:
                    own = order.choice(messages)
                    batch.append(own.pop(0))
                    if not own:
                        messages.remove(own)
            feed.store(batch)
    feed.judge(LATER)
    for as_of in (MIDNIGHT + 5 * HOUR, MIDNIGHT + 11 * HOUR, LATER):
        first, *others = (_rows(feed, as_of, station.code) for station in stations)
        assert first.hours
        assert others == [first] * 3


def test_the_table_function_counts_as_reports_do(feed: Feed) -> None:
    """An hour of readings a minute counts as one hour; a day without any has its row; sums of days tell the same."""
    rows = [feed.row(MIDNIGHT + n * timedelta(minutes=1), 60.0) for n in range(60)]
    rows += [feed.row(MIDNIGHT + 2 * HOUR + n * STEP, 60.0, flag=Flag.BAD) for n in range(6)]
    rows += [feed.row(MIDNIGHT + 24 * HOUR + n * STEP, 60.0, flag=Flag.BAD if n == 4 else Flag.GOOD) for n in range(30)]
    feed.store(rows)
    lines = data_received(feed.database.reader, DAY, DAY + timedelta(2), STATION.code)
    came = {("COD", DAY): (18, 12), ("COD", DAY + timedelta(1)): (30, 29)}
    assert [(r.parameter, r.day, r.expected, (r.received, r.usable)) for r in lines] == [
        (parameter, day, 288, came.get((parameter, day), (0, 0)))
        for parameter in ("COD", "Flow", "pH")
        for day in (DAY, DAY + timedelta(1), DAY + timedelta(2))
    ]
    with psycopg.connect(feed.database.owner) as connection:
        connection.execute("UPDATE reading_days SET busiest_hour = DEFAULT")
    assert data_received(feed.database.reader, DAY, DAY + timedelta(2), STATION.code) == lines
    document = feed.desk().station(STATION.code, Period.of_day(DAY), LATER)
    cod = _table(document, "reception").rows[1]
    assert (cod[1], cod[2], cod[4]) == (288, 18, 12)
