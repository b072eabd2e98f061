"""From a limit and the fractions of a rule's steps to numbers that a reading is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alerts.rules import Rule
from quantrac.domain.limits import Limit
from quantrac.domain.parameters import Harm, harm_of

_Range = tuple[float, float]
"""A reading at or below the first number, or at or above the second, is outside."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Ranges of one rule at one sensor, the mildest step first; ``hold`` has the clear thresholds."""

    limit: Limit
    reach: tuple[_Range, ...]
    hold: tuple[_Range, ...]

    def level(self, value: float) -> int:
        """Return the highest step that a value reaches, counted from 1; 0: none."""
        return _highest(self.reach, value)

    def holds(self, value: float) -> int:
        """Return the highest step whose clear threshold a value has not passed, counted from 1; 0: none."""
        return _highest(self.hold, value)

    def measure(self, value: float) -> float:
        """Return how bad a value is: the share of the limit, 1.0 at the limit itself."""
        return share_of_limit(self.limit, value)


def thresholds(limit: Limit, rule: Rule) -> Thresholds:
    """Return the thresholds of a rule of kind limit.

    A fraction counts from zero for a maximum (80 % of 90 mg/L is 72), is the divisor of a minimum (a DO of 5 mg/L has
    its 80 % at 6.25), and counts from the middle of a range that has both ends (pH 6–9 has its 80 % at 6.3 and 8.7: a
    tenth of its width inside each end). At fraction 1.0 a reading must be beyond the limit, below it may be equal.
    """
    fractions = [step.fraction or 1.0 for step in rule.steps]
    clears = [step.clear or step.fraction or 1.0 for step in rule.steps]
    reach = tuple(_range(limit, fraction) for fraction in fractions)
    return Thresholds(limit, reach, tuple(_range(limit, fraction) for fraction in clears))


def share_of_limit(limit: Limit, value: float) -> float:
    """Return how much of a limit a value uses; above 1.0 it is beyond.

    >>> share_of_limit(Limit("COD", "mg/L", None, 90.0, ""), 99.0)
    1.1
    >>> share_of_limit(Limit("pH", "", 6.0, 9.0, ""), 6.3), share_of_limit(Limit("DO", "mg/L", 5.0, None, ""), 4.0)
    (0.8, 1.25)
    """
    low, high = limit.minimum, limit.maximum
    if low is not None and high is not None:
        return round(abs(value - (low + high) / 2) / ((high - low) / 2), 9)
    if high is not None:
        return round(value / high, 9) if high > 0 else math.inf if value > high else 0.0
    if low is not None:
        return round(low / value, 9) if value > 0 else math.inf
    return 0.0


def harm_measure(parameter: str, value: float, limit: Limit | None, expected: float) -> float:
    """Return how bad a value is for the water, for comparing the values of one sensor; larger is worse.

    Parameters
    ----------
    expected
        What the sensor usually shows, in its unit; counts for parameters that have no polluting side of their own.

    >>> harm_measure("COD", 309.9, None, 50.0) > harm_measure("COD", 54.7, None, 50.0)
    True
    >>> harm_measure("DO", 1.5, None, 6.0) > harm_measure("DO", 4.0, None, 6.0)
    True
    """
    if limit is not None:
        return share_of_limit(limit, value)
    harm = harm_of(parameter)
    if harm is Harm.HIGH:
        return value
    if harm is Harm.LOW:
        return -value
    return abs(value - expected)


def exceeds(limit: Limit, value: float) -> bool:
    """Whether a value is beyond a limit; equal to it is within.

    >>> limit = Limit("pH", "", 6.0, 9.0, "")
    >>> [exceeds(limit, ph) for ph in (5.99, 6.0, 9.0, 9.01)]
    [True, False, False, True]
    """
    return (limit.maximum is not None and value > limit.maximum) or (
        limit.minimum is not None and value < limit.minimum
    )


def _range(limit: Limit, fraction: float) -> _Range:
    low, high = limit.minimum, limit.maximum
    if fraction == 1.0:
        return (
            -math.inf if low is None else math.nextafter(low, -math.inf),
            math.inf if high is None else math.nextafter(high, math.inf),
        )
    if low is not None and high is not None:
        middle, half = (low + high) / 2, (high - low) / 2 * fraction
        return _tidy(middle - half), _tidy(middle + half)
    return (
        -math.inf if low is None else _tidy(low / fraction),
        math.inf if high is None else _tidy(high * fraction),
    )


def _tidy(value: float) -> float:
    """Return a product without the noise of binary fractions: 0.8 × 121.5 is 97.2."""
    return float(f"{value:.12g}")


def _highest(ranges: tuple[_Range, ...], value: float) -> int:
    for index in range(len(ranges) - 1, -1, -1):
        low, high = ranges[index]
        if value >= high or value <= low:
            return index + 1
    return 0
