"""The local Grafana: started where one is found, else said where to get it."""

from __future__ import annotations

from local.servers import LocalServers
from local.servers.grafana import WHERE_TO_GET_IT
from quantrac.errors import ServerError
from quantrac.settings import Settings


def grafana_line(servers: LocalServers, settings: Settings, web_url: str | None = None) -> str:
    """Start a Grafana on running servers if there is one, and return the line that says so.

    Its incidents lead to ``web_url``; without it, where the settings say. A Grafana that does not start keeps nothing
    else from running: the line says what happened.
    """
    try:
        grafana = servers.start_grafana(settings.grafana_bin, web_url or settings.web_url)
    except ServerError as exc:
        return str(exc)
    if grafana is None:
        return WHERE_TO_GET_IT
    return (
        f"Grafana: {grafana.url} (to look, without login; administrator's password in {servers.run_dir}/secrets.json)."
    )
