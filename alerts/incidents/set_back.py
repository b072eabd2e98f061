"""Our own clock was set back: what it had noted lies ahead of now, and is brought back by as much. Pure.

::

    clock      10:00   10:04 | 8:04   8:05   8:11
    noted      paged   10:04 |        stands still: nobody else has noted it, so the clock was set back
    brought back             |        paged at 8:00
    told       first         |               next         ten minutes after the first, as ever

Whoever works notes so twice a minute. A note that lies ahead and moves is of a process at work whose clock differs from
ours: nothing is brought back. One that stands still is our own, or of one that is gone, and says how far our clock is
behind it. Brought back is what counts from an instant that lies ahead itself: what a process or an officer with the
right clock did meanwhile stays as it was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from quantrac.domain.incidents import Incident

LEAST = timedelta(minutes=1)
"""The clocks of the machines of the database and of a step differ by less."""
STILL = timedelta(minutes=1)
"""A note that has not moved for so long is of nobody at work: two turns of who notes that he works."""


class Note(NamedTuple):
    """A note of work that lies ahead of our clock, and since when it was seen, by the monotonic time (s)."""

    at: datetime
    seen_s: float


class Ahead(NamedTuple):
    """How far a note lies ahead of our clock."""

    note: Note
    by: timedelta
    """As of when it was seen first."""
    is_still: bool
    """Whether it has not moved for so long that nobody works who has written it."""


def ahead(known: Note | None, noted_at: datetime | None, now: datetime, now_s: float) -> Ahead | None:
    """Return how far what is noted lies ahead of now; ``None``: it does not.

    Parameters
    ----------
    known
        The note that lay ahead when it was looked at last.
    """
    if noted_at is None:
        return None
    note = known if known is not None and known.at == noted_at else Note(noted_at, now_s)
    still = timedelta(seconds=now_s - note.seen_s)
    by = noted_at - now + still
    return None if by < LEAST else Ahead(note, by, still >= STILL)


def brought_back(incident: Incident, by: timedelta, now: datetime, wait: timedelta) -> Incident:
    """Return an incident of which nothing was done later than now, and what is to come comes after as long a time.

    A snooze counts from the last act of an officer, an escalation from when its last step was told. When the incident
    opened is history, and stays as it was written.

    Parameters
    ----------
    wait
        Of the step of the escalation that was told last.
    """

    def lies_ahead(at: datetime | None) -> bool:
        return at is not None and at - now >= LEAST

    def done(at: datetime | None) -> datetime | None:
        if at is None or at <= now:
            return at
        return min(at - by, now) if lies_ahead(at) else now

    chain = incident.chain
    if chain is not None and chain.due_at is not None and lies_ahead(chain.due_at - wait):
        chain = replace(chain, due_at=chain.due_at - by)
    snoozed_until = incident.snoozed_until
    if snoozed_until is not None and lies_ahead(incident.acted_at):
        snoozed_until -= by
    return replace(
        incident,
        spread_at=done(incident.spread_at) or now,
        acted_at=done(incident.acted_at),
        paged_at=done(incident.paged_at),
        resolved_at=done(incident.resolved_at),
        closed_at=done(incident.closed_at),
        relapses=tuple(done(at) or now for at in incident.relapses),
        snoozed_until=snoozed_until,
        chain=chain,
    )
