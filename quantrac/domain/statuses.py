"""One status a station, in the words and colours of Envisoft, which the centre's staff know, and from what it follows.

Tendency and preparing, 80 and 90 % of the maximum, are practice and no rule of law; pH has no such share.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quantrac.domain.words import Bilingual

OFFLINE_AFTER = timedelta(minutes=15)
"""Envisoft's ``time_count_offline``; three readings of a station that reports more seldom."""
TENDENCY_SHARE, PREPARING_SHARE = 0.8, 0.9


class StationStatus(StrEnum):
    """How a station is, the one thing that matters most."""

    GOOD = "good"
    TENDENCY = "tendency"
    PREPARING = "preparing"
    EXCEED = "exceed"
    ADJUSTING = "adjusting"
    ERROR = "error"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class StatusLook:
    """A status as people see it: never by its colour alone."""

    text: Bilingual
    color: str
    urgency: int
    """The most urgent first in a list: 0 is the most."""


LOOKS = {
    StationStatus.EXCEED: StatusLook(Bilingual("Vượt ngưỡng", "EXCEED"), "#EA3223", 0),
    StationStatus.ERROR: StatusLook(Bilingual("Lỗi thiết bị", "ERROR"), "#ff7e00", 1),
    StationStatus.OFFLINE: StatusLook(Bilingual("Mất tín hiệu", "OFFLINE"), "#999999", 2),
    StationStatus.PREPARING: StatusLook(Bilingual("Chuẩn bị vượt", "PREPARING"), "#F08432", 3),
    StationStatus.TENDENCY: StatusLook(Bilingual("Xu hướng vượt", "TENDENCY"), "#F1D748", 4),
    # Envisoft's is called purple without a number.
    StationStatus.ADJUSTING: StatusLook(Bilingual("Hiệu chuẩn", "ADJUSTING"), "#8e44ad", 5),
    StationStatus.GOOD: StatusLook(Bilingual("Tốt", "GOOD"), "#1dce6c", 6),
}


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What a station's status follows from; readings of the last day count."""

    last_received_at: datetime | None
    slowest_s: float | None
    """Cadence of its slowest sensor."""
    exceeds: bool
    """A latest reading, usable, is outside of its limits."""
    faulty: bool
    """A sensor says 02."""
    adjusting: bool
    """A sensor says 01."""
    share: float
    """The greatest latest value over its maximum."""
    alert_exceeds: bool
    """A grave alert of a limit is open."""
    alert_faulty: bool


def status_of(facts: StatusFacts, now: datetime) -> StationStatus:
    """Return a station's status; what comes first here prevails.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 23, tzinfo=UTC)
    >>> status_of(StatusFacts(at, 300, False, False, False, 0.85, False, False), at).value
    'tendency'
    """
    patience = max(OFFLINE_AFTER, timedelta(seconds=3 * (facts.slowest_s or 0)))
    if facts.last_received_at is None or facts.last_received_at < now - patience:
        return StationStatus.OFFLINE
    if facts.exceeds or facts.alert_exceeds:
        return StationStatus.EXCEED
    if facts.faulty or facts.alert_faulty:
        return StationStatus.ERROR
    if facts.adjusting:
        return StationStatus.ADJUSTING
    if facts.share >= PREPARING_SHARE:
        return StationStatus.PREPARING
    return StationStatus.TENDENCY if facts.share >= TENDENCY_SHARE else StationStatus.GOOD
