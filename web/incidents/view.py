"""An incident as an account sees it: members of other people's stations are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from alerts.advice import incident_steps
from alerts.incidents.closing import closing_words
from alerts.oncall.document import of_rows
from quantrac.domain.accounts import Account, Right
from quantrac.domain.alerts import AlertKind
from quantrac.domain.incidents import Attachment, HoldWindow, Incident, IncidentEvent
from quantrac.domain.oncall import Person
from quantrac.domain.stations import Registry, StationKind
from quantrac.domain.words import Bilingual
from sql import oncall_store, page_rows
from sql.incident_store import IncidentTransaction
from sql.page_rows import Cursor, DeliveryRow, MadeEvidence, PlacingRow, StationRow
from sql.reports import AlertLine
from web.incidents.matters import Judgement, Matter, judgements, matters
from web.visit import Visit, not_found

HISTORY = 8
"""Earlier incidents of the station that are shown."""
WORK_ITEMS = 10


@dataclass(frozen=True, slots=True)
class IncidentView:
    """Everything that the page of an incident shows, but for its curve."""

    incident: Incident
    matters: tuple[Matter, ...]
    """Its alerts by parameter, what lasts and is gravest first."""
    judgements: tuple[Judgement, ...]
    """What the model takes its stations for, each once."""
    stations: dict[str, StationRow]
    neighbours: tuple[StationRow, ...]
    """Other stations of the park."""
    events: tuple[IncidentEvent, ...]
    files: tuple[Attachment, ...]
    placings: tuple[PlacingRow, ...]
    deliveries: tuple[DeliveryRow, ...]
    earlier: tuple[Incident, ...]
    unpaged: tuple[AlertLine, ...]
    """Open alerts of its stations of which nobody is paged."""
    windows: tuple[HoldWindow, ...]
    people: tuple[Person, ...]
    names: dict[str, str]
    """Of people, by their codes."""
    checklist: tuple[Bilingual, ...]
    evidence: tuple[MadeEvidence, ...]
    """Sealed files that were made of it; for those alone who may make one."""
    before: Bilingual | None
    """How the incident before it was closed."""


def cut(incident: Incident, account: Account) -> Incident | None:
    """Return an incident with the alerts of an account's stations alone; ``None`` when none is left."""
    if not account.stations:
        return incident
    members = tuple(m for m in incident.members if account.sees(m.key.station))
    return replace(incident, members=members) if members else None


def found(cursor: Cursor, visit: Visit, incident_id: int) -> Incident:
    """Return an incident that the account may see, or answer 404."""
    whole = page_rows.incident(cursor, incident_id)
    incident = None if whole is None else cut(whole, visit.account)
    if incident is None:
        raise not_found()
    return incident


def view_of(cursor: Cursor, visit: Visit, incident_id: int) -> IncidentView:
    """Read everything that the page shows."""
    incident = found(cursor, visit, incident_id)
    alone = incident.stations == stations_of(cursor, incident_id)
    tx, now = IncidentTransaction(cursor), visit.now
    rows = {s.code: s for s in visit.house.stations.of(cursor, now, visit.account.scope)}
    lead = rows.get(incident.stations[0]) if incident.stations else None
    alerts = page_rows.alerts(cursor, ids=[m.alert_id for m in incident.members], limit=200)
    earlier = page_rows.incidents(cursor, incident.stations[:1], only_active=False, limit=HISTORY + 1)
    oncall = of_rows(oncall_store.load(cursor, now))
    shown = {a.id for a in alerts}
    unpaged = [
        alert
        for station in incident.stations[:5]
        for alert in page_rows.alerts(cursor, station=station, only_open=True, limit=WORK_ITEMS)
        if alert.id not in shown and not alert.page
    ]
    about = matters(alerts, partial(_unit, visit.house.catalogue()[0], now))
    return IncidentView(
        incident,
        about,
        judgements(about, {s.code for s in rows.values() if s.kind == StationKind.SURFACE_WATER}, incident.relapses),
        rows,
        tuple(
            s for s in rows.values() if lead and lead.park and s.park == lead.park and s.code not in incident.stations
        ),
        # What others have said of their stations in an incident of several is theirs.
        tuple(e for e in tx.events(incident_id) if alone or e.actor == visit.account.acts_as),
        tuple(f for f in tx.attachments(incident_id) if alone or f.actor == visit.account.acts_as),
        tuple(p for p in page_rows.placings(cursor, incident_id) if alone or p.alert_id in shown),
        () if visit.account.stations else tuple(page_rows.deliveries(cursor, incident_id)),
        tuple(c for i in earlier if i.id != incident_id and (c := cut(i, visit.account)) is not None)[:HISTORY],
        tuple(unpaged),
        tuple(page_rows.windows(cursor, incident.stations, incident.since, now)),
        oncall.people,
        dict(oncall.names),
        checklist(incident, lead),
        tuple(page_rows.made_evidence(cursor, incident_id)) if visit.account.may(Right.HANDLE) and alone else (),
        None if incident.after is None else closing_words(incident.after, oncall.names),
    )


def stations_of(cursor: Cursor, incident_id: int) -> tuple[str, ...]:
    """Return all stations of an incident, whoever sees them."""
    whole = page_rows.incident(cursor, incident_id)
    return () if whole is None else whole.stations


def _unit(registry: Registry, now: datetime, station: str, parameter: str) -> str:
    described = registry.station(station, now)
    sensor = None if described is None else described.sensor_of.get(parameter)
    return "" if sensor is None else sensor.unit


def checklist(incident: Incident, lead: StationRow | None) -> tuple[Bilingual, ...]:
    """Return what to do, by the gravest of its alerts."""
    if not incident.members:
        return ()
    member = incident.open_members[0] if incident.open_members else incident.members[0]
    kind = StationKind.EFFLUENT if lead is None else StationKind(lead.kind)
    mean = member.kind is AlertKind.LIMIT and "mean" in member.key.rule
    return incident_steps(member.kind, incident.id, over=not incident.is_active, of_mean=mean, station=kind)
