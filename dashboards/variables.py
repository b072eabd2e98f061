"""What is chosen at the top of a dashboard."""

from __future__ import annotations

from dashboards.grafana import Variable
from dashboards.queries import query

STATIONS = Variable("stations", "Trạm", query("variable_stations"), multiple=True)
STATION = Variable("station", "Trạm", query("variable_stations"))
HOT_SPOTS = Variable("stations", "Điểm", query("variable_hot_spots"), multiple=True)
SEVERITIES = Variable("severity", "Mức", query("variable_severity"), multiple=True)
PARK = Variable("park", "Khu, cụm", query("variable_park"))
PARK_PARAMETER = Variable("parameter", "Thông số", query("variable_park_parameter"))
PARAMETERS = Variable("parameter", "Thông số", query("variable_parameter"), multiple=True)
