"""What officers do to an incident. Pure: an act is done, or refused with a named reason.

::

    open ──► acknowledged ──► snoozed       acknowledge, snooze (comes back by itself)
      ▲            │
      │            ▼
      └──────── resolved ──► closed         by the alerts; by an officer, with a cause
        relapse                             what comes after a closing is another incident
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from quantrac.domain.incidents import Extent, Incident, IncidentCause, IncidentState

LONGEST_SNOOZE = timedelta(days=7)
"""Longer quiet is a maintenance window, which somebody else can see and end."""
MOST_TEXT = 4000
"""Characters of a comment or of the text of a cause."""


class Act(StrEnum):
    """What an officer can do; the word stands in the history."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    COMMENT = "comment"
    CLOSE = "close"
    REOPEN = "reopen"
    ATTACH = "attach"


class Answer(StrEnum):
    """Why an act was done or refused."""

    DONE = "done"
    HELD_BY_OTHER = "held_by_other"
    """Refused: somebody else has acknowledged it; assigning hands it on."""
    HELD_ALREADY = "held_already"
    """Nothing changed: the same person has it."""
    NOT_ACTIVE = "not_active"
    """Refused: it is resolved or closed."""
    CLOSED_ALREADY = "closed_already"
    """Refused: it is closed with another cause, which only reopening takes back."""
    NOT_CLOSED = "not_closed"
    """Refused: only what is closed can be reopened."""
    PAST = "past"
    """Refused: the time lies in the past."""
    TOO_LONG = "too_long"
    """Refused: a snooze lasts a week at most, a text 4,000 characters."""
    UNKNOWN_PERSON = "unknown_person"
    """Refused: it can be handed on to people on call only; others would not hear of it."""
    TEXT_NEEDED = "text_needed"
    """Refused: ``other`` needs words, and so does a comment."""


REFUSED = frozenset(Answer) - {Answer.DONE, Answer.HELD_ALREADY}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The incident after an act, and whether the act was done."""

    incident: Incident
    answer: Answer


def acknowledge(incident: Incident, by: str, now: datetime) -> Outcome:
    """Take an incident; the first one stays, and paging ends."""
    if not incident.is_active:
        return Outcome(incident, Answer.NOT_ACTIVE)
    if incident.state is not IncidentState.OPEN:
        return Outcome(incident, Answer.HELD_ALREADY if incident.holder == by else Answer.HELD_BY_OTHER)
    taken = replace(incident, state=IncidentState.ACKNOWLEDGED, holder=by, acted_at=now, chain=None)
    return Outcome(_claimed(taken, now), Answer.DONE)


def snooze(incident: Incident, by: str, until: datetime, now: datetime) -> Outcome:
    """Put an incident aside until a time; who does so has it. It comes back by itself."""
    if not incident.is_active:
        return Outcome(incident, Answer.NOT_ACTIVE)
    if until <= now:
        return Outcome(incident, Answer.PAST)
    if until - now > LONGEST_SNOOZE:
        return Outcome(incident, Answer.TOO_LONG)
    aside = replace(
        incident,
        state=IncidentState.SNOOZED,
        snoozed_until=until,
        holder=incident.holder or by,
        acted_at=now,
        chain=None,
    )
    return Outcome(_claimed(aside, now), Answer.DONE)


def assign(incident: Incident, to: str, now: datetime) -> Outcome:
    """Hand an incident on; it counts as acknowledged by the one who gets it."""
    if not incident.is_active:
        return Outcome(incident, Answer.NOT_ACTIVE)
    given = replace(incident, state=IncidentState.ACKNOWLEDGED, holder=to, acted_at=now, snoozed_until=None, chain=None)
    return Outcome(_claimed(given, now), Answer.DONE)


def comment(incident: Incident, text: str, now: datetime) -> Outcome:
    """Note a comment; also of a closed incident. Whoever comments has not forgotten."""
    if not text.strip():
        return Outcome(incident, Answer.TEXT_NEEDED)
    if len(text) > MOST_TEXT:
        return Outcome(incident, Answer.TOO_LONG)
    return Outcome(replace(incident, acted_at=now) if incident.is_active else incident, Answer.DONE)


def close(incident: Incident, by: str, cause: IncidentCause, text: str, now: datetime) -> Outcome:
    """End an incident with its cause, also while its alerts are open; the cause of who closed it first stays.

    What comes after is another incident; only a person takes a closing back.
    """
    if cause is IncidentCause.OTHER and not text.strip():
        return Outcome(incident, Answer.TEXT_NEEDED)
    if len(text) > MOST_TEXT:
        return Outcome(incident, Answer.TOO_LONG)
    if incident.state is IncidentState.CLOSED:
        same = (cause, text.strip()) == (incident.cause, incident.cause_text)
        return Outcome(incident, Answer.DONE if same else Answer.CLOSED_ALREADY)
    closed = replace(
        incident,
        state=IncidentState.CLOSED,
        closed_at=now,
        closed_by=by,
        cause=cause,
        cause_text=text.strip(),
        holder=incident.holder or by,
        acted_at=now,
        snoozed_until=None,
        held=False,
        chain=None,
    )
    return Outcome(closed, Answer.DONE)


def reopen(incident: Incident, by: str, now: datetime) -> Outcome:
    """Take back a closing that was a mistake: who does so has the incident, unless its alerts are over."""
    if incident.state is not IncidentState.CLOSED:
        return Outcome(incident, Answer.NOT_CLOSED)
    again = replace(
        incident,
        state=IncidentState.ACKNOWLEDGED if incident.open_members else IncidentState.RESOLVED,
        resolved_at=None if incident.open_members else incident.resolved_at or now,
        closed_at=None,
        closed_by=None,
        cause=None,
        cause_text="",
        holder=by,
        acted_at=now,
    )
    return Outcome(again, Answer.DONE)


def _claimed(incident: Incident, now: datetime) -> Incident:
    """Return the incident as one that is known: who takes what was told to nobody hears of its end.

    Without a severity where it is of work items alone: nothing was told that pages.
    """
    if incident.paged_at is not None:
        return incident
    pages = incident.extent is Extent.OUTAGE or any(m.page for m in incident.members)
    return replace(incident, paged_at=now, paged_severity=incident.severity if pages else None, held=False)
