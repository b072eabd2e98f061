"""When a process showed last that it runs, by our own clock: what it notes moves, whatever its clock says. Pure.

::

    our clock         10:00    10:01    10:02    10:03    10:04
    it has noted      10:06    10:07    10:08    10:08    10:08     its clock is six minutes ahead, and it ends at 10:02
    it showed so at   10:00    10:01    10:02    10:02    10:02
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class Pulse(NamedTuple):
    """What a process has noted, and when that moved last."""

    noted_at: datetime | None
    """By the clock of the process; ``None``: never."""
    moved_s: float
    """By our monotonic time, which no setting of a clock moves."""


def felt(known: Pulse | None, noted_at: datetime | None, now: datetime, now_s: float) -> Pulse:
    """Return the pulse after a look.

    The first look has nothing but the instant: one that lies ahead counts as of now, and must move from then on.

    Parameters
    ----------
    known
        The pulse of the look before; ``None`` at the first.
    """
    if known is not None:
        return known if known.noted_at == noted_at else Pulse(noted_at, now_s)
    age = timedelta(0) if noted_at is None else max(now - noted_at, timedelta(0))
    return Pulse(noted_at, now_s - age.total_seconds())


def shown_at(pulse: Pulse, now: datetime, now_s: float) -> datetime | None:
    """Return when the process showed last that it runs, by our clock; never later than now."""
    return None if pulse.noted_at is None else now - timedelta(seconds=now_s - pulse.moved_s)
