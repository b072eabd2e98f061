"""The period that a trend or an export shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from quantrac.domain.stations import VIETNAM

LONGEST = timedelta(days=400)
CHOICES = (6, 24, 72, 168, 720, 1440)
"""Hours that are offered; the last are sixty days."""
POINTS = 600
"""Buckets of a curve: more than a telephone's screen has columns, and as many as a wall's needs."""


@dataclass(frozen=True, slots=True)
class Period:
    """Half open: ``until`` is outside."""

    since: datetime
    until: datetime

    @property
    def width(self) -> timedelta:
        """Length of a bucket: a second at least."""
        return max(timedelta(seconds=1), (self.until - self.since) / POINTS)


def period_of(hours: str, since: str, until: str, now: datetime) -> Period | None:
    """Return the period of what a form says: from and to in Vietnam's time, else so many hours until now.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 23, 5, tzinfo=UTC)
    >>> period_of("24", "", "", noon).until - period_of("24", "", "", noon).since
    datetime.timedelta(days=1)
    >>> period_of("", "2026-11-01T00:00", "2026-11-02T00:00", noon).since.isoformat()
    '2026-11-01T00:00:00+07:00'
    >>> period_of("x", "", "", noon), period_of("", "2026-11-02T00:00", "2026-11-01T00:00", noon)
    (None, None)
    """
    try:
        if since and until:
            start = datetime.fromisoformat(since).replace(tzinfo=VIETNAM)
            end = datetime.fromisoformat(until).replace(tzinfo=VIETNAM)
        else:
            end = now + timedelta(seconds=1)
            start = end - timedelta(hours=min(float(hours or 24), LONGEST / timedelta(hours=1)))
    except (ValueError, OverflowError):
        return None
    return Period(start, end) if timedelta(0) < end - start <= LONGEST else None
