"""Judgements: the mean of a closed hour or day, held against the limit that was in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from quantrac.domain.limits import Window


class Verdict(StrEnum):
    """What a judgement found."""

    WITHIN = "within"
    EXCEEDED = "exceeded"
    INCOMPLETE = "incomplete"
    """Too few usable readings for a valid mean."""
    NO_LIMIT = "no_limit"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Sums and counts of one sensor in one hour or day; ``expected`` is how many readings its cadence makes."""

    station: str
    parameter: str
    window: Window
    start: datetime
    end: datetime
    usable_sum: Decimal | float
    """Exact where it comes from the database: the mean is divided exactly."""
    usable_count: int
    total_count: int
    late_count: int
    minimum: float | None
    maximum: float | None
    expected: int
    covered_s: float | None = None
    """Time that the usable readings cover, each at most one cadence; ``None``: not measured, each covers one."""
    gaps: int = 0
    """How often it took more than one and a half cadences until the next usable reading."""
    rejudged: bool = False
    """It was judged before, and an import changed what limits it since."""


@dataclass(frozen=True, slots=True)
class HourOfDay:
    """What the readings of an hour sum to, and the mean and count by which it was judged."""

    usable_sum: Decimal
    usable_count: int
    late_count: int
    mean: float | None
    judged_count: int | None
    """``None``: it was not judged yet."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The finding for one bucket.

    ``ratio`` is mean over maximum and ``exceedance_class`` 1..6 the class of NĐ 45/2022/NĐ-CP, Điều 18: a reference for
    officers, never a fine. ``retrospective`` is true when the finding rests on readings of the late lane.
    """

    bucket: Bucket
    verdict: Verdict
    mean: float | None
    limit_minimum: float | None
    limit_maximum: float | None
    limit_source: str | None
    ratio: float | None
    exceedance_class: int | None
    retrospective: bool
    judged_at: datetime
