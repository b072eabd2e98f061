"""Every dashboard that is provisioned."""

from __future__ import annotations

from dashboards.alerting import alerting
from dashboards.compliance import compliance
from dashboards.grafana import Dashboard
from dashboards.operations import operations
from dashboards.overview import overview
from dashboards.park import park
from dashboards.quality import quality
from dashboards.station import station
from dashboards.wall import wall
from dashboards.water import water


def dashboards() -> tuple[Dashboard, ...]:
    """Return all dashboards, the first one the officers' start."""
    return (
        overview(), station(), park(), alerting(), compliance(), quality(), water(), operations(), wall(),
    )  # fmt: skip
