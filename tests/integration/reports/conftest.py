"""A station with pH, COD and a flow meter in a database of its own: stored, judged and revised as a worker does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.closed_windows import expected_readings, judgement_of
from alerts.effective_limits import effective_limits
from alerts.limits import limit_for
from commands.reports.desk import ReportDesk
from quantrac.domain.limits import LimitSet, LimitValue
from quantrac.domain.readings import CheckedReading, Flag, Reading, Status, StoredRow
from quantrac.domain.stations import PermitLimit, Registry, Sensor, Station, StationKind
from quantrac.endpoints import DatabaseEndpoint
from reports.facts import ReportOptions
from sql.catalogue import import_limit_sets, import_registry
from sql.worker_store import WorkerStore

MIDNIGHT = datetime(2026, 11, 1, 17, tzinfo=UTC)
"""2 November 2026, 00:00 in Vietnam."""
DAY = date(2026, 11, 2)
STEP = timedelta(minutes=5)

STATION = Station(
    code="KCN_A",
    effective_from=date(2026, 1, 1),
    name_vi="Khu công nghiệp A",
    name_en="Park A",
    kind=StationKind.EFFLUENT,
    operator="Công ty A",
    longitude=105.6,
    latitude=10.4,
    sensors=(Sensor("pH", ""), Sensor("COD", "mg/L"), Sensor("Flow", "m3/h")),
    permit_flow_m3_per_day=2400,
    limit_set="Q",
    permit_limits=(PermitLimit("COD", None, 90.0, "GPMT 12/2026"),),
)
LIMITS = LimitSet(
    "Q", "Quy chuẩn", "Standard", "QCVN", date(2020, 1, 1), None, (LimitValue("pH", "", 6.0, 9.0, False),)
)


class Feed:
    """What a worker does, in two verbs."""

    def __init__(self, database: DatabaseEndpoint, stations: tuple[Station, ...]) -> None:
        self.database, self.registry = database, Registry(stations)
        import_limit_sets(database.owner, [LIMITS], effective_limits)
        import_registry(database.owner, self.registry, "", effective_limits)
        self._store = WorkerStore(database.writer)
        self._offset = 0

    def store(self, rows: Iterable[StoredRow]) -> None:
        with self._store.transaction() as transaction:
            transaction.readings.store(tuple(rows))

    def judge(self, now: datetime) -> None:
        with self._store.transaction() as transaction:
            judged = []
            for bucket in transaction.buckets.take_dirty(now, timedelta(minutes=2), 100_000):
                station = self.registry.station(bucket.station, bucket.start)
                assert station is not None
                sensor = station.sensor_of[bucket.parameter]
                day = bucket.start.astimezone(UTC) + timedelta(hours=7)
                limit = limit_for(station, bucket.parameter, day.date(), [LIMITS], bucket.window)
                full = replace(bucket, expected=expected_readings(bucket.window, sensor.cadence_s))
                judged.append(judgement_of(full, limit, now=now))
            transaction.buckets.save_judgements(judged)

    def row(
        self,
        at: datetime,
        value: float | None,
        parameter: str = "COD",
        *,
        received_at: datetime | None = None,
        status: Status = Status.MEASURING,
        flag: Flag = Flag.GOOD,
        station: str = STATION.code,
    ) -> StoredRow:
        self._offset += 1
        reading = Reading(station, parameter, at, received_at or at + timedelta(seconds=30), value, status)
        return StoredRow(CheckedReading(reading, flag), partition=3, offset=self._offset)

    def desk(self) -> ReportDesk:
        return ReportDesk(self.database.reader, self.registry, ReportOptions())

    def close(self) -> None:
        self._store.close()


@pytest.fixture
def make_feed(database: DatabaseEndpoint) -> Iterator[Callable[..., Feed]]:
    made: list[Feed] = []

    def make(*stations: Station) -> Feed:
        made.append(Feed(database, stations or (STATION,)))
        return made[-1]

    yield make
    for feed in made:
        feed.close()


@pytest.fixture
def feed(make_feed: Callable[..., Feed]) -> Feed:
    return make_feed()
