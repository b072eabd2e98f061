"""The compliance clock on days drawn by hand, and its calibration on simulated ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reports.clock import DaySoFar, chance_beyond, outlook

MIDNIGHT = datetime(2026, 11, 1, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT = 90.0


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
    """2,000 simulated days: a wandering level, a daily wave, and on one day in ten a slug. The clock knows none of it.

    Spread and time constant are estimated from 200 other days. The last 15 minutes persist: 0 or 1.
    """
    past, days = _simulate(200, 1), _simulate(2000, 2)
    hourly = past.reshape(200, 24, 12).mean(axis=2)
    spread = float(np.median(hourly.std(axis=1)))
    deviation = hourly - hourly.mean(axis=1, keepdims=True)
    correlation = float(np.median((deviation[:, 1:] * deviation[:, :-1]).mean(axis=1) / (deviation**2).mean(axis=1)))
    constant = -1 / np.log(correlation)
    beyond = days.mean(axis=1) > LIMIT
    assert 0.15 < beyond.mean() < 0.6, "both outcomes are common"
    for hour in (8, 12, 16, 20):
        chances, persists = np.empty(len(days)), np.empty(len(days))
        for index, values in enumerate(days):
            seen = values[: hour * 12]
            day = DaySoFar(MIDNIGHT, MIDNIGHT + hour * HOUR, float(seen.sum()), len(seen), 300, LIMIT)
            chances[index] = chance_beyond(day, float(seen[-12:].mean()), spread, constant)
            expected = outlook(day, float(seen[-3:].mean())).expected_mean
            persists[index] = expected is not None and expected > LIMIT
        brier, of_persistence = (float(np.mean((p - beyond) ** 2)) for p in (chances, persists))
        assert brier < 0.75 * of_persistence, f"hour {hour}: Brier {brier:.3f}, persistence {of_persistence:.3f}"
        assert _calibration_error(chances, beyond) < 0.12


def _calibration_error(chances: np.ndarray, beyond: np.ndarray) -> float:
    """Return the mean distance of chance and frequency over five bins, weighted by the days in each."""
    bins = np.minimum((chances * 5).astype(int), 4)
    distances = [
        abs(float(chances[bins == n].mean() - beyond[bins == n].mean())) * float((bins == n).mean())
        for n in range(5)
        if (bins == n).any()
    ]
    return sum(distances)


def _simulate(count: int, seed: int) -> np.ndarray:
    """Return days of readings every five minutes: a level for each day, a wave, an AR(1), noise, slugs."""
    rng = np.random.default_rng(seed)
    rho = np.exp(-5 / 180)
    shocks = rng.normal(size=(count, 288)) * 12 * np.sqrt(1 - rho**2)
    wander = np.empty((count, 288))
    wander[:, 0] = rng.normal(size=count) * 12
    for step in range(1, 288):
        wander[:, step] = rho * wander[:, step - 1] + shocks[:, step]
    wave = 6 * np.sin(2 * np.pi * (np.arange(288) / 288 - 0.3))
    level = rng.normal(86, 6, size=(count, 1))
    values = level + wave + wander + rng.normal(size=(count, 288)) * 2
    for index in np.flatnonzero(rng.random(count) < 0.1):
        begin = int(rng.integers(0, 250))
        values[index, begin : begin + 24] += 60
    return np.maximum(values, 0)
