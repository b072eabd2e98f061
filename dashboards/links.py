"""Links between the dashboards, and out of them to the web page of an incident."""

from __future__ import annotations

from dashboards.grafana import Link

STATION = Link("Mở trang của trạm ${__data.fields.code}", "/d/quantrac-station?var-station=${__data.fields.code}")
ALERTS_PAGE = Link("Cảnh báo và sự cố", "/d/quantrac-alerts")
OPERATIONS_PAGE = Link("Vận hành", "/d/quantrac-operations")
QUALITY_PAGE = Link("Chất lượng số liệu", "/d/quantrac-quality")
INCIDENT = ALERTS_PAGE
