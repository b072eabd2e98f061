"""Links between the dashboards, and out of them to the web page of an incident."""

from __future__ import annotations

from dashboards.grafana import Link

STATION = Link("Mở trang của trạm ${__data.fields.code}", "/d/quantrac-station?var-station=${__data.fields.code}")
ALERTS_PAGE = Link("Cảnh báo và sự cố", "/d/quantrac-alerts")
OPERATIONS_PAGE = Link("Vận hành", "/d/quantrac-operations")
QUALITY_PAGE = Link("Chất lượng số liệu", "/d/quantrac-quality")


def to_incident(web_url: str | None, field: str) -> Link:
    """Return the link to the centre's page of the incident that ``field`` numbers; without one to our own list."""
    if web_url is None:
        return ALERTS_PAGE
    return Link("Mở sự cố", f"{web_url.rstrip('/')}/incidents/${{__data.fields.{field}}}", new_tab=True)
