"""By which of their ways a person is told, and when: pure.

A channel counts once its owner has returned the code that was sent there. One whose messages are refused is marked as
failing and stands behind the others, but is still tried when it is the only one left.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.oncall.duty import within_hours
from quantrac.domain.alerts import Severity
from quantrac.domain.oncall import ContactChannel, ContactKind, Person, QuietHours
from quantrac.domain.stations import VIETNAM

CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=15)
MOST_TRIES = 5
"""Wrong codes; a guess then hits with a probability of 5 in a million."""


class Way(StrEnum):
    """Why a person is told as they are."""

    AT_ONCE = "at_once"
    AFTER_QUIET_HOURS = "after_quiet_hours"
    ONLY_FAILING = "only_failing"
    """All channels fail; they are tried nevertheless."""
    NO_CHANNEL = "no_channel"
    """Not told: no channel is verified."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One message to one channel."""

    channel: ContactChannel
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """How a person is told; empty when no channel is verified."""

    way: Way
    messages: tuple[Planned, ...] = ()


def plan(person: Person, severity: Severity, now: datetime) -> Plan:
    """Return by which channels a person is told, and when each is due.

    The first channel that works begins at once: nobody waits for the delay of one that is out of order.
    """
    order = ordered(person.channels)
    if not order:
        return Plan(Way.NO_CHANNEL)
    begin = _after_quiet(person.quiet, severity, now)
    messages = tuple(Planned(c, begin + max(c.delay - order[0].delay, timedelta(0))) for c in order)
    if begin > now:
        return Plan(Way.AFTER_QUIET_HOURS, messages)
    return Plan(Way.ONLY_FAILING if order[0].failing_since is not None else Way.AT_ONCE, messages)


def ordered(channels: Iterable[ContactChannel]) -> tuple[ContactChannel, ...]:
    """Return the channels that count, in their owner's order; failing ones only where nothing else is left."""
    verified = sorted((c for c in channels if c.is_verified), key=lambda c: (c.position, c.id))
    working = tuple(c for c in verified if c.failing_since is None)
    return working or tuple(verified)


def only_telegram(channels: Iterable[ContactChannel]) -> bool:
    """Whether a person is reached by Telegram alone, which is blocked in Vietnam at times."""
    return {c.kind for c in ordered(channels)} == {ContactKind.TELEGRAM}


class CodeAnswer(StrEnum):
    """What becomes of a code that somebody returns."""

    VERIFIED = "verified"
    WRONG = "wrong"
    EXPIRED = "expired"
    TOO_MANY_TRIES = "too_many_tries"
    NONE_SENT = "none_sent"


@dataclass(frozen=True, slots=True)
class SentCode:
    """What is kept of a code that was sent to a channel: never the code."""

    digest: str
    expires_at: datetime
    tries: int = 0


def new_code(channel: int, number: int, now: datetime) -> tuple[str, SentCode]:
    """Return the code to be sent, made of a random number below a million, and what is kept of it.

    >>> new_code(7, 42, datetime(2026, 11, 23))[0]
    '000042'
    """
    code = f"{number:0{CODE_DIGITS}d}"
    return code, SentCode(_digest(channel, code), now + CODE_LASTS)


def check_code(channel: int, sent: SentCode | None, given: str, now: datetime) -> CodeAnswer:
    """Return whether a code proves that its sender reads the channel."""
    if sent is None:
        return CodeAnswer.NONE_SENT
    if sent.tries >= MOST_TRIES:
        return CodeAnswer.TOO_MANY_TRIES
    if now >= sent.expires_at:
        return CodeAnswer.EXPIRED
    right = hmac.compare_digest(sent.digest, _digest(channel, given.strip()))
    return CodeAnswer.VERIFIED if right else CodeAnswer.WRONG


def _digest(channel: int, code: str) -> str:
    return hashlib.sha256(f"{channel}:{code}".encode()).hexdigest()


def _after_quiet(quiet: QuietHours | None, severity: Severity, now: datetime) -> datetime:
    if quiet is None or severity not in quiet.severities or not within_hours(quiet.starts, quiet.ends, now):
        return now
    end = datetime.combine(now.astimezone(VIETNAM).date(), quiet.ends, VIETNAM)
    return end if end > now else end + timedelta(days=1)
