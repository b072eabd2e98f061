"""Whatever the order, the batches and the repetitions: the sums are those of a plain recomputation, to the digit."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantrac.domain.readings import CheckedReading, Flag, Outcome, Reading, Status, StoredRow
from quantrac.endpoints import DatabaseEndpoint
from sql.worker_store import WorkerStore

VIETNAM = timezone(timedelta(hours=7))
START = datetime(2026, 11, 23, 16, 50, tzinfo=UTC)  # ten minutes before midnight in Vietnam
NOW = datetime(2027, 1, 1, tzinfo=UTC)

values = st.one_of(
    st.none(),
    st.sampled_from([0.1, 0.2, 0.3, 7.25, -0.0]),
    # Also those that differ only in the 17th digit. Beyond 2^53 the shortest texts of a float that PostgreSQL and
    # Python choose may differ in their last digit, and no instrument reports such a number.
    st.floats(-1e15, 1e15),
)
readings = st.builds(
    Reading,
    station=st.sampled_from(["A", "B"]),
    parameter=st.sampled_from(["COD", "pH"]),
    # Few instants, so that keys collide; on both sides of midnight and of full hours, and across a chunk's border.
    observed_at=st.integers(0, 7).map(lambda i: START + timedelta(minutes=5) * i)
    | st.sampled_from([START + timedelta(minutes=10, microseconds=-1), START + timedelta(days=9)]),
    received_at=st.just(NOW),
    value=values,
    status=st.sampled_from([Status.MEASURING] * 4 + [Status.CALIBRATING, Status.UNKNOWN]),
)
checked = st.builds(CheckedReading, readings, st.sampled_from([*Flag, Flag.GOOD, Flag.GOOD]), late=st.booleans())
batches = st.lists(st.lists(checked, max_size=12), min_size=1, max_size=5)


@dataclass
class Model:
    """The same in plain Python: what counts under each key, and what was replaced."""

    kept: dict[tuple[str, str, datetime], CheckedReading] = field(default_factory=dict)
    replaced: list[CheckedReading] = field(default_factory=list)

    def store(self, reading: CheckedReading) -> Outcome:
        r = reading.reading
        key = (r.station, r.parameter, r.observed_at)
        before = self.kept.get(key)
        if before is not None and (before.reading.value, before.reading.status) == (r.value, r.status):
            return Outcome.DUPLICATE
        self.kept[key] = reading
        if before is None:
            return Outcome.STORED
        self.replaced.append(before)
        return Outcome.REVISION

    def buckets(self, start_of: Callable[[datetime], object]) -> dict[tuple[object, ...], tuple[object, ...]]:
        members: dict[tuple[object, ...], list[CheckedReading]] = {}
        for (station, parameter, at), reading in self.kept.items():
            members.setdefault((station, parameter, start_of(at)), []).append(reading)
        return {key: _sums(found) for key, found in members.items()}


def _sums(members: Sequence[CheckedReading]) -> tuple[object, ...]:
    usable = [c.reading.value for c in members if c.usable and c.reading.value is not None]
    total = sum((Fraction(repr(v)) for v in usable), Fraction(0))
    late = sum(c.late for c in members)
    return total, len(usable), len(members), late, min(usable, default=None), max(usable, default=None)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _day(at: datetime) -> date:
    return at.astimezone(VIETNAM).date()


def _stored_buckets(conninfo: str, tag: str, table: str, start: str) -> dict[tuple[object, ...], tuple[object, ...]]:
    columns = f"{start}, usable_sum, usable_count, total_count, late_count, minimum, maximum"
    with psycopg.connect(conninfo, options="-c TimeZone=UTC") as connection:
        rows = connection.execute(
            f"SELECT station, parameter, {columns} FROM {table} WHERE station LIKE %s".encode(), (f"{tag}%",)
        ).fetchall()
    return {(s.removeprefix(tag), p, at): (Fraction(total), *rest) for s, p, at, total, *rest in rows}


def _busiest_hours(conninfo: str, tag: str) -> dict[tuple[object, ...], int]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "SELECT station, parameter, day, busiest_hour FROM reading_days WHERE station LIKE %s", (f"{tag}%",)
        ).fetchall()
    return {(s.removeprefix(tag), p, day): most for s, p, day, most in rows}


def _most_of_an_hour(model: Model) -> dict[tuple[object, ...], int]:
    hours = Counter((station, parameter, _hour(at)) for station, parameter, at in model.kept)
    most: dict[tuple[object, ...], int] = {}
    for (station, parameter, hour), count in hours.items():
        key = (station, parameter, _day(hour))
        most[key] = max(most.get(key, 0), count)
    return most


def _rows(batch: Sequence[CheckedReading], tag: str, offset: int) -> list[StoredRow]:
    rows = []
    for position, c in enumerate(batch):
        r = c.reading
        reading = Reading(tag + r.station, r.parameter, r.observed_at, r.received_at, r.value, r.status)
        rows.append(StoredRow(CheckedReading(reading, c.flag, late=c.late), 0, offset + position))
    return rows


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches, one_transaction=st.booleans())
def test_sums_are_exact(
    database: DatabaseEndpoint, store: WorkerStore, batches: list[list[CheckedReading]], one_transaction: bool
) -> None:
    tag, model = uuid.uuid4().hex[:8], Model()
    parts = [_rows(batch, tag, 100 * i) for i, batch in enumerate(batches)]
    expected = [[model.store(c) for c in batch] for batch in batches]

    if one_transaction:
        with store.transaction() as transaction:
            outcomes = [transaction.readings.store(part) for part in parts]
    else:
        outcomes = []
        for part in parts:
            with store.transaction() as transaction:
                outcomes.append(transaction.readings.store(part))
    assert outcomes == expected

    with store.transaction() as transaction:  # buckets with a revision are computed again
        transaction.buckets.take_dirty(NOW, timedelta(0), 100_000)
    assert _stored_buckets(database.reader, tag, "reading_hours", "hour_start") == model.buckets(_hour)
    assert _stored_buckets(database.reader, tag, "reading_days", "day") == model.buckets(_day)
    assert _busiest_hours(database.reader, tag) == _most_of_an_hour(model)
    _check_readings(database.reader, store, tag, model)


def _check_readings(conninfo: str, store: WorkerStore, tag: str, model: Model) -> None:
    keys = [(tag + station, parameter, at) for station, parameter, at in model.kept]
    with store.transaction() as transaction:
        found = transaction.readings.fetch(keys)
    assert [_facts(c) for c in found] == [_facts(c) for c in model.kept.values()]
    with psycopg.connect(conninfo) as connection:
        revisions = connection.execute(
            "SELECT station, parameter, observed_at, value, status, flag FROM reading_revisions WHERE station LIKE %s",
            (f"{tag}%",),
        ).fetchall()
        latest = connection.execute(
            "SELECT station, parameter, observed_at, value FROM latest_readings WHERE station LIKE %s", (f"{tag}%",)
        ).fetchall()
    replaced = [
        (tag + c.reading.station, c.reading.parameter, c.reading.observed_at, c.reading.value, c.reading.status, c.flag)
        for c in model.replaced
    ]
    assert sorted(map(repr, revisions)) == sorted(repr((*r[:4], r[4].value, r[5].value)) for r in replaced)
    newest: dict[tuple[str, str], tuple[datetime, float | None]] = {}
    for (station, parameter, at), c in sorted(model.kept.items()):
        newest[tag + station, parameter] = (at, c.reading.value)
    assert {(s, p): (at, value) for s, p, at, value in latest} == newest


def _facts(c: CheckedReading) -> tuple[object, ...]:
    r = c.reading
    return r.parameter, r.observed_at, r.value, r.status, c.flag, c.late


@pytest.mark.parametrize("repeats", [1, 3])
def test_a_large_batch_and_its_repetition(
    store: WorkerStore, row: Callable[..., StoredRow], repeats: int, database: DatabaseEndpoint
) -> None:
    rows = [row(START + timedelta(seconds=i), i / 10, station=f"S{i % 7}", offset=i) for i in range(5000)]
    for repeat in range(repeats):
        with store.transaction() as transaction:
            expected = Outcome.DUPLICATE if repeat else Outcome.STORED
            assert transaction.readings.store(rows) == [expected] * 5000
    with psycopg.connect(database.reader) as connection:
        found = connection.execute("SELECT sum(usable_sum), sum(usable_count) FROM reading_days").fetchone()
    assert found is not None
    assert (Fraction(found[0]), found[1]) == (Fraction(5000 * 4999, 20), 5000)
