"""How many pages about water were right, by the causes that officers gave. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from quantrac.domain.incidents import Incident, IncidentCause, Topic
from quantrac.domain.stations import VIETNAM, midnight

RIGHT = frozenset({IncidentCause.POLLUTION, IncidentCause.PROCESS_UPSET})
WRONG = frozenset(
    {IncidentCause.SENSOR_FAULT, IncidentCause.CALIBRATION, IncidentCause.COMMUNICATION, IncidentCause.FALSE_ALARM}
)
"""Drills and ``other`` are neither."""
NORMAL_95 = 1.959963984540054
"""Quantile of the normal distribution for 95 %."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The pages about water of a time, and what they were."""

    starts_at: datetime
    ends_at: datetime
    paged: int
    causes: Mapping[IncidentCause, int]
    """Of those that are closed."""

    @property
    def right(self) -> int:
        """Closed as pollution or an upset of the works."""
        return sum(n for cause, n in self.causes.items() if cause in RIGHT)

    @property
    def wrong(self) -> int:
        """Closed as something that nobody had to be paged for."""
        return sum(n for cause, n in self.causes.items() if cause in WRONG)

    @property
    def unclosed(self) -> int:
        """Without a cause so far."""
        return self.paged - sum(self.causes.values())

    @property
    def share(self) -> float | None:
        """Share that was right; ``None`` when none was closed as right or wrong."""
        judged = self.right + self.wrong
        return self.right / judged if judged else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """In which the share lies with 95 %."""
        judged = self.right + self.wrong
        return wilson(self.right, judged) if judged else None


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927, without continuity correction).

    >>> tuple(round(bound, 3) for bound in wilson(10, 10)), tuple(round(bound, 3) for bound in wilson(1, 4))
    ((0.722, 1.0), (0.046, 0.699))
    """
    share, z2 = hits / of, NORMAL_95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = NORMAL_95 * sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def precision(incidents: Iterable[Incident], starts_at: datetime, ends_at: datetime) -> Precision:
    """Return what became of the pages about water whose incidents opened in ``[starts_at, ends_at)``."""
    told = [
        i for i in incidents
        if starts_at <= i.opened_at < ends_at and i.paged_at is not None and i.topic is Topic.WATER
    ]  # fmt: skip
    counted = Counter(i.cause for i in told if i.cause is not None)
    return Precision(
        starts_at, ends_at, len(told), {cause: counted[cause] for cause in IncidentCause if counted[cause]}
    )


def by_week(incidents: Iterable[Incident], weeks: int, now: datetime) -> list[Precision]:
    """Return the same for the running week and those before it (Monday to Monday in Vietnam), the newest first."""
    known = list(incidents)
    starts = [first_of(n + 1, now) for n in range(weeks)]
    return [precision(known, start, start + timedelta(days=7)) for start in starts]


def first_of(weeks: int, now: datetime) -> datetime:
    """Return when the first of so many weeks began, the running one included."""
    return monday_of(now) - timedelta(days=7 * (weeks - 1))


def monday_of(now: datetime) -> datetime:
    """Return when the running week began.

    >>> monday_of(datetime(2026, 11, 25, 3, 0, tzinfo=VIETNAM)).isoformat()
    '2026-11-23T00:00:00+07:00'
    """
    local = now.astimezone(VIETNAM)
    return midnight(local.date()) - timedelta(days=local.weekday())


def as_json(found: Precision) -> dict[str, object]:
    """Return it for programs."""
    return {
        "from": found.starts_at.isoformat(),
        "to": found.ends_at.isoformat(),
        "paged": found.paged,
        "right": found.right,
        "wrong": found.wrong,
        "unclosed": found.unclosed,
        "precision": None if found.share is None else round(found.share, 4),
        "interval_95": None if found.interval is None else [round(bound, 4) for bound in found.interval],
        "causes": {cause.value: n for cause, n in found.causes.items()},
    }
