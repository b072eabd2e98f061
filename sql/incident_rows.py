"""Incidents as rows of the database, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from quantrac.domain.alerts import AlertKey, AlertKind, Severity, TransitionKind
from quantrac.domain.incidents import (
    AlertChange,
    Attachment,
    Chain,
    Closing,
    Extent,
    HoldWindow,
    Incident,
    IncidentCause,
    IncidentEvent,
    IncidentLink,
    IncidentMessage,
    IncidentState,
    Member,
    Topic,
    WindowKind,
)
from sql.notification_rows import notification_row
from sql.storable import storable


def change(row: Sequence[Any]) -> AlertChange:
    """Return a row of ``incident_changes.sql``."""
    transition_id, alert_id, station, parameter, rule, alert_kind, kind, severity, *rest = row
    key = AlertKey(station, parameter, rule)
    return AlertChange(
        transition_id, alert_id, key, AlertKind(alert_kind), TransitionKind(kind), Severity(severity), *rest
    )


def incident(row: Sequence[Any], members: Iterable[Member]) -> Incident:
    """Return a row of ``live_incidents.sql`` with its alerts."""
    incident_id, topic, opened_at, spread_at, state, extent, outage, holder, acted_at, snoozed_until = row[:10]
    resolved_at, closed_at, cause, cause_text, paged_at, paged_severity, end_sent, rest_sent, held = row[10:19]
    relapses, flapping, policy, step, round_, due_at, digest, reason, closed_by, before = row[19:]
    return Incident(
        incident_id,
        Topic(topic),
        opened_at,
        spread_at,
        tuple(members),
        IncidentState(state),
        Extent(extent),
        outage,
        holder,
        acted_at,
        snoozed_until,
        resolved_at,
        closed_at,
        closed_by,
        None if cause is None else IncidentCause(cause),
        cause_text,
        paged_at,
        None if paged_severity is None else Severity(paged_severity),
        end_sent,
        rest_sent,
        held,
        tuple(relapses),
        flapping,
        None if policy is None else Chain(policy, step, round_, due_at),
        digest,
        reason,
        None if before is None else closing(before),
    )


def closing(found: Mapping[str, Any]) -> Closing:
    """Return what ``closing_of`` has found."""
    at, cause = found["closed_at"], found["cause"]
    return Closing(
        found["id"],
        None if at is None else datetime.fromisoformat(at),
        found["closed_by"],
        None if cause is None else IncidentCause(cause),
        found["cause_text"],
    )


def row(saved: Incident) -> dict[str, object]:
    """Return an incident as the arguments of ``save_incident.sql``."""
    chain = saved.chain
    return {
        "id": saved.id,
        "topic": saved.topic.value,
        "state": saved.state.value,
        "extent": saved.extent.value,
        "severity": saved.severity.value,
        "opened_at": saved.opened_at,
        "spread_at": saved.spread_at,
        "outage": saved.outage,
        "holder": None if saved.holder is None else storable(saved.holder),
        "acted_at": saved.acted_at,
        "snoozed_until": saved.snoozed_until,
        "resolved_at": saved.resolved_at,
        "closed_at": saved.closed_at,
        "cause": None if saved.cause is None else saved.cause.value,
        "cause_text": storable(saved.cause_text),
        "paged_at": saved.paged_at,
        "paged_severity": None if saved.paged_severity is None else saved.paged_severity.value,
        "end_sent": saved.end_sent,
        "rest_sent": saved.rest_sent,
        "held": saved.held,
        "relapses": list(saved.relapses),
        "flapping": saved.flapping,
        "chain_policy": None if chain is None else chain.policy,
        "chain_step": None if chain is None else chain.step,
        "chain_round": None if chain is None else chain.round,
        "chain_due_at": None if chain is None else chain.due_at,
        "digest": saved.digest,
        "reason": saved.reason,
        "closed_by": None if saved.closed_by is None else storable(saved.closed_by),
        "follows": None if saved.after is None else saved.after.incident_id,
    }


def member(row: Sequence[Any]) -> Member:
    """Return a row of ``incident_members.sql`` without its incident."""
    alert_id, transition_id, station, parameter, rule, kind, severity, *rest = row
    return Member(
        alert_id, transition_id, AlertKey(station, parameter, rule), AlertKind(kind), Severity(severity), *rest
    )


def member_row(incident_id: int, joined: Member) -> dict[str, object]:
    """Return an alert as the arguments of ``add_incident_alert.sql``."""
    return {
        "incident_id": incident_id,
        "alert_id": joined.alert_id,
        "transition_id": joined.transition_id,
        "joined_at": joined.opened_at,
        "counts": joined.counts,
        "park": joined.park,
        "pages": joined.page,
    }


def event_row(event: IncidentEvent) -> dict[str, object]:
    """Return a line of the history as the arguments of ``add_incident_event.sql``."""
    return {
        "incident_id": event.incident_id,
        "at": event.at,
        "actor": storable(event.actor),
        "what": event.what,
        "reason": event.reason,
        "detail": storable(event.detail),
    }


def window(row: Sequence[Any]) -> HoldWindow:
    """Return a row of ``load_hold_windows.sql``."""
    window_id, kind, *rest = row
    return HoldWindow(window_id, WindowKind(kind), *rest)


def window_row(held: HoldWindow) -> dict[str, object]:
    """Return a window as the arguments of ``add_hold_window.sql``."""
    return {
        "kind": held.kind.value,
        "station": storable(held.station),
        "parameter": storable(held.parameter),
        "starts_at": held.starts_at,
        "ends_at": held.ends_at,
        "repeat_days": held.repeat_days,
        "repeat_until": held.repeat_until,
        "by": storable(held.by),
        "note": storable(held.note),
    }


def message_row(message: IncidentMessage) -> dict[str, object]:
    """Return a message as the arguments of ``enqueue_incident.sql``."""
    sent = message.notification
    return {
        **notification_row(sent),
        "due_at": message.due_at,
        "incident_id": message.incident_id,
        "notice": message.notice,
        "person": message.person,
        "contact_id": message.contact_id,
    }


def link_row(link: IncidentLink) -> dict[str, object]:
    """Return a link as the arguments of ``add_incident_link.sql``."""
    return {
        "digest": link.digest,
        "incident_id": link.incident_id,
        "person": link.person,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
    }


def attachment_row(incident_id: int, file: Attachment, content: bytes) -> dict[str, object]:
    """Return a file as the arguments of ``add_attachment.sql``."""
    return {
        "incident_id": incident_id,
        "at": file.at,
        "actor": storable(file.actor),
        "name": storable(file.name),
        "content_type": storable(file.content_type),
        "content": content,
    }
