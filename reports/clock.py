"""The compliance clock: what the rest of a day may still bring, and when its mean is beyond the limit for good. Pure.

A day's mean counts by its usable readings. With ``n`` of ``N`` in and a sum ``s``, the rest may have the mean
``(limit × N - s) / (N - n)``; at a constant level ``v`` above the limit the day's mean passes the limit where
``s + v × m = limit × (n + m)``. What is missing is taken as missing for good: only readings that came count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class DaySoFar:
    """A sensor's calendar day until now, in the unit of its limit."""

    start: datetime
    now: datetime
    usable_sum: float
    usable_count: int
    cadence_s: float
    maximum: float
    """Limit of the daily mean."""

    @property
    def left(self) -> int:
        """Readings that the day still brings at this cadence."""
        remaining = self.start + timedelta(days=1) - self.now
        return max(math.floor(remaining.total_seconds() / self.cadence_s), 0)

    @property
    def mean(self) -> float | None:
        """Mean so far."""
        return self.usable_sum / self.usable_count if self.usable_count else None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a day comes to if a level holds."""

    allowance: float | None
    """Highest mean that the rest of the day may have; below zero: no rest can mend it. ``None``: nothing is left."""
    expected_mean: float | None
    """Mean of the whole day if the level holds; ``None`` without any reading."""
    passed_at: datetime | None
    """When the mean so far passes the limit if the level holds and stays beyond; now, if it is beyond and stays so."""

    @property
    def is_lost(self) -> bool:
        """Whether no level that can be measured brings the day within its limit again."""
        return self.allowance is not None and self.allowance < 0


def outlook(day: DaySoFar, level: float | None) -> Outlook:
    """Return the outlook of a day if ``level``, such as the mean of the last hour, holds; ``None``: it is not known.

    A limit of 90, half a day of 12 hourly readings with mean 100: the other 12 may have 80.

    >>> from datetime import UTC
    >>> midnight = datetime(2026, 11, 2, tzinfo=UTC)
    >>> half = DaySoFar(midnight, midnight + timedelta(hours=12), 1200.0, 12, 3600, 90.0)
    >>> outlook(half, 70.0).allowance, outlook(half, 70.0).expected_mean
    (80.0, 85.0)
    """
    total = day.usable_count + day.left
    allowance = (day.maximum * total - day.usable_sum) / day.left if day.left else None
    if level is None or not total:
        return Outlook(allowance, day.mean, None)
    expected = (day.usable_sum + level * day.left) / total
    return Outlook(allowance, expected, _passed_at(day, level) if expected > day.maximum else None)


def _passed_at(day: DaySoFar, level: float) -> datetime:
    """Return when the mean so far goes beyond the limit, of a day that ends beyond it."""
    room = day.maximum * day.usable_count - day.usable_sum
    if room < 0 or level <= day.maximum:
        return day.now
    readings = math.floor(room / (level - day.maximum) + 1e-9) + 1
    return day.now + timedelta(seconds=readings * day.cadence_s)


def chance_beyond(day: DaySoFar, level: float, spread: float, hours: float) -> float:
    """Return how likely the day's mean ends beyond the limit, 0..1.

    The level is taken to wander: what the rest of the day brings on average is normal around ``level`` drawn towards
    the mean so far, the farther the rest reaches.

    Parameters
    ----------
    spread
        Standard deviation of the station's hourly means within a day, in the limit's unit.
    hours
        How long a level lasts before it has lost two thirds of its difference to the mean (time constant).
    """
    total = day.usable_count + day.left
    if not day.left or day.mean is None:
        return float(day.mean is not None and day.mean > day.maximum)
    rest_h = day.left * day.cadence_s / 3600
    held = (1 - math.exp(-rest_h / hours)) * hours / rest_h
    rest = day.mean + (level - day.mean) * held
    expected = (day.usable_sum + rest * day.left) / total
    deviation = spread * math.sqrt(_variance_of_mean(rest_h, hours)) * day.left / total
    if deviation <= 0:
        return float(expected > day.maximum)
    return 0.5 * math.erfc((day.maximum - expected) / (deviation * math.sqrt(2)))


def _variance_of_mean(rest_h: float, hours: float) -> float:
    """Return the variance of the mean over ``rest_h`` of a stationary process that starts at a known level.

    Of an Ornstein-Uhlenbeck process with variance 1 and time constant ``hours``, given its start.
    """
    x = rest_h / hours
    return 2 / x - (3 - 4 * math.exp(-x) + math.exp(-2 * x)) / x**2
