"""How many messages about one station a recipient gets: what is more is held back, and told in a digest. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from quantrac.domain.alerts import GRAVITY, Transition, TransitionKind
from quantrac.domain.notifications import Told


@dataclass(frozen=True, slots=True)
class PagingBudget:
    """Practice, not law: an officer who gets a hundred messages in a minute reads none of them."""

    messages: int = 10
    """To one recipient about one station within ``per``. An incident that moves all of a station's sensors fits in."""
    per: timedelta = timedelta(hours=1)
    digest_after: timedelta = timedelta(minutes=5)
    """For how long the oldest message has been held back when a digest tells of it."""
    digest_every: timedelta = timedelta(minutes=30)
    """Least time between two digests about one station to one recipient."""


def holds_back(budget: PagingBudget, lately: Told, transition: Transition) -> bool:
    """Whether a message is held back from a recipient who was told so much of the station.

    What is more severe than everything told lately goes out in any case: many small alerts must not hide a grave one.
    The end of an alert whose beginning was held back is held back as well.
    """
    if lately.held and transition.kind is TransitionKind.RESOLVED:
        return True
    if lately.messages < budget.messages:
        return False
    worst = max((GRAVITY[s] for s in lately.severities), default=-1)
    return transition.kind is TransitionKind.RESOLVED or GRAVITY[transition.severity] <= worst
