"""A timeline of incidents without a database: alerts open and end, officers act, a minute at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from alerts.incidents.book import Surroundings, turn
from alerts.incidents.reasons import IncidentPolicy, Notice, Placing, Reason
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, TransitionKind
from quantrac.domain.incidents import AlertChange, HoldWindow, Incident, Outage

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""Monday, 10:00 in Vietnam."""
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """What a test does with alerts, and what was told, by the minute."""

    policy: IncidentPolicy = field(default_factory=IncidentPolicy)
    incidents: dict[int, Incident] = field(default_factory=dict)
    windows: list[HoldWindow] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    told: list[tuple[float, Notice, Reason]] = field(default_factory=list)
    placed: list[Placing] = field(default_factory=list)
    digests: list[tuple[float, int]] = field(default_factory=list)
    """Minute, and how many incidents were named."""
    now: datetime = START
    _changes: list[AlertChange] = field(default_factory=list)
    _open: dict[AlertKey, AlertChange] = field(default_factory=dict)
    _numbers: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    _ids: Callable[[], int] = field(default_factory=lambda: count(1).__next__)
    _paged: list[datetime] = field(default_factory=list)
    _digested_at: datetime | None = None

    @property
    def minute(self) -> float:
        return (self.now - START) / MINUTE

    def opens(
        self,
        station: str = "A",
        parameter: str = "COD",
        kind: AlertKind = AlertKind.LIMIT,
        severity: Severity = Severity.HIGH,
        *,
        page: bool = True,
        park: str | None = None,
        reason: str = "held",
        retrospective: bool = False,
        lasted: timedelta = timedelta(0),
    ) -> None:
        key = AlertKey(station, parameter, f"{kind.value}.{reason}")
        change = AlertChange(
            self._numbers(), self._numbers(), key, kind, TransitionKind.OPENED, severity, reason, self.now,
            self.now - lasted, self.now, page, retrospective, park, f"{parameter} vượt", f"{parameter} over",
        )  # fmt: skip
        self._open[key] = change
        self._changes.append(change)

    def worsens(self, station: str = "A", parameter: str = "COD", severity: Severity = Severity.CRITICAL) -> None:
        self._later(station, parameter, TransitionKind.ESCALATED, severity)

    def turns_to_page(self, station: str = "A", parameter: str = "COD") -> None:
        key = next(k for k in self._open if (k.station, k.parameter) == (station, parameter))
        self._open[key] = replace(self._open[key], page=True)
        self._later(station, parameter, TransitionKind.ESCALATED, Severity.HIGH)

    def ends(self, station: str = "A", parameter: str = "COD") -> None:
        self._later(station, parameter, TransitionKind.RESOLVED, Severity.INFO)

    def _later(self, station: str, parameter: str, kind: TransitionKind, severity: Severity) -> None:
        key = next(k for k in self._open if (k.station, k.parameter) == (station, parameter))
        change = replace(
            self._open[key],
            transition_id=self._numbers(),
            kind=kind,
            severity=severity,
            observed_at=self.now,
            created_at=self.now,
        )
        if kind is TransitionKind.RESOLVED:
            del self._open[key]
        self._changes.append(change)

    def acts(self, change: Callable[[Incident], Incident], number: int = 1) -> None:
        self.incidents[number] = change(self.incidents[number])

    def passes(self, minutes: float) -> None:
        """Let time pass, minute by minute (the last one may be a part of one)."""
        self.step()
        left = minutes
        while left > 0:
            self.now += min(left, 1) * MINUTE
            left -= 1
            self.step()

    def step(self) -> None:
        around = Surroundings(self.windows, self.outages, self._paged, self._digested_at)
        done = turn(self.incidents.values(), self._changes, around, self.now, policy=self.policy, new_id=self._ids)
        self._changes.clear()
        self.placed += [p.reason for p in done.placed]
        self.digests += [(self.minute, len(others) + 1) for others in done.digests.values()]
        for decision in done.decisions:
            self.incidents[decision.incident.id] = decision.incident
            if decision.notice is not None:
                self.told.append((self.minute, decision.notice, decision.reason))
            if decision.notice is Notice.PAGE:
                self._paged.append(self.now)
            if decision.reason is Reason.DIGEST:
                self._digested_at = self.now

    def story(self) -> list[str]:
        """What was told, as ``minute notice reason``."""
        return [f"{minute:g} {notice.value} {reason.value}" for minute, notice, reason in self.told]

    def pages(self) -> int:
        return sum(notice is Notice.PAGE for _, notice, _ in self.told)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def silences() -> Callable[[Desk, Iterable[str]], None]:
    def open_all(desk: Desk, stations: Iterable[str]) -> None:
        for station in stations:
            desk.opens(station, "", AlertKind.OFFLINE, Severity.WARNING, page=False)

    return open_all
