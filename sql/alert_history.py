"""What became of one alert, and who was told of it: as the desk may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from quantrac.domain.incidents import IncidentEvent
from sql.connections import connect, translated
from sql.statements import statement


@dataclass(frozen=True, slots=True)
class SentLine:
    """One message, whom it went to, and how far it is."""

    id: int
    alert_id: int | None
    incident_id: int | None
    channel: str
    recipient: str
    person: str | None
    """Code; ``None``: a common recipient."""
    notice: str
    subject: str
    created_at: datetime
    attempts: int
    sent_at: datetime | None
    failed_at: datetime | None
    withdrawn_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """One transition of an alert."""

    observed_at: datetime
    created_at: datetime
    kind: str
    severity: str
    reason: str
    value: float | None


@dataclass(frozen=True, slots=True)
class IncidentOf:
    """The incident of an alert."""

    id: int
    state: str
    holder: str | None
    cause: str | None
    cause_text: str


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """Everything that happened to an alert, oldest first."""

    steps: list[StepLine]
    causes: list[tuple[datetime, str | None]]
    incident: IncidentOf | None
    events: list[IncidentEvent]
    messages: list[SentLine]


def history_of(desk_conninfo: str, alert_id: int) -> AlertHistory:
    """Return what became of an alert.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    row = {"id": alert_id}
    with translated("reading an alert's history"), connect(desk_conninfo, "quantrac alerts") as connection:
        steps = [StepLine(*found) for found in connection.execute(statement("alert_transitions_of"), row)]
        causes = connection.execute(statement("alert_causes_of"), row).fetchall()
        of = connection.execute(statement("alert_incident"), row).fetchone()
        incident = None if of is None else IncidentOf(*of)
        events = [
            IncidentEvent(*event)
            for event in connection.execute(
                statement("incident_events"), {"id": 0 if incident is None else incident.id}
            )
        ]
        wanted = {"alert": alert_id, "limit": 1000}
        sent = [SentLine(*message) for message in connection.execute(statement("desk_deliveries"), wanted)]
    return AlertHistory(steps, [(at, cause) for at, cause in causes], incident, events, sent[::-1])


def deliveries(desk_conninfo: str, limit: int) -> list[SentLine]:
    """Return messages with whom they went to, the newest first.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    row = {"alert": None, "limit": limit}
    with translated("reading deliveries"), connect(desk_conninfo, "quantrac alerts") as connection:
        return [SentLine(*found) for found in connection.execute(statement("desk_deliveries"), row)]
