"""Rows that a report is made of, as they were known at one instant: later readings, revisions and findings undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.revisions import PendingCause, PendingState


@dataclass(frozen=True, slots=True)
class HourRow:
    """What one sensor measured in one hour, in the sensor's unit."""

    parameter: str
    start: datetime
    usable_sum: Decimal
    """Exact: the same whatever the order of arrival."""
    usable_count: int
    total_count: int
    late_count: int
    """Readings that came more than half an hour after they were measured."""
    minimum: float | None
    maximum: float | None
    beyond_count: int
    """Usable readings beyond the limit by which the hour was judged."""


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """The finding for one hour or day, with the limit by which it was judged."""

    parameter: str
    window: Window
    start: datetime
    mean: float | None
    verdict: Verdict
    limit_minimum: float | None
    limit_maximum: float | None
    limit_source: str | None
    ratio: float | None
    exceedance_class: int | None
    usable_count: int
    expected: int
    retrospective: bool


@dataclass(frozen=True, slots=True)
class StatusRow:
    """Consecutive readings of a sensor for which its logger said the same of the instrument, other than measuring."""

    parameter: str
    status: str
    first: datetime
    last: datetime
    readings: int


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A stretch of which no reading of the station was known."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A reading for which another number came later; ``partition`` and ``offset`` lead to the message that did it."""

    parameter: str
    observed_at: datetime
    old_value: float | None
    old_status: str
    new_value: float | None
    new_status: str
    replaced_at: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class PendingRow:
    """What a judged hour or day would be by revised readings, and what an officer had decided of it until then."""

    parameter: str
    window: Window
    start: datetime
    standing_mean: float | None
    standing_verdict: Verdict
    mean: float | None
    verdict: Verdict
    revised_readings: int
    cause: PendingCause
    state: PendingState
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert and what was known of it; ``parameter`` is empty for an alert of the whole station."""

    id: int
    parameter: str
    rule: str
    severity: str
    """The highest one until then."""
    since: datetime
    told_at: datetime | None
    """When the first notification was delivered."""
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    value: float | None
    """At the opening."""
    worst: float | None
    """Of an alert that has ended by then."""
    limit_maximum: float | None
    limit_minimum: float | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """Of one sensor on one day: readings expected by its cadence, and how many of them were received and usable.

    Received and usable count the time that they cover: more readings in an hour than the cadence makes count as full.
    """

    station: str
    parameter: str
    day: date
    expected: float
    received: float
    usable: float


@dataclass(frozen=True, slots=True)
class StationRows:
    """Everything that a report of one station needs."""

    hours: tuple[HourRow, ...] = ()
    judged: tuple[JudgedRow, ...] = ()
    statuses: tuple[StatusRow, ...] = ()
    silences: tuple[SilenceRow, ...] = ()
    revisions: tuple[RevisionRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()
    pending: tuple[PendingRow, ...] = ()
