"""Findings that wait for an officer because readings of a judged hour or day were revised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window


class PendingState(StrEnum):
    """What became of a pending judgement."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    """Another one took its place, or the station took its revision back."""


class PendingCause(StrEnum):
    """Why a finding waits instead of counting."""

    REVISED = "revised"
    """Readings were sent again with other numbers after the hour or day was judged."""
    SOFTENED = "softened"
    """Other readings came that soften an exceedance."""


@dataclass(frozen=True, slots=True)
class PendingJudgement:
    """What a judged hour or day would be; the standing finding counts until an officer decides."""

    id: int
    station: str
    parameter: str
    window: Window
    start: datetime
    cause: PendingCause
    revised_readings: int
    standing_mean: float | None
    standing_verdict: Verdict
    mean: float | None
    verdict: Verdict
    limit_maximum: float | None
    found_at: datetime
    state: PendingState = PendingState.WAITING
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision_reason: str | None = None


@dataclass(frozen=True, slots=True)
class PendingGroup:
    """What of one station and parameter waits."""

    station: str
    parameter: str
    start: datetime
    end: datetime
    hours: int
    days: int
    readings: int
    newest: int
    """The greatest number among them: what comes later is not decided with them."""
    changes: tuple[tuple[Verdict, Verdict, int], ...]
    """Standing verdict, revised verdict and how many findings, the most first."""


@dataclass(frozen=True, slots=True)
class RevisedReading:
    """A reading that was sent again; ``partition`` and ``offset`` lead to the message that did it, in the raw topic."""

    parameter: str
    observed_at: datetime
    old_value: float | None
    old_status: str
    value: float | None
    status: str
    replaced_at: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class StationRevisions:
    """What of one station waits, and how many readings it sent again lately."""

    station: str
    waiting: int
    softened: int
    """Of those that wait: an exceedance that would be none, or a lesser one."""
    made_harmless: int
    """Readings beyond a limit, told as an alert, that were sent again within it."""
    revised_readings: int
    since: datetime
