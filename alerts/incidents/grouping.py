"""Which incident an alert belongs to. Pure.

::

    COD limit      ####....                 one station, one topic: one incident
    NH4 anomaly     ######..
    day mean                      #         its day holds the incident: it confirms, and opens nothing
    COD limit                ##             within the gap after the end: a relapse, the incident is open again
    COD limit                          ##   later: another incident

    COD limit      ####C###.#####           C: an officer closes it; the alert that lasts is not told again
    NH4 anomaly         ####                another incident, which says that one was closed before it
    COD limit               #worse          so is the same alert once it is graver
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.escalation import Reason as AlertReason
from alerts.incidents.reasons import IncidentPolicy, Placing
from quantrac.domain.alerts import AlertKind, TransitionKind
from quantrac.domain.incidents import (
    TOPIC_OF,
    AlertChange,
    Extent,
    Incident,
    IncidentState,
    Member,
    Outage,
    Topic,
    worst,
)
from quantrac.domain.stations import is_drill_code


@dataclass(frozen=True, slots=True)
class Placement:
    """The incident that a change belongs to, and why; ``incident`` is ``None`` for a new one and for none."""

    reason: Placing
    incident: Incident | None = None
    outage: Outage | None = None
    after: Incident | None = None
    """Which a person has closed, before the new one."""


def place(
    change: AlertChange, incidents: Sequence[Incident], outages: Iterable[Outage], policy: IncidentPolicy
) -> Placement:
    """Return where a change belongs.

    Parameters
    ----------
    incidents
        Those that are active, those that ended no longer ago than ``policy.look_back``, and those with open alerts.
    """
    holding = [i for i in incidents if any(m.alert_id == change.alert_id for m in i.members)]
    known = max(holding, key=lambda i: (i.is_active, i.id), default=None)
    if known is not None and not _is_news(change, known):
        return Placement(Placing.SAME_ALERT, known)
    if known is None and change.kind is not TransitionKind.OPENED:
        return Placement(Placing.NOT_OF_INCIDENT)
    if change.retrospective:
        return Placement(Placing.RETROSPECTIVE)
    topic = TOPIC_OF[change.alert_kind]
    drill = is_drill_code(change.key.station)
    of_lane = (i for i in incidents if i.topic is topic and i.is_drill == drill)
    alike = sorted(of_lane, key=lambda i: (i.is_active, i.opened_at), reverse=True)
    return (
        _of_outage(change, alike, outages, policy)
        or _of_station(change, [i for i in alike if change.key.station in i.stations], policy)
        or _of_park(change, alike, policy)
        or Placement(Placing.NEW)
    )


def is_mean(change: AlertChange) -> bool:
    """Whether a change judges a whole hour or day."""
    return change.reason == AlertReason.MEAN_EXCEEDED.value


def opened(change: AlertChange, incident_id: int, placement: Placement) -> Incident:
    """Return a new incident of one alert."""
    outage, before = placement.outage, placement.after
    incident = Incident(
        incident_id,
        TOPIC_OF[change.alert_kind],
        change.created_at,
        change.created_at,
        outage=None if outage is None else outage.id,
        after=None if before is None else before.closing,
    )
    return replace(incident, members=(_member(change, incident, counts=True),))


def joined(incident: Incident, change: AlertChange, placement: Placement, policy: IncidentPolicy) -> Incident:
    """Return the incident with a change taken in."""
    if any(m.alert_id == change.alert_id for m in incident.members):
        return replace(incident, members=tuple(_moved(m, change) for m in incident.members))
    if placement.reason is Placing.RELAPSE:
        incident = reopened(incident, change.created_at, policy)
    confirms = placement.reason is Placing.MEAN_OF_SLUG
    spreads = change.key.station not in incident.stations
    incident = replace(incident, members=(*incident.members, _member(change, incident, counts=not confirms)))
    return replace(incident, spread_at=max(incident.spread_at, change.created_at)) if spreads else incident


def reopened(incident: Incident, at: datetime, policy: IncidentPolicy) -> Incident:
    """Return an incident that was over by itself, open again; the third time within hours it flaps."""
    recent = (*(r for r in incident.relapses if at - r < policy.flap_window), at)
    return replace(
        incident,
        state=IncidentState.OPEN,
        relapses=recent,
        flapping=len(recent) >= policy.flap_count,
        holder=None,
        snoozed_until=None,
        resolved_at=None,
        paged_at=None,
        paged_severity=None,
        end_sent=False,
        rest_sent=False,
        chain=None,
        digest=None,
    )


def extent_of(incident: Incident, policy: IncidentPolicy) -> Extent:
    """Return how far an incident reaches; it never shrinks."""
    if incident.extent is Extent.OUTAGE:
        return Extent.OUTAGE
    if incident.outage is None and _of_one_station(incident.members):
        return Extent.STATION
    if incident.outage is not None or len(incident.silent) >= policy.outage_stations:
        return Extent.OUTAGE
    if len(incident.stations) <= 1:
        return Extent.STATION
    parks = {m.park for m in incident.members}
    return Extent.PARK if len(parks) == 1 and None not in parks else Extent.SEVERAL


def _of_one_station(members: Sequence[Member]) -> bool:
    return len(members) == 1 or len({m.key.station for m in members}) == 1


def _of_outage(
    change: AlertChange, alike: Sequence[Incident], outages: Iterable[Outage], policy: IncidentPolicy
) -> Placement | None:
    if TOPIC_OF[change.alert_kind] is not Topic.SIGNAL:
        return None
    declared = next((o for o in outages if o.covers(change.park, change.created_at)), None)
    if declared is not None:
        held = next((i for i in alike if i.is_active and i.outage == declared.id), None)
        reason = Placing.NEW if held is None else Placing.SAME_OUTAGE
        return Placement(reason, held, declared)
    if change.alert_kind is not AlertKind.OFFLINE:
        return None
    for incident in alike:
        near = change.created_at - incident.spread_at <= policy.outage_gap
        if incident.is_active and incident.outage is None and near and incident.silent:
            return Placement(Placing.SAME_OUTAGE, incident)
    return None


def _of_station(change: AlertChange, own: Sequence[Incident], policy: IncidentPolicy) -> Placement | None:
    slug = _confirmed(change, own, policy) if is_mean(change) else None
    if slug is not None:
        return Placement(Placing.MEAN_OF_SLUG, slug)
    for incident in own:
        if incident.is_active:
            return Placement(Placing.SAME_STATION, incident)
        near = _ended_within(incident, change, policy.gap)
        if incident.state is IncidentState.CLOSED and (near or incident.open_members):
            return Placement(Placing.AFTER_CLOSED, after=incident)
        if incident.state is IncidentState.RESOLVED and near:
            return Placement(Placing.RELAPSE, incident)
    return None


def _confirmed(mean: AlertChange, own: Sequence[Incident], policy: IncidentPolicy) -> Incident | None:
    """Return the incident that was told and that a mean holds: of its parameter, else one that nobody has closed.

    Who closed a fault of one probe knows nothing of the others.
    """
    held = [i for i in own if _ended_within(i, mean, policy.look_back) and _overlapping(mean, i)]
    alike = [i for i in held if any(m.key.parameter == mean.key.parameter for m in _overlapping(mean, i))]
    slugs = alike or [i for i in held if i.state is not IncidentState.CLOSED]
    return next((i for i in slugs if i.paged_severity is not None), None)


def _ended_within(incident: Incident, change: AlertChange, span: timedelta) -> bool:
    """Whether an incident is active, or was over no longer than a span before a change."""
    ended = incident.closed_at or incident.resolved_at
    return incident.is_active or (ended is not None and change.created_at - ended <= span)


def _is_news(change: AlertChange, known: Incident) -> bool:
    """Whether an alert of an incident that a person has closed has since become worth telling officers of.

    That it lasts is none: it was closed with the incident. Every step that is taken in after the closing counts, by no
    clock: a page too many is better than one too few.
    """
    if known.closed_at is None or change.kind is not TransitionKind.ESCALATED or change.retrospective:
        return False
    counts = any(m.counts for m in known.members if m.alert_id == change.alert_id)
    return counts and (change.page or _is_quieted(change))


def _is_quieted(change: AlertChange) -> bool:
    """Whether officers are not told only because they were told of another parameter of the incident."""
    return change.reason == AlertReason.PAGED_BY_INCIDENT.value


def _of_park(change: AlertChange, alike: Sequence[Incident], policy: IncidentPolicy) -> Placement | None:
    if change.park is None or TOPIC_OF[change.alert_kind] is not Topic.WATER or is_mean(change):
        return None
    for incident in alike:
        near = change.created_at - incident.spread_at <= policy.park_gap
        if incident.is_active and near and any(m.park == change.park for m in incident.members):
            return Placement(Placing.SAME_PARK, incident)
    return None


def _overlapping(mean: AlertChange, incident: Incident) -> list[Member]:
    """Return the alerts of a slug at the same station that last in the hour or day of a mean."""
    own = (m for m in incident.members if m.key.station == mean.key.station and m.counts)
    return [m for m in own if m.since < mean.observed_at and (m.resolved_at is None or m.resolved_at > mean.since)]


def _member(change: AlertChange, of: Incident, *, counts: bool) -> Member:
    # What officers were told of by then was closed: of what has come since they know nothing.
    untold = of.after is not None and of.paged_severity is None
    return Member(
        change.alert_id,
        change.transition_id,
        change.key,
        change.alert_kind,
        change.severity,
        change.page or (untold and _is_quieted(change)),
        change.park,
        change.since,
        change.created_at,
        counts=counts,
        explanation_vi=change.explanation_vi,
        explanation_en=change.explanation_en,
    )


def _moved(member: Member, change: AlertChange) -> Member:
    if member.alert_id != change.alert_id:
        return member
    if change.kind is TransitionKind.RESOLVED:
        return replace(member, resolved_at=change.observed_at)
    page, severity = member.page or change.page, worst((member.severity, change.severity))
    if not change.explanation_vi:
        return replace(member, severity=severity, page=page)
    return replace(
        member,
        severity=severity,
        page=page,
        explanation_vi=change.explanation_vi,
        explanation_en=change.explanation_en,
    )
