"""What an incident is about: its alerts by station and parameter, so that each is told once, what lasts first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.explanations import judged, last_paged
from alerts.figures import against
from alerts.thresholds import exceeds, share_of_limit
from quantrac.domain.alerts import GRAVITY, AlertKind, Assessment, Severity
from quantrac.domain.limits import Limit
from quantrac.domain.words import Bilingual
from sql.reports import AlertLine

UnitOf = Callable[[str, str], str]
"""The unit of a sensor, by station and parameter; the empty text where it has none."""
_OF_WATER = (AlertKind.LIMIT, AlertKind.ANOMALY)


@dataclass(frozen=True, slots=True)
class Matter:
    """One parameter of one station, or a station as a whole: its alerts, the one that says most first."""

    station: str
    parameter: str
    alerts: tuple[AlertLine, ...]
    unit: str

    @property
    def lead(self) -> AlertLine:
        """The alert that is shown whole."""
        return self.alerts[0]

    @property
    def is_open(self) -> bool:
        """Whether any of its alerts is open."""
        return any(a.resolved_at is None for a in self.alerts)

    @property
    def over_at(self) -> datetime | None:
        """When the last of its alerts was over; ``None`` while one is open."""
        return None if self.is_open else max(a.resolved_at for a in self.alerts if a.resolved_at is not None)

    @property
    def worst(self) -> AlertLine | None:
        """The alert about the water with the worst value, farthest over its limit where it has one.

        What a stuck probe shows, or the number of an open door, is no worst value.
        """
        valued = [a for a in self.alerts if a.peak_value is not None and a.kind in _OF_WATER]
        return max(valued, key=_share, default=None)

    @property
    def limit(self) -> Limit | None:
        """The limit of the worst value."""
        worst = self.worst
        return None if worst is None else _limit(worst, self.unit)

    @property
    def exceeds(self) -> bool:
        """Whether the worst value is beyond its limit."""
        worst, limit = self.worst, self.limit
        value = None if worst is None else worst.peak_value
        return value is not None and limit is not None and exceeds(limit, value)

    @property
    def figures(self) -> Bilingual | None:
        """The worst value against its limit, as a mail's subject has it; ``None`` without a value."""
        worst = self.worst
        return None if worst is None else against(self.parameter, worst.peak_value, self.unit, self.limit)

    @staticmethod
    def judged(alert: AlertLine) -> Bilingual | None:
        """Return what the model takes one alert for, and what it was paged as; ``None``: it has named nothing."""
        found = alert.assessment
        return None if found is None else judged(found, alert.paged_as, over=alert.resolved_at is not None)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model takes a station for, how sure it is, and why.

    All of its parameters share it; where they do not, ``parameter`` has it.
    """

    station: str
    parameter: str
    words: Bilingual
    reasons: tuple[Bilingual, ...]


def matters(alerts: Iterable[AlertLine], unit_of: UnitOf) -> tuple[Matter, ...]:
    """Return alerts by what they are about: what is open and told first, then what is farthest beyond its limit."""
    found: dict[tuple[str, str], list[AlertLine]] = {}
    for alert in alerts:
        found.setdefault((alert.station, alert.parameter), []).append(alert)
    every = [Matter(s, p, tuple(_in_order(some)), unit_of(s, p) if p else "") for (s, p), some in found.items()]
    return tuple(sorted(every, key=_rank))


def judgements(
    matters: Iterable[Matter], rivers: Container[str], relapses: Iterable[datetime] = ()
) -> tuple[Judgement, ...]:
    """Return each class that the model takes a station for once, as the mails do.

    In ``rivers`` nobody discharges; ``relapses`` are when the incident was open again. What is over says nothing of
    what lasts. A reason that stands in the explanation of a matter is left out.
    """
    every = tuple(matters)
    lasting = {m.station for m in every if m.is_open}
    told = last_paged(_told(a for m in every for a in m.alerts), relapses)
    explained = "\n".join(matter.lead.explanation_vi for matter in every)
    said: dict[tuple[str, str], Judgement] = {}
    for matter in [m for m in every if m.is_open] or every:
        station = matter.station
        found = next((a.assessment for a in matter.alerts if a.assessment is not None), None)
        if found is None or (station, found.cls) in said:
            continue
        words = judged(found, told.pop(station, None), over=station not in lasting, in_river=station in rivers)
        said[station, found.cls] = Judgement(station, matter.parameter, words, found.beside(explained).reasons)
    many = Counter(station for station, _ in said)
    return tuple(j if many[j.station] > 1 else replace(j, parameter="") for j in said.values())


def _told(alerts: Iterable[AlertLine]) -> Iterator[tuple[str, datetime, Assessment]]:
    for alert in alerts:
        if alert.paged_as is not None and alert.paged_at is not None:
            yield alert.station, alert.paged_at, alert.paged_as


def _in_order(alerts: Sequence[AlertLine]) -> list[AlertLine]:
    newest_first = sorted(alerts, key=lambda a: -a.id)
    return sorted(newest_first, key=lambda a: (a.resolved_at is not None, not a.page, -_gravity(a)))


def _rank(matter: Matter) -> tuple[bool, bool, int, float, int]:
    worst = matter.worst
    paged = any(a.page and a.resolved_at is None for a in matter.alerts)
    first = min(a.id for a in matter.alerts)
    return not matter.is_open, not paged, -_gravity(matter.lead), -(0.0 if worst is None else _share(worst)), first


def _gravity(alert: AlertLine) -> int:
    return GRAVITY[Severity(alert.severity)]


def _limit(alert: AlertLine, unit: str) -> Limit | None:
    if alert.limit_minimum is None and alert.limit_maximum is None:
        return None
    return Limit(alert.parameter, unit, alert.limit_minimum, alert.limit_maximum, alert.limit_source or "")


def _share(alert: AlertLine) -> float:
    """How much of its limit the worst value uses; below 0 where there is none."""
    limit = _limit(alert, "")
    return -1.0 if limit is None or alert.peak_value is None else share_of_limit(limit, alert.peak_value)
