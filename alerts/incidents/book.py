"""One turn of the incidents: new changes of alerts are taken in, and every incident is decided. Pure.

In a storm the gravest incidents are told by themselves until ``storm_pages`` is reached; the gravest of the others
then stands for all of them (a digest), so that a page can be acknowledged and escalates as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.incidents.grouping import joined, opened, place
from alerts.incidents.reasons import IncidentPolicy, Placing, Reason, Telling
from alerts.incidents.tellings import Decision, decide, told
from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import AlertChange, HoldWindow, Incident, Outage

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
    live = {incident.id: incident for incident in incidents}
    done = Turn()
    for change in changes:
        done.placed.append(_take(live, change, around, policy, new_id))
    paged = sum(now - at < policy.storm_window for at in around.paged)
    waiting: list[Incident] = []
    for incident in sorted(live.values(), key=_urgency):
        decision = decide(incident, around.windows, now, policy, storm=paged >= policy.storm_pages)
        if decision.reason is Reason.STORM:
            waiting.append(decision.incident)
            continue
        paged += decision.telling is Telling.PAGE
        done.decisions.append(decision)
    if waiting:
        _digest(done, waiting, around, now, policy)
    done.decisions = [_named(decision) for decision in done.decisions]
    return done


def _take(
    live: dict[int, Incident],
    change: AlertChange,
    around: Surroundings,
    policy: IncidentPolicy,
    new_id: Callable[[], int],
) -> Placed:
    placement = place(change, list(live.values()), around.outages, policy)
    if placement.incident is not None:
        incident = joined(placement.incident, change, placement, policy)
    elif placement.reason is Placing.NEW:
        incident = opened(change, new_id(), placement.outage)
    else:
        return Placed(change, None, placement.reason)
    live[incident.id] = incident
    return Placed(change, incident.id, placement.reason)


def _digest(
    done: Turn, waiting: Sequence[Incident], around: Surroundings, now: datetime, policy: IncidentPolicy
) -> None:
    if around.digested_at is not None and now - around.digested_at < policy.digest_every:
        done.decisions += [Decision(incident, Reason.STORM) for incident in waiting]
        return
    first, *others = (told(incident, incident.severity, now) for incident in waiting)
    done.decisions.append(Decision(first, Reason.DIGEST, Telling.PAGE))
    done.decisions += [Decision(incident, Reason.IN_DIGEST) for incident in others]
    done.digests[first.id] = others


def _urgency(incident: Incident) -> tuple[int, datetime, int]:
    return _GRAVEST_FIRST.index(incident.severity), incident.opened_at, incident.id


def _named(decision: Decision) -> Decision:
    return replace(decision, incident=replace(decision.incident, reason=decision.reason.value))
