"""How many pages about water were right, week by week."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from alerts.oncall.precision import by_week, first_of
from quantrac.domain.accounts import Right
from sql.incident_store import IncidentTransaction
from web.incidents.view import cut
from web.visit import Visit, page

WEEKS = 26


def precision(visit: Visit) -> Response:
    """Show the weeks of half a year."""
    with visit.house.database.reading("counting pages") as cursor:
        known = IncidentTransaction(cursor).opened_in(first_of(WEEKS, visit.now), visit.now + timedelta(days=1))
    own = [c for i in known if (c := cut(i, visit.account)) is not None]
    return visit.render("precision.html", {"weeks": by_week(own, WEEKS, visit.now)})


ROUTES = [page("/precision", precision, right=Right.PLAN)]
