"""The province: where what is happening, who is on duty. The first page, and the wall."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from alerts.oncall.document import of_rows
from alerts.oncall.duty import Duty, duty
from quantrac.domain.alerts import GRAVITY
from quantrac.domain.incidents import Incident, IncidentState
from quantrac.domain.oncall import OnCall, Rota
from quantrac.domain.statuses import LOOKS, StationStatus
from sql import oncall_store, page_rows
from sql.page_rows import StationRow
from web.incidents.view import cut
from web.languages import translator
from web.visit import Visit, page

MOST_INCIDENTS = 200


def province(visit: Visit) -> Response:
    """Show the map, the open incidents, who is on duty."""
    return visit.render("province.html", _shown(visit))


def wall(visit: Visit) -> Response:
    """Show the same for a screen in the room."""
    return visit.render("wall.html", _shown(visit))


def overview(visit: Visit) -> Response:
    """Return the parts of the page that change, for an open page."""
    wall = visit.request.query_params.get("wall") == "1"
    return visit.render("parts/wall.html" if wall else "parts/overview.html", _shown(visit))


def stations(visit: Visit) -> Response:
    """Return the stations for the map."""
    t = translator(visit.language)
    with visit.house.database.reading("reading the stations") as cursor:
        rows = visit.house.stations.of(cursor, visit.now, visit.account.scope, first=True)
    return JSONResponse([
        {
            "code": s.code,
            "name": t(s.name),
            "place": [s.latitude, s.longitude],
            "status": s.status.value,
            "word": t(LOOKS[s.status].text),
            "color": LOOKS[s.status].color,
            "urgency": LOOKS[s.status].urgency,
            "alerts": s.open_alerts,
            "kind": s.kind,
        }
        for s in rows
    ])  # fmt: skip


def _shown(visit: Visit) -> dict[str, object]:
    scope = visit.account.scope
    with visit.house.database.reading("reading the province") as cursor:
        rows = visit.house.stations.of(cursor, visit.now, scope, first=True)
        incidents = page_rows.incidents(cursor, scope, only_active=True, limit=MOST_INCIDENTS)
        oncall = of_rows(oncall_store.load(cursor, visit.now))
    return {
        "stations": sorted(rows, key=lambda s: (LOOKS[s.status].urgency, s.code)),
        "counts": counts_of(rows),
        "looks": LOOKS,
        "incidents": sorted((c for i in incidents if (c := cut(i, visit.account)) is not None), key=pressing),
        "names": {s.code: s.name for s in rows},
        "duties": duties_of(oncall, visit),
        "people": {p.code: p.name for p in oncall.people},
        "tiles": visit.house.options.tiles,
    }


def counts_of(rows: list[StationRow]) -> list[tuple[StationStatus, int]]:
    """Return how many stations have each status, the most urgent first; statuses of none are left out."""
    counted = {status: sum(r.status is status for r in rows) for status in LOOKS}
    return [(status, n) for status, n in counted.items() if n]


def duties_of(oncall: OnCall, visit: Visit) -> list[tuple[Rota, Duty]]:
    """Return who is on duty in each rota."""
    return [(rota, duty(rota, oncall.overrides, visit.now)) for rota in oncall.rotas]


def pressing(incident: Incident) -> tuple[bool, int, int]:
    """Order what nobody has taken before the rest, then the gravest, then the newest: few of many are to be seen."""
    return incident.state is not IncidentState.OPEN, -GRAVITY[incident.severity], -incident.id


ROUTES = [
    page("/", province),
    page("/wall", wall),
    page("/overview", overview),
    page("/stations.json", stations),
]
