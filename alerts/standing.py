"""What a judged hour or day stands by while revised readings of it wait for an officer. Pure.

An import of limits judges again what stands, not what waits; and a day whose hours were judged before some of their
readings were sent again rests on those hours as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from quantrac.domain.judgements import Bucket, HourOfDay


def exact_mean(usable_sum: Decimal | float, usable_count: int) -> float | None:
    """Return the mean, divided exactly; ``None`` without a usable reading.

    >>> exact_mean(Decimal("1382.4"), 288)
    4.8
    """
    return float(Fraction(usable_sum) / usable_count) if usable_count else None


def standing_bucket(bucket: Bucket, mean: float | None, usable_count: int) -> Bucket | None:
    """Return a bucket as it stands by its finding; ``None`` where its readings say the same."""
    if (exact_mean(bucket.usable_sum, bucket.usable_count), bucket.usable_count) == (mean, usable_count):
        return None
    return _with(bucket, _sum(mean, usable_count), usable_count)


def standing_day(bucket: Bucket, hours: Sequence[HourOfDay]) -> Bucket | None:
    """Return a day that was never judged as its hours stand; ``None`` where their readings say the same."""
    if all(_stands(hour) for hour in hours):
        return None
    total, count, late = Decimal(0), 0, 0
    for hour in hours:
        if _stands(hour):
            total, count, late = total + hour.usable_sum, count + hour.usable_count, late + hour.late_count
        else:  # what was sent again late had been there in time: a day is not made retrospective by that
            total, count = total + _sum(hour.mean, hour.judged_count or 0), count + (hour.judged_count or 0)
    return replace(_with(bucket, total, count), late_count=late)


def _stands(hour: HourOfDay) -> bool:
    if hour.judged_count is None:
        return True
    return (exact_mean(hour.usable_sum, hour.usable_count), hour.usable_count) == (hour.mean, hour.judged_count)


def _sum(mean: float | None, count: int) -> Decimal:
    return Decimal(0) if mean is None else Decimal(repr(mean)) * count


def _with(bucket: Bucket, usable_sum: Decimal, usable_count: int) -> Bucket:
    return replace(bucket, usable_sum=usable_sum, usable_count=usable_count, covered_s=None, gaps=0)
