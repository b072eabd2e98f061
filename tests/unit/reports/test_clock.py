"""The compliance clock on days drawn by hand, and its calibration on simulated ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.clock import LIMIT, calibration, simulated
from reports.clock import DaySoFar, outlook

MIDNIGHT = datetime(2026, 11, 1, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _day(hours: int, mean: float, count: int | None = None) -> DaySoFar:
    n = hours if count is None else count
    return DaySoFar(MIDNIGHT, MIDNIGHT + hours * HOUR, mean * n, n, 3600, LIMIT)


@pytest.mark.parametrize(
    ("day", "level", "allowance", "expected", "passes_in_h"),
    [
        # 12 hours of 80: the rest may have 100. At 110 it ends at 95; 80 × 12 + 110 m > 90 (12 + m) from m = 7 on.
        (_day(12, 80), 110.0, 100.0, 95.0, 7),
        # At 100 the day is exactly 90, which is within.
        (_day(12, 80), 100.0, 100.0, 90.0, None),
        # 18 hours of 100: the rest may have 60, at 90 it stays beyond and is so already.
        (_day(18, 100), 90.0, 60.0, 97.5, 0),
        # ... at 50 it comes back.
        (_day(18, 100), 50.0, 60.0, 87.5, None),
        # 20 hours of 120: nothing mends it.
        (_day(20, 120), 0.0, -60.0, 100.0, 0),
        # Half of the first 12 hours is missing for good: (90 × 18 - 80 × 6) / 12 = 95.
        (_day(12, 80, count=6), 90.0, 95.0, 1560 / 18, None),
        # Nothing yet: the whole day may have the limit.
        (_day(0, 0), 91.0, 90.0, 91.0, 1),
    ],
)
def test_days_drawn_by_hand(
    day: DaySoFar, level: float, allowance: float, expected: float, passes_in_h: int | None
) -> None:
    found = outlook(day, level)
    assert found.allowance == pytest.approx(allowance)
    assert found.expected_mean == pytest.approx(expected)
    assert found.passed_at == (None if passes_in_h is None else day.now + passes_in_h * HOUR)
    assert found.is_lost == (allowance < 0)


def test_the_end_of_a_day_and_an_unknown_level() -> None:
    over = outlook(_day(24, 91), 200.0)
    assert (over.allowance, over.expected_mean, over.is_lost) == (None, 91.0, False)
    unknown = outlook(_day(12, 80), None)
    assert (unknown.allowance, unknown.passed_at) == (pytest.approx(100.0), None)
    assert outlook(_day(24, 0, count=0), None).expected_mean is None


def test_passing_is_where_a_plain_loop_finds_it() -> None:
    rng = np.random.default_rng(3)
    for _ in range(300):
        n = int(rng.integers(1, 280))
        day = DaySoFar(MIDNIGHT, MIDNIGHT + n * HOUR / 12, float(rng.uniform(60, 100)) * n, n, 300, LIMIT)
        level = float(rng.uniform(40, 200))
        total, count, passed = day.usable_sum, n, None
        for step in range(day.left + 1):
            if total > LIMIT * count and passed is None:
                passed = day.now + step * timedelta(minutes=5)
            elif total <= LIMIT * count:
                passed = None
            total, count = total + level, count + 1
        assert outlook(day, level).passed_at == passed


def test_chances_are_calibrated_and_better_than_persistence() -> None:
    """2,000 simulated days; spread and time constant come from 200 others. The last 15 minutes persist: 0 or 1."""
    days = simulated(2000, 2)
    assert 0.15 < (days.mean(axis=1) > LIMIT).mean() < 0.6, "both outcomes are common"
    for found in calibration(days, simulated(200, 1)):
        assert found.brier < 0.75 * found.brier_of_persistence, found
        assert found.distance < 0.12, found
