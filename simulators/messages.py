"""What a logger sends: one message per observation instant, before it is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from quantrac.domain.readings import Status


class Sample(NamedTuple):
    """One parameter's line of a message; ``value`` is ``None`` where the logger sends the line without a value."""

    parameter: str
    value: float | None
    unit: str | None
    """``None``: the unit is left out of the payload, so that the registry's counts."""
    status: Status = Status.MEASURING


@dataclass(frozen=True, slots=True)
class Message:
    """The samples of one station at one instant, and when its logger is able to send them.

    ``observed_at`` is the station's clock (with its skew), ``due_at`` is true time: later than ``observed_at`` when
    the logger had to wait for the network. Both are aware UTC instants.
    """

    station: str
    observed_at: datetime
    due_at: datetime
    samples: tuple[Sample, ...]
    duplicate: bool = False
    """True for an observation that the logger publishes once more, as a new message."""
    backfill: bool = False
    """True for a message that waited in the logger's buffer."""
    clock_offset: timedelta = timedelta()
    """By how much the logger's clock is ahead of true time."""
    exceeding: tuple[str, ...] = ()
    """Parameters that an injected process event has lifted over their limit, in this message."""
