"""Every dashboard that is provisioned."""

from __future__ import annotations

from dashboards.grafana import Dashboard
from dashboards.overview import overview
from dashboards.station import station


def dashboards() -> tuple[Dashboard, ...]:
    """Return all dashboards, the first one the officers' start."""
    return (overview(), station())
