"""What a run has shown: each injected event against what was raised and what was told. Pure.

::

    truth      |######slug######|                     pollution is to be told, before its limit if that can be
    alerts          |anomaly----|limit--|
    messages         ×                                told at the first message about any of its alerts
    truth                    |##stuck##|              everything else is to be told to nobody
    alerts                     |fault|                a work item counts as found
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from simulators.labels import GRACE, Injected

_POLLUTION = "pollution"
_QUIET = frozenset({"maintenance", "natural"})
"""Classes that need no work item either: a calibration and rain are what a good day looks like."""
_UNSEEN = frozenset({"duplicates", "network_loss", "clock_skew"})
"""Kinds that the path mends by itself."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert of the run."""

    id: int
    station: str
    parameter: str
    """Empty: of the whole station."""
    rule: str
    kind: str
    since: datetime
    opened_at: datetime
    """By the station's clock; ``since`` is when the condition began."""
    found_at: datetime
    """When it was stored, by our clock."""
    page: bool
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    explanation_vi: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message about alerts of the run that began or grew worse; ends are not counted."""

    id: int
    at: datetime
    """When it was delivered; when it was written, where it was not yet."""
    alerts: tuple[int, ...]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one injected event."""

    event: Injected
    alerts: tuple[Raised, ...]
    """Caused by it, the earliest first."""
    told_at: datetime | None
    messages: int
    crossed_at: datetime | None

    @property
    def to_be_told(self) -> bool:
        """Whether officers have to hear of it."""
        return self.event.cls == _POLLUTION

    @property
    def to_be_found(self) -> bool:
        """Whether it has to become a work item at least."""
        return self.event.cls not in _QUIET and self.event.kind not in _UNSEEN

    @property
    def found_after(self) -> timedelta | None:
        """From its beginning until the first alert."""
        return self.alerts[0].found_at - self.event.start if self.alerts else None

    @property
    def told_after(self) -> timedelta | None:
        """From its beginning until the first message."""
        return None if self.told_at is None else self.told_at - self.event.start

    @property
    def ahead(self) -> timedelta | None:
        """How long before the limit was crossed it was told; negative: afterwards."""
        return None if self.told_at is None or self.crossed_at is None else self.crossed_at - self.told_at

    @property
    def is_right(self) -> bool:
        """Whether the system did with it what it promises."""
        if self.to_be_told:
            return self.told_at is not None
        return self.messages == 0 and (bool(self.alerts) or not self.to_be_found)


@dataclass(frozen=True, slots=True)
class Score:
    """A run against its truth."""

    start: datetime
    end: datetime
    outcomes: tuple[Outcome, ...]
    needless: tuple[Message, ...]
    """Told of nothing that pollutes."""
    stray: tuple[Raised, ...]
    """Alerts that no injected event has caused."""

    @property
    def told(self) -> tuple[int, int]:
        """Pollution events that were told, of how many."""
        mine = [o for o in self.outcomes if o.to_be_told]
        return sum(o.told_at is not None for o in mine), len(mine)

    @property
    def found(self) -> tuple[int, int]:
        """Other events that have to be found and were, of how many."""
        mine = [o for o in self.outcomes if o.to_be_found and not o.to_be_told]
        return sum(bool(o.alerts) for o in mine), len(mine)

    @property
    def median_told_after(self) -> timedelta | None:
        """Half of the pollution that was told was told within it."""
        spans = [o.told_after.total_seconds() for o in self.outcomes if o.to_be_told and o.told_after is not None]
        return timedelta(seconds=median(spans)) if spans else None


def score(
    events: Sequence[Injected],
    alerts: Iterable[Raised],
    messages: Iterable[Message],
    span: tuple[datetime, datetime],
    *,
    grace: timedelta = GRACE,
) -> Score:
    """Return what became of each event that began in a span of time.

    An alert belongs to the events of its station and parameter during which it began to hold, or up to ``grace`` after.
    Where pollution is one of them it is the cause: a limit is crossed by what was in the water.
    """
    start, end = span
    inside = [e for e in events if start <= e.start < end]
    alerts, messages = sorted(alerts, key=lambda a: (a.found_at, a.id)), list(messages)
    caused: dict[int, list[Injected]] = {a.id: _causes(a, inside, grace) for a in alerts}
    outcomes = []
    for event in sorted(inside, key=lambda e: (e.start, e.station, e.kind)):
        mine = tuple(a for a in alerts if event in caused[a.id])
        ids = {a.id for a in mine}
        about = [m for m in messages if ids & set(m.alerts)]
        told_at = min((m.at for m in about), default=None)
        outcomes.append(Outcome(event, mine, told_at, len(about), event.crossed_at))
    polluting = {i for i, causes in caused.items() if any(e.cls == _POLLUTION for e in causes)}
    needless = tuple(m for m in messages if not polluting & set(m.alerts))
    return Score(start, end, tuple(outcomes), needless, tuple(a for a in alerts if not caused[a.id]))


def _causes(alert: Raised, events: Iterable[Injected], grace: timedelta) -> list[Injected]:
    found = [e for e in events if _within(alert, e, grace)]
    polluting = [e for e in found if e.cls == _POLLUTION]
    return polluting or found


def _within(alert: Raised, event: Injected, grace: timedelta) -> bool:
    if alert.station != event.station or alert.since > event.end + grace or alert.opened_at < event.start - grace:
        return False
    of_station = not alert.parameter or event.parameters in ((), ("",))
    return of_station or alert.parameter in event.parameters
