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


def dashboards(web_url: str | None = None) -> tuple[Dashboard, ...]:
    """Return all dashboards, the first one the officers' start.

    Parameters
    ----------
    web_url
        Where the centre's pages are, to which incidents lead; without one they lead to the dashboard of alerts.
    """
    return (
        overview(web_url), station(web_url), park(), alerting(web_url), compliance(), quality(), water(), operations(),
        wall(),
    )  # fmt: skip
