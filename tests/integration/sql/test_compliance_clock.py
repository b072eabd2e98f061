"""The database's compliance clock is that of the reports, to the second, and keeps quiet where nothing is known."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from quantrac.endpoints import DatabaseEndpoint
from reports.clock import DaySoFar, outlook

MIDNIGHT = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
"""00:00 on 2 November in Vietnam."""
STATION = """
INSERT INTO stations (code, effective_from, name_vi, name_en, kind, operator, longitude, latitude)
VALUES ('S1', '2020-01-01', 'Trạm 1', 'Station 1', 'effluent', 'X', 105, 10);
INSERT INTO sensors (station, effective_from, position, parameter, unit, cadence_s)
VALUES ('S1', '2020-01-01', 0, 'COD', 'mg/L', 300), ('S1', '2020-01-01', 1, 'pH', '', 300);
INSERT INTO effective_limits (station, parameter, effective_from, unit, minimum, maximum, day_only, source)
VALUES ('S1', 'COD', '0001-01-01', 'mg/L', NULL, 60, false, 'QCVN'), ('S1', 'pH', '0001-01-01', '', 6, 9, false, 'QCVN')
"""
HOUR = """
INSERT INTO reading_hours (station, parameter, hour_start, usable_sum, usable_count, total_count, late_count)
VALUES ('S1', %s, %s, %s, %s, 12, 0)
"""


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_clock_of_the_reports(database: DatabaseEndpoint, seed: int) -> None:
    chance = random.Random(seed)
    hours = chance.randrange(1, 23)
    now = MIDNIGHT + timedelta(hours=hours, minutes=chance.randrange(59))
    sums = [(chance.randrange(1, 13), chance.uniform(20, 110)) for _ in range(hours + 1)]
    with psycopg.connect(database.owner) as connection:
        connection.execute(STATION)
        for position, (count, mean) in enumerate(sums):
            connection.execute(HOUR, ("COD", MIDNIGHT + timedelta(hours=position), round(count * mean, 3), count))
            connection.execute(HOUR, ("pH", MIDNIGHT + timedelta(hours=position), 7 * count, count))
        connection.execute(HOUR, ("COD", MIDNIGHT - timedelta(hours=1), 9999, 12))
        rows = connection.execute(
            "SELECT parameter, level, allowance, expected_mean, passed_at FROM compliance_clock(%s)", (now,)
        ).fetchall()
        later = "SELECT level, passed_at FROM compliance_clock(%s, '{S1}')"
        silent = connection.execute(later, (min(now + timedelta(hours=3), MIDNIGHT + timedelta(hours=23.9)),))
        assert hours > 20 or silent.fetchall() == [(None, None)]
        assert connection.execute("SELECT 1 FROM compliance_clock(%s, '{S2}')", (now,)).fetchall() == []
    ((parameter, level, allowance, expected, passed_at),) = rows  # a range such as pH's has no daily allowance
    total, count = sum(round(n * m, 3) for n, m in sums), sum(n for n, _ in sums)
    day = DaySoFar(MIDNIGHT, now, total, count, 300, 60.0)
    told = outlook(day, level)
    assert parameter == "COD"
    assert level == pytest.approx(round(sums[-1][0] * sums[-1][1], 3) / sums[-1][0])
    assert (allowance, expected) == (pytest.approx(told.allowance), pytest.approx(told.expected_mean))
    assert passed_at == told.passed_at
