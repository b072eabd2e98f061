"""Whether an incident is told now: pure functions of the incident, what holds pages back, and the clock.

One decision a call, each with a named reason. What changes nobody is told of is decided too: "why, and why not?".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.incidents.grouping import extent_of, reopened
from alerts.incidents.reasons import IncidentPolicy, Notice, Reason
from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import (
    Extent,
    HoldWindow,
    Incident,
    IncidentState,
    Member,
    Topic,
    WindowKind,
    graver,
    worst,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an incident now, and what is told of it."""

    incident: Incident
    reason: Reason
    notice: Notice | None = None


def decide(
    incident: Incident,
    windows: Sequence[HoldWindow],
    now: datetime,
    policy: IncidentPolicy,
    *,
    storm: bool = False,
) -> Decision:
    """Return what becomes of an incident at ``now``.

    Parameters
    ----------
    windows
        All that are known; those that are in force count.
    storm
        Whether so many incidents were told of late that this one has to wait for the digest.
    """
    extent = extent_of(incident, policy)
    if extent is not incident.extent:
        incident = replace(incident, extent=extent)
    if incident.state is IncidentState.RESOLVED and _keeping_open(incident):
        incident = reopened(incident, now, policy)  # a work item that was left has come to page
    if not incident.is_active:
        return _confirmed(incident) or Decision(incident, Reason.OVER)
    if not _keeping_open(incident):
        return _ended(incident, now, policy)
    if incident.state is IncidentState.SNOOZED:
        return _snoozed(incident, now)
    if incident.state is IncidentState.ACKNOWLEDGED:
        return _acknowledged(incident, windows, now, policy)
    return _open(incident, windows, now, policy, storm=storm)


def hold_of(member: Member, windows: Iterable[HoldWindow], now: datetime) -> Reason | None:
    """Return why the pages of an alert are held back now; ``None`` when they are not."""
    covering = [w for w in windows if w.covers(member.key, now)]
    if not covering:
        return None
    silenced = all(w.kind is WindowKind.SILENCE for w in covering)
    return Reason.SILENCED if silenced else Reason.IN_WINDOW


def as_paged(incident: Incident, severity: Severity, now: datetime) -> Incident:
    """Return the incident as it is once it was told."""
    return replace(incident, paged_at=now, paged_severity=severity, held=False, chain=None, digest=None)


def _open(
    incident: Incident, windows: Sequence[HoldWindow], now: datetime, policy: IncidentPolicy, *, storm: bool
) -> Decision:
    notice = _telling_members(incident)
    if not notice:
        return Decision(incident, Reason.WORK_ITEM)
    holds = [hold_of(member, windows, now) for member in notice] if windows else [None] * len(notice)
    free = [member for member, hold in zip(notice, holds, strict=True) if hold is None]
    if not free:
        reason = Reason.IN_WINDOW if Reason.IN_WINDOW in holds else Reason.SILENCED
        return Decision(replace(incident, held=incident.held or incident.paged_at is None), reason)
    severity = worst(m.severity for m in free)
    if incident.paged_at is not None:
        return _told_before(incident, severity, now, policy)
    if incident.topic is Topic.SIGNAL and now - incident.opened_at < policy.signal_wait:
        return Decision(incident, Reason.GATHERING)
    if storm:
        return Decision(incident, Reason.STORM)
    return Decision(as_paged(incident, severity, now), _beginning(incident), Notice.PAGE)


def _telling_members(incident: Incident) -> list[Member]:
    """Return the open alerts that tell officers: of an outage every one does."""
    outage = incident.extent is Extent.OUTAGE
    return [m for m in incident.members if m.resolved_at is None and (m.page or outage)]


def _keeping_open(incident: Incident) -> list[Member]:
    """Return the alerts without whose end it is not over: work items do not delay the end of what was told."""
    untold, outage = incident.paged_at is None, incident.extent is Extent.OUTAGE
    return [m for m in incident.open_members if m.page or outage or untold]


def _beginning(incident: Incident) -> Reason:
    if incident.held:
        return Reason.STILL_HOLDS
    if incident.flapping:
        return Reason.FLAPPING
    if incident.relapses:
        return Reason.RELAPSE
    return Reason.OUTAGE if incident.extent is Extent.OUTAGE else Reason.OPENED


def _told_before(incident: Incident, severity: Severity, now: datetime, policy: IncidentPolicy) -> Decision:
    if _is_worse(incident, severity):
        return Decision(as_paged(incident, severity, now), Reason.WORSE, Notice.PAGE)
    left = _rest(incident, now, policy)
    if left is not None:
        return left
    if now - (incident.paged_at or now) >= policy.forgotten_after[severity]:
        return Decision(as_paged(incident, severity, now), Reason.UNATTENDED, Notice.PAGE)
    return Decision(incident, Reason.PAGED_ALREADY)


def _is_worse(incident: Incident, severity: Severity) -> bool:
    """Whether officers hear of a graver alert; that a silence lasts is no news."""
    return incident.topic is not Topic.SIGNAL and graver(severity, incident.paged_severity or severity)


def _rest(incident: Incident, now: datetime, policy: IncidentPolicy) -> Decision | None:
    """Tell once which stations an outage has left behind."""
    still = {m.key.station for m in incident.open_members}
    back = [m.resolved_at for m in incident.members if m.resolved_at is not None]
    over = incident.extent is Extent.OUTAGE and len(still) < min(policy.outage_stations, len(incident.stations))
    if incident.rest_sent or not over or now - max(back, default=now) < policy.rest_after:
        return None
    return Decision(replace(incident, rest_sent=True), Reason.STILL_HOLDS, Notice.UPDATE)


def _snoozed(incident: Incident, now: datetime) -> Decision:
    if incident.snoozed_until is not None and now < incident.snoozed_until:
        return Decision(incident, Reason.SNOOZED)
    awake = replace(incident, state=IncidentState.ACKNOWLEDGED, snoozed_until=None, acted_at=now)
    return Decision(awake, Reason.SNOOZE_OVER, Notice.UPDATE)


def _acknowledged(incident: Incident, windows: Sequence[HoldWindow], now: datetime, policy: IncidentPolicy) -> Decision:
    free = [m for m in _telling_members(incident) if hold_of(m, windows, now) is None]
    severity = worst(m.severity for m in free)
    if free and _is_worse(incident, severity):
        return Decision(replace(incident, paged_severity=severity), Reason.WORSE, Notice.UPDATE)
    left = _rest(incident, now, policy)
    if left is not None:
        return left
    since = incident.acted_at or incident.opened_at
    if free and now - since >= policy.forgotten_after[severity]:
        again = replace(as_paged(incident, severity, now), state=IncidentState.OPEN)
        return Decision(again, Reason.FORGOTTEN, Notice.PAGE)
    return Decision(incident, Reason.ACKNOWLEDGED)


def _ended(incident: Incident, now: datetime, policy: IncidentPolicy) -> Decision:
    if incident.flapping:
        last = max((r for m in incident.members if (r := m.resolved_at) is not None), default=now)
        if now - last < policy.calm:
            return Decision(incident, Reason.CALMING)
    reason = Reason.CALM if incident.flapping else Reason.RESOLVED
    was_told = incident.paged_at is not None
    over = replace(
        incident,
        flapping=False,
        relapses=() if incident.flapping else incident.relapses,
        state=IncidentState.RESOLVED,
        resolved_at=now,
        snoozed_until=None,
        held=False,
        chain=None,
        end_sent=was_told,
    )
    if not was_told:
        return Decision(over, Reason.UNPAGED_END)
    return Decision(over, reason, Notice.END)


def _confirmed(incident: Incident) -> Decision | None:
    """Tell once that a mean confirms, graver than was told, what is resolved or closed."""
    means = [m for m in incident.members if not m.counts and m.page and m.resolved_at is None]
    severity = worst(m.severity for m in means)
    if incident.paged_severity is None or not means or not graver(severity, incident.paged_severity):
        return None
    return Decision(replace(incident, paged_severity=severity), Reason.WORSE, Notice.UPDATE)


def expired(windows: Iterable[HoldWindow], now: datetime) -> list[HoldWindow]:
    """Return the silences whose end has come and was not told."""
    return [w for w in windows if w.kind is WindowKind.SILENCE and w.end_sent_at is None and w.ends_at <= now]
