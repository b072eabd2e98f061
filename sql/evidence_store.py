"""Everything that the database holds of one incident, as of one instant, for a sealed file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from quantrac.domain.evidence import EvidenceFacts, KeptFile
from quantrac.domain.incidents import Incident
from sql.connections import connect, translated
from sql.incident_store import IncidentTransaction
from sql.statements import statement

BEFORE, AFTER = timedelta(hours=6), timedelta(hours=2)
"""How much of the readings around an incident belongs to it: what was usual before, and that it was over."""
LONGEST = timedelta(days=8)
"""An incident that is longer keeps the readings of its first days."""
MOST_READINGS = 200_000


def facts(conninfo: str, incident_id: int, now: datetime) -> EvidenceFacts | None:
    """Return what is known of an incident, all of the same instant; ``None`` when there is no such.

    The officers' desk may read all of it.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with (
        translated("reading the evidence of an incident"),
        connect(conninfo, "quantrac evidence") as connection,
        connection.transaction(),
    ):
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return facts_of(connection.cursor(), incident_id, now)


def facts_of(cursor: psycopg.Cursor[Any], incident_id: int, now: datetime) -> EvidenceFacts | None:
    """Return the same within a transaction that is open, and sees one instant."""
    incident = IncidentTransaction(cursor).shown(incident_id)
    return None if incident is None else _facts(cursor.connection.cursor(row_factory=dict_row), incident, now)


def _facts(cursor: psycopg.Cursor[dict[str, Any]], incident: Incident, now: datetime) -> EvidenceFacts:
    end = min((incident.closed_at or incident.resolved_at or now) + AFTER, incident.since + LONGEST)
    subjects = [f"incident {incident.id}", *(f"alert {m.alert_id}" for m in incident.members)]
    arguments = {
        "id": incident.id,
        "stations": list(incident.stations),
        "start": incident.since - BEFORE,
        "end": end,
        "most": MOST_READINGS,
        "subjects": subjects,
    }

    def rows(name: str) -> list[dict[str, Any]]:
        return cursor.execute(statement(f"evidence_{name}"), arguments).fetchall()

    return EvidenceFacts(
        incident=_document(incident),
        stations=rows("stations"),
        alerts=rows("alerts"),
        transitions=rows("transitions"),
        history=rows("history"),
        readings=rows("readings"),
        revisions=rows("revisions"),
        limits=rows("limits"),
        rules=rows("rules"),
        models=rows("models"),
        notifications=rows("notifications"),
        audit=rows("audit"),
        files=[KeptFile(f["id"], f["name"], bytes(f["content"])) for f in rows("files")],
        raw_log=[str(row["topic"]) for row in rows("raw_log")],
    )


def _document(incident: Incident) -> Mapping[str, Any]:
    return {
        "id": incident.id,
        "topic": incident.topic.value,
        "state": incident.state.value,
        "extent": incident.extent.value,
        "severity": incident.severity.value,
        "stations": list(incident.stations),
        "since": incident.since,
        "opened_at": incident.opened_at,
        "paged_at": incident.paged_at,
        "holder": incident.holder,
        "acted_at": incident.acted_at,
        "resolved_at": incident.resolved_at,
        "closed_at": incident.closed_at,
        "closed_by": incident.closed_by,
        "cause": None if incident.cause is None else incident.cause.value,
        "cause_text": incident.cause_text,
        "relapses": list(incident.relapses),
        "reason": incident.reason,
        "follows": None if incident.after is None else incident.after.incident_id,
    }
