"""Provisioning by Grafana's HTTP API: data source, folder and dashboards of a running Grafana."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException
from grafana_client.model import PersonalPreferences

from dashboards.datasource import Datasource
from dashboards.files import FOLDER_TITLE, FOLDER_UID
from dashboards.grafana import DATASOURCE_UID, Dashboard
from quantrac.errors import OutsideError

TIMEOUT_S = 10.0
PLAYLIST = "Màn hình tường"
PLAYLIST_INTERVAL = "2m"
"""Long enough for the wall to go through some parks."""
PLAYLIST_UIDS = ("quantrac-wall", "quantrac-overview", "quantrac-water")
RIGHTS: Sequence[Mapping[str, object]] = ({"role": "Viewer", "permission": 1}, {"role": "Editor", "permission": 1})
"""Everybody looks, nobody but an administrator changes: what is changed by hand is lost at the next provisioning."""
START = PersonalPreferences(homeDashboardUID="quantrac-overview", timezone="Asia/Ho_Chi_Minh", weekStart="monday")
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_SERVER_ERROR = 500


def provision(url: str, token: str, datasource: Datasource, dashboards: Iterable[Dashboard]) -> list[str]:
    """Create or replace data source, folder with its rights, dashboards, playlist and start page.

    Returns the addresses of the dashboards.

    Running it again changes nothing but what differs. ``token`` is one of a service account with the role Admin, which
    data sources need.

    Raises
    ------
    OutsideError
        Grafana cannot be reached or refuses; ``retryable`` unless it refuses.
    """
    api = GrafanaApi.from_url(url, credential=token, timeout=TIMEOUT_S)
    with _translated(url):
        _create_or_update(
            lambda: api.datasource.get_datasource_by_uid(DATASOURCE_UID),
            lambda: api.datasource.create_datasource(datasource.to_json()),
            lambda: api.datasource.update_datasource_by_uid(DATASOURCE_UID, datasource.to_json()),
        )
        _create_or_update(
            lambda: api.folder.get_folder(FOLDER_UID),
            lambda: api.folder.create_folder(FOLDER_TITLE, FOLDER_UID),
            lambda: None,
        )
        api.folder.update_folder_permissions(FOLDER_UID, {"items": [dict(right) for right in RIGHTS]})
        addresses = [url.rstrip("/") + _save(api, dashboard) for dashboard in dashboards]
        api.organization.patch_preferences(START)
        _save_playlist(api)
        return addresses


def _save(api: GrafanaApi, dashboard: Dashboard) -> str:
    document = {"dashboard": dashboard.to_json(), "folderUid": FOLDER_UID, "overwrite": True, "message": "quantrac"}
    answer = api.dashboard.update_dashboard(document)  # type: ignore[no-untyped-call]
    return str(answer["url"])


def _save_playlist(api: GrafanaApi) -> None:
    """Create or replace the wall's playlist; Grafana has no files for playlists."""
    document = {"name": PLAYLIST, "interval": PLAYLIST_INTERVAL, "items": [_item(uid) for uid in PLAYLIST_UIDS]}
    known = [listed["uid"] for listed in api.client.GET("/playlists") if listed["name"] == PLAYLIST]
    if known:
        api.client.PUT(f"/playlists/{known[0]}", json=document)
    else:
        api.client.POST("/playlists", json=document)


def _item(uid: str) -> dict[str, str]:
    return {"type": "dashboard_by_uid", "value": uid}


def _create_or_update(get: Callable[[], Any], create: Callable[[], Any], update: Callable[[], Any]) -> None:
    try:
        get()
    except GrafanaClientError as exc:
        if exc.status_code != _NOT_FOUND:
            raise
        create()
    else:
        update()


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except GrafanaException as exc:
        refused = 0 < exc.status_code < _SERVER_ERROR
        advice = _advice(exc) if refused else "Try again."
        raise OutsideError(f"Grafana at {url} did not do it: {exc.message}. {advice}", retryable=not refused) from exc
    except OSError as exc:
        # Every error of the HTTP library below is one.
        raise OutsideError(
            f"Grafana at {url} cannot be reached ({exc}). Check QUANTRAC_GRAFANA_URL and that it runs.", retryable=True
        ) from exc


def _advice(exc: GrafanaException) -> str:
    """Return what to do about a refusal: what is provisioned by files cannot be changed by the API."""
    if re.search(r"provisioned|read-only", str(exc.message), re.IGNORECASE):
        return (
            "This Grafana reads data source or dashboards from files, which makes them read-only for everybody: write "
            "the files anew (`quantrac dashboards write DIR`), or remove them from its provisioning to use the API."
        )
    if exc.status_code in {_UNAUTHORIZED, _FORBIDDEN}:
        return "Check QUANTRAC_GRAFANA_TOKEN and its role (Admin)."
    return "Grafana's log says more."
