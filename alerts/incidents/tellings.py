"""Whether an incident is told now: pure functions of the incident, what holds pages back, and the clock.

One decision a call, each with a named reason. What changes nobody is told of is decided too: "why, and why not?".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from alerts.incidents.grouping import extent_of, reopened
from alerts.incidents.reasons import IncidentPolicy, Notice, Reason
from alerts.incidents.set_back import LEAST
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


class Decision(NamedTuple):
    """What becomes of an incident now, and what is told of it."""

    incident: Incident
    reason: Reason
    notice: Notice | None = None


class Holds:
    """The windows that are in force at an instant, found by station: every alert of every incident is looked up."""

    __slots__ = ("_everywhere", "_of")

    def __init__(self, windows: Iterable[HoldWindow], now: datetime) -> None:
        self._of: dict[str, list[HoldWindow]] = {}
        for window in windows:
            if window.contains(now):
                self._of.setdefault(window.station, []).append(window)
        self._everywhere = self._of.pop("", [])

    def of(self, member: Member) -> Reason | None:
        """Return why the pages of an alert are held back; ``None`` when they are not."""
        found = self._of.get(member.key.station, self._everywhere)
        if not found:
            return None
        kinds = {w.kind for w in (*found, *self._everywhere) if w.parameter in ("", member.key.parameter)}
        if not kinds:
            return None
        return Reason.SILENCED if kinds == {WindowKind.SILENCE} else Reason.IN_WINDOW

    def gravest_free(self, members: Iterable[Member]) -> Severity | None:
        """Return the gravest of the alerts whose pages nothing holds back; ``None`` when all are held back."""
        gravest: Severity | None = None
        for member in members:  # a loop: every decision about every incident comes through here
            severity = member.severity
            if severity is gravest or self.of(member) is not None:
                continue
            if gravest is None or graver(severity, gravest):
                gravest = severity
        return gravest


def decide(
    incident: Incident,
    holds: Holds,
    now: datetime,
    policy: IncidentPolicy,
    *,
    storm: bool = False,
) -> Decision:
    """Return what becomes of an incident at ``now``.

    Parameters
    ----------
    holds
        The windows in force at ``now``.
    storm
        Whether so many incidents were told of late that this one has to wait for the digest.
    """
    extent = extent_of(incident, policy)
    if extent is not incident.extent:
        incident = replace(incident, extent=extent)
    paging, kept_open = _open_members(incident)
    state = incident.state
    if state is IncidentState.RESOLVED and kept_open:
        incident = reopened(incident, now, policy)  # a work item that was left has come to page
        state = incident.state
    if state is IncidentState.RESOLVED or state is IncidentState.CLOSED:
        return _confirmed(incident) or Decision(incident, Reason.OVER)
    if not kept_open:
        return _ended(incident, now, policy)
    if paging and incident.paged_at is not None and incident.paged_severity is None:
        # Somebody has work items in hand, or aside, and one has come to page: whoever is on duty hears of it.
        incident = replace(incident, state=IncidentState.OPEN, paged_at=None, snoozed_until=None)
        state = incident.state
    if state is IncidentState.SNOOZED:
        return _snoozed(incident, now)
    if state is IncidentState.ACKNOWLEDGED:
        return _acknowledged(incident, paging, holds, now, policy)
    return _open(incident, paging, holds, now, policy, storm=storm)


def as_paged(incident: Incident, severity: Severity, now: datetime) -> Incident:
    """Return the incident as it is once it was told."""
    return replace(incident, paged_at=now, paged_severity=severity, held=False, chain=None, digest=None)


def _open(
    incident: Incident, paging: Sequence[Member], holds: Holds, now: datetime, policy: IncidentPolicy, *, storm: bool
) -> Decision:
    if not paging:
        return Decision(incident, Reason.WORK_ITEM)
    severity = holds.gravest_free(paging)
    if severity is None:
        return _held_back(incident, paging, holds)
    if incident.paged_at is not None:
        return _told_before(incident, severity, now, policy)
    # What has opened later than now did so before our clock was set back.
    if incident.topic is Topic.SIGNAL and -LEAST < now - incident.opened_at < policy.signal_wait:
        return Decision(incident, Reason.GATHERING)
    if storm:
        return Decision(incident, Reason.STORM)
    return Decision(as_paged(incident, severity, now), _beginning(incident), Notice.PAGE)


def _held_back(incident: Incident, paging: Sequence[Member], holds: Holds) -> Decision:
    """Owe a page to what has had none."""
    reason = Reason.IN_WINDOW if Reason.IN_WINDOW in map(holds.of, paging) else Reason.SILENCED
    owed = not incident.held and incident.paged_at is None
    return Decision(replace(incident, held=True) if owed else incident, reason)


def _open_members(incident: Incident) -> tuple[list[Member], bool]:
    """Return the open alerts that tell officers (of an outage every one does), and whether any keeps it open.

    Work items do not delay the end of what was told.
    """
    outage, untold = incident.extent is Extent.OUTAGE, incident.paged_severity is None
    paging, kept_open = [], False
    for member in incident.members:  # one pass: every decision about every incident comes through here
        if member.resolved_at is None:
            tells = member.page or outage
            if tells:
                paging.append(member)
            kept_open = kept_open or (member.counts and (tells or untold))
    return paging, kept_open


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
    if incident.rest_sent or incident.extent is not Extent.OUTAGE:
        return None
    still = {m.key.station for m in incident.open_members}
    back = [m.resolved_at for m in incident.members if m.resolved_at is not None]
    over = len(still) < min(policy.outage_stations, len(incident.stations))
    if not over or now - max(back, default=now) < policy.rest_after:
        return None
    return Decision(replace(incident, rest_sent=True), Reason.STILL_HOLDS, Notice.UPDATE)


def _snoozed(incident: Incident, now: datetime) -> Decision:
    if incident.snoozed_until is not None and now < incident.snoozed_until:
        return Decision(incident, Reason.SNOOZED)
    awake = replace(incident, state=IncidentState.ACKNOWLEDGED, snoozed_until=None, acted_at=now)
    return Decision(awake, Reason.SNOOZE_OVER, Notice.UPDATE)


def _acknowledged(
    incident: Incident, paging: Sequence[Member], holds: Holds, now: datetime, policy: IncidentPolicy
) -> Decision:
    severity = holds.gravest_free(paging)
    if severity is not None and _is_worse(incident, severity):
        return Decision(replace(incident, paged_severity=severity), Reason.WORSE, Notice.UPDATE)
    left = _rest(incident, now, policy)
    if left is not None:
        return left
    since = incident.acted_at or incident.opened_at
    if severity is not None and now - since >= policy.forgotten_after[severity]:
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
