"""What is chosen at the top of a dashboard."""

from __future__ import annotations

from dashboards.grafana import Variable
from dashboards.queries import query

STATIONS = Variable("stations", "Trạm", query("variable_stations"), multiple=True)
STATION = Variable("station", "Trạm", query("variable_stations"))
PARAMETERS = Variable("parameter", "Thông số", query("variable_parameter"), multiple=True)
