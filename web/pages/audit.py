"""The audit: who did what, the newest first. Whether its chain is whole says ``quantrac audit verify``."""

from __future__ import annotations

import json
from datetime import datetime

from starlette.responses import Response

from quantrac.domain.accounts import Right
from sql.statements import statement
from web.visit import Visit, page

PAGE_OF = 100


def audit(visit: Visit) -> Response:
    """Show entries, so many at a time."""
    before = visit.request.query_params.get("before", "")
    arguments = {"before": int(before) if before.isdecimal() and len(before) < 16 else None, "limit": PAGE_OF}
    with visit.house.database.reading("reading the audit") as cursor:
        rows = cursor.execute(statement("page_audit"), arguments).fetchall()
    entries = [json.loads(entry) for _, entry in rows]
    for entry in entries:
        entry["when"] = datetime.fromisoformat(entry["at"])
        entry["said"] = json.dumps(entry["detail"], ensure_ascii=False)
    return visit.render("audit.html", {"entries": entries, "more": rows[-1][0] if len(rows) == PAGE_OF else None})


ROUTES = [page("/audit", audit, right=Right.AUDIT)]
