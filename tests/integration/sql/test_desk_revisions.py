"""An officer's word about a reading: it counts, the old one is kept, it is audited, and it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import StoreError
from sql.readings_desk import readings_of, revise

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
READING = """
INSERT INTO readings (station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset)
VALUES ('S1', 'COD', %s, %s, %s, '00', 1, 0, %s)
"""
HOUR = """
INSERT INTO reading_hours (station, parameter, hour_start, usable_sum, usable_count, total_count, late_count, dirty)
VALUES ('S1', 'COD', %s, 0, 0, 0, 0, false)
"""
SENSOR, SPAN = ("S1", "COD"), (AT, AT + timedelta(minutes=5))


@pytest.fixture
def stored(database: DatabaseEndpoint) -> DatabaseEndpoint:
    with psycopg.connect(database.owner) as connection:
        for number in range(3):
            at = AT + number * timedelta(minutes=5)
            connection.execute(READING, (at, at, 100.0 + number, number))
        connection.execute(HOUR, (AT,))
        connection.execute(HOUR, (AT + timedelta(hours=2),))
    return database


def shown(database: DatabaseEndpoint) -> list[tuple[float | None, int, str | None]]:
    found = readings_of(database.reader, "S1", None, (AT, AT + timedelta(hours=1)), 9)
    return [(r.value, r.flag, r.officer) for r in reversed(found)]


def test_a_word_counts_is_kept_and_can_be_taken_back(stored: DatabaseEndpoint) -> None:
    assert revise(stored.desk, "revise", SENSOR, SPAN, value=41.5, officer="An", reason="hiệu chuẩn lại") == 2
    assert revise(stored.desk, "invalidate", SENSOR, (AT, AT), value=None, officer="Bình", reason="đầu đo hỏng") == 1
    assert shown(stored) == [(41.5, 4, "Bình"), (41.5, 1, "An"), (102.0, 1, None)]
    with psycopg.connect(stored.owner) as connection:
        old = connection.execute("SELECT value, raw_partition FROM reading_revisions ORDER BY id").fetchall()
        assert old == [(100.0, 0), (101.0, 0), (41.5, -1)]
        dirty = connection.execute("SELECT dirty FROM reading_hours ORDER BY hour_start").fetchall()
        assert dirty == [(True,), (False,)]
    assert revise(stored.desk, "restore", SENSOR, SPAN, value=None, officer="An", reason="nhầm") == 2
    assert [row[:2] for row in shown(stored)] == [(100.0, 1), (101.0, 1), (102.0, 1)]
    assert revise(stored.desk, "restore", SENSOR, SPAN, value=None, officer="An", reason="nhầm") == 0
    with psycopg.connect(stored.desk) as connection:
        entries = connection.execute("SELECT entry::jsonb ->> 'action' FROM audit ORDER BY id").fetchall()
    assert [a for (a,) in entries][-3:] == ["revise readings", "invalidate readings", "restore readings"]


def test_what_changes_nothing_or_says_nothing_is_refused(stored: DatabaseEndpoint) -> None:
    assert revise(stored.desk, "revise", SENSOR, (AT, AT), value=100.0, officer="An", reason="x") == 0
    assert revise(stored.desk, "restore", SENSOR, SPAN, value=None, officer="An", reason="x") == 0
    for value, reason in ((float("nan"), "x"), (1.0, " ")):
        with pytest.raises(StoreError):
            revise(stored.desk, "revise", SENSOR, (AT, AT), value=value, officer="An", reason=reason)
    assert shown(stored)[0] == (100.0, 1, None)


@pytest.mark.parametrize("role", ["reader", "notifier", "trainer", "writer"])
def test_the_desk_alone_may(stored: DatabaseEndpoint, role: str) -> None:
    with pytest.raises(StoreError):
        revise(getattr(stored, role), "revise", SENSOR, SPAN, value=1.0, officer="An", reason="x")
    with psycopg.connect(stored.desk) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE readings SET value = 1")
