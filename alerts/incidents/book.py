"""One turn of the incidents: new changes of alerts are taken in, and every incident is decided. Pure.

In a storm the gravest incidents are told by themselves until ``storm_pages`` is reached; the gravest of the others
then stands for all of them (a digest), so that a page can be acknowledged and escalates as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.incidents.grouping import joined, opened, place
from alerts.incidents.reasons import IncidentPolicy, Notice, Placing, Reason
from alerts.incidents.tellings import Decision, Holds, as_paged, decide
from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import TOPIC_OF, AlertChange, HoldWindow, Incident, Outage, Topic

_GRAVEST_FIRST = tuple(reversed(Severity))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decisions depend on beside the incidents."""

    windows: Sequence[HoldWindow] = ()
    outages: Sequence[Outage] = ()
    paged: Sequence[datetime] = ()
    """When incidents were paged of late."""
    digested_at: datetime | None = None
    """When a digest was told last."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a change of an alert was put."""

    change: AlertChange
    incident_id: int | None
    reason: Placing


@dataclass(slots=True)
class Turn:
    """What a turn has changed."""

    placed: list[Placed] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    """Of every incident, told or not."""
    digests: dict[int, list[Incident]] = field(default_factory=dict)
    """By the incident that stands for them: those that a digest names."""


def turn(
    incidents: Iterable[Incident],
    changes: Iterable[AlertChange],
    around: Surroundings,
    now: datetime,
    *,
    policy: IncidentPolicy,
    new_id: Callable[[], int],
) -> Turn:
    """Take changes in, in order, and decide every incident at ``now``."""
    book = _Book(incidents)
    done = Turn()
    for change in changes:
        done.placed.append(_take(book, change, around, policy, new_id))
    paged = sum(now - at < policy.storm_window for at in around.paged)
    waiting: list[Incident] = []
    holds = Holds(around.windows, now)
    for incident in sorted(book.incidents.values(), key=_urgency):
        decision = decide(incident, holds, now, policy, storm=paged >= policy.storm_pages)
        if decision.reason is Reason.STORM:
            waiting.append(decision.incident)
            continue
        paged += decision.notice is Notice.PAGE
        done.decisions.append(decision)
    if waiting:
        _digest(done, waiting, around, now, policy)
    done.decisions = [_named(decision) for decision in done.decisions]
    return done


class _Book:
    """The incidents of a turn, and which of them a change can belong to: there may be thousands of both."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self.incidents: dict[int, Incident] = {}
        self._of: dict[tuple[str, object], dict[int, None]] = {}
        for incident in incidents:
            self.put(incident)

    def put(self, incident: Incident) -> None:
        """Take an incident in, or in place of what it was."""
        known = self.incidents.get(incident.id)
        # Members are only ever added, so what an older one was found by still leads to it.
        for member in incident.members[0 if known is None else len(known.members) :]:
            for mark in (("alert", member.alert_id), ("station", member.key.station), ("park", member.park)):
                self._of.setdefault(mark, {})[incident.id] = None
        self._of.setdefault(("topic", incident.topic), {})[incident.id] = None
        self.incidents[incident.id] = incident

    def near(self, change: AlertChange) -> list[Incident]:
        """Return the incidents that a change can belong to."""
        marks: list[tuple[str, object]] = [("alert", change.alert_id), ("station", change.key.station)]
        if change.park is not None:
            marks.append(("park", change.park))
        if TOPIC_OF[change.alert_kind] is Topic.SIGNAL:
            marks.append(("topic", Topic.SIGNAL))
        return [self.incidents[i] for i in dict.fromkeys(i for mark in marks for i in self._of.get(mark, ()))]


def _take(
    book: _Book,
    change: AlertChange,
    around: Surroundings,
    policy: IncidentPolicy,
    new_id: Callable[[], int],
) -> Placed:
    placement = place(change, book.near(change), around.outages, policy)
    if placement.incident is not None:
        incident = joined(placement.incident, change, placement, policy)
    elif placement.reason in (Placing.NEW, Placing.AFTER_CLOSED):
        incident = opened(change, new_id(), placement)
    else:
        return Placed(change, None, placement.reason)
    book.put(incident)
    return Placed(change, incident.id, placement.reason)


def _digest(
    done: Turn, waiting: Sequence[Incident], around: Surroundings, now: datetime, policy: IncidentPolicy
) -> None:
    if around.digested_at is not None and now - around.digested_at < policy.digest_every:
        done.decisions += [Decision(incident, Reason.STORM) for incident in waiting]
        return
    first, *rest = (as_paged(incident, incident.severity, now) for incident in waiting)
    others = [replace(incident, digest=first.id) for incident in rest]
    done.decisions.append(Decision(first, Reason.DIGEST, Notice.PAGE))
    done.decisions += [Decision(incident, Reason.IN_DIGEST) for incident in others]
    done.digests[first.id] = others


def _urgency(incident: Incident) -> tuple[int, datetime, int]:
    return _GRAVEST_FIRST.index(incident.severity), incident.opened_at, incident.id


def _named(decision: Decision) -> Decision:
    if decision.incident.reason == decision.reason.value:
        return decision
    return decision._replace(incident=replace(decision.incident, reason=decision.reason.value))
