"""Our own clock was set back: what it had noted lies ahead of now, and is brought back by as much. Pure.

::

    clock      10:00   10:04 | 8:04    8:11
    noted      paged         |                     the next one is told at 10:10, which is two hours and six minutes off
    brought back             | paged at 8:00
    told       first         |         next        ten minutes after the first, as ever

The step notes twice a minute when it worked last. A note that lies ahead says that the clock was set back, and by how
much, to half a minute; what is due is told up to so much later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from quantrac.domain.incidents import Incident

LEAST = timedelta(minutes=1)
"""The clocks of the machines of the database and of a step differ by less."""


def set_back_by(noted_at: datetime | None, now: datetime) -> timedelta | None:
    """Return by how much the clock was set back since it was noted; ``None``: it was not."""
    return None if noted_at is None or noted_at - now < LEAST else noted_at - now


def brought_back(incident: Incident, by: timedelta, now: datetime) -> Incident:
    """Return an incident of which nothing was done later than now, and what is to come comes after as long a time.

    When it opened is history, and stays as it was written.
    """

    def done(at: datetime | None) -> datetime | None:
        return at if at is None or at <= now else min(at - by, now)

    chain = incident.chain
    if chain is not None and chain.due_at is not None and chain.due_at > now:
        chain = replace(chain, due_at=chain.due_at - by)
    snoozed_until = incident.snoozed_until
    return replace(
        incident,
        spread_at=done(incident.spread_at) or now,
        acted_at=done(incident.acted_at),
        paged_at=done(incident.paged_at),
        resolved_at=done(incident.resolved_at),
        closed_at=done(incident.closed_at),
        relapses=tuple(done(at) or now for at in incident.relapses),
        snoozed_until=snoozed_until - by if snoozed_until is not None and snoozed_until > now else snoozed_until,
        chain=chain,
    )
