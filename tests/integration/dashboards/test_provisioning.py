"""Provisioning over HTTP: the conversation with Grafana's API, held with a stand-in that keeps what it is sent.

Grafana itself cannot be installed from the package registries; paths and bodies are those of its HTTP API reference.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from dashboards.catalogue import dashboards
from dashboards.datasource import Datasource
from dashboards.provisioning import provision
from quantrac.errors import OutsideError

SOURCE = Datasource.of_uri("postgresql://quantrac_reader:secret@db:5432/quantrac?sslmode=require")
TOKEN = "service-account-token"


class StandIn(HTTPServer):
    """Knows data sources, folders and dashboards by uid."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.kept: dict[str, Any] = {"/api/playlists": []}
        self.requests: list[str] = []
        self.read_only = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Conversation(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Keep quiet."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self._body())

    def do_PATCH(self) -> None:
        self._answer(self._body())

    def do_PUT(self) -> None:
        self._answer(self._body())

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: Any) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        status, document = 200, {}
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status, document = 401, {"message": "Invalid API key"}
        elif self.command == "GET":
            document = self.server.kept.get(self.path, {"message": "not found"})
            status = 200 if self.path in self.server.kept else 404
        elif self.path.startswith("/api/playlists"):
            name = body["name"]
            self.server.kept["/api/playlists"] = [{"uid": "p", "name": name}]
            self.server.kept["playlist"] = body
        elif self.server.read_only:
            status, document = 403, {"message": self.server.read_only}
        elif self.path == "/api/dashboards/db":
            uid = body["dashboard"]["uid"]
            self.server.kept[f"/api/dashboards/uid/{uid}"] = body
            document = {"uid": uid, "url": f"/d/{uid}/x", "status": "success"}
        elif self.command in {"PUT", "PATCH"} or self.path.endswith("/permissions"):
            self.server.kept[self.path] = body
        else:
            prefix = f"{self.path}/uid" if self.path == "/api/datasources" else self.path
            self.server.kept[f"{prefix}/{body['uid']}"] = body
        payload = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


@pytest.fixture
def grafana() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_data_source_folder_and_dashboards_are_created(grafana: StandIn) -> None:
    addresses = provision(grafana.url, TOKEN, SOURCE, dashboards())
    assert addresses == [f"{grafana.url}/d/{d.uid}/x" for d in dashboards()]
    source = grafana.kept["/api/datasources/uid/quantrac"]
    assert source["secureJsonData"] == {"password": "secret"}
    assert grafana.kept["/api/folders/quantrac"]["title"] == "Quan trắc nước thải"
    saved = grafana.kept["/api/dashboards/uid/quantrac-overview"]
    assert (saved["overwrite"], saved["folderUid"]) == (True, "quantrac")
    assert grafana.kept["/api/folders/quantrac/permissions"]["items"][0] == {"role": "Viewer", "permission": 1}
    assert grafana.kept["/api/org/preferences"]["homeDashboardUID"] == "quantrac-overview"
    assert saved["dashboard"] == json.loads(json.dumps(dashboards()[0].to_json()))


def test_a_second_time_updates_and_creates_nothing(grafana: StandIn) -> None:
    provision(grafana.url, TOKEN, SOURCE, dashboards())
    grafana.requests.clear()
    provision(grafana.url, TOKEN, SOURCE, dashboards())
    assert "PUT /api/datasources/uid/quantrac" in grafana.requests
    posts = [r for r in grafana.requests if r.startswith("POST") and not r.endswith("/permissions")]
    assert posts == ["POST /api/dashboards/db"] * len(dashboards())
    assert "PUT /api/playlists/p" in grafana.requests


def test_the_walls_playlist_shows_dashboards_that_there_are(grafana: StandIn) -> None:
    provision(grafana.url, TOKEN, SOURCE, dashboards())
    playlist = grafana.kept["playlist"]
    assert playlist["interval"] == "2m"
    assert {item["type"] for item in playlist["items"]} == {"dashboard_by_uid"}
    assert {item["value"] for item in playlist["items"]} <= {d.uid for d in dashboards()}


@pytest.mark.parametrize("message", ["Cannot update read-only data source", "Cannot save provisioned dashboard"])
def test_what_files_provision_is_called_read_only_and_not_a_matter_of_the_token(grafana: StandIn, message: str) -> None:
    grafana.read_only = message
    with pytest.raises(OutsideError, match="reads data source or dashboards from files") as caught:
        provision(grafana.url, TOKEN, SOURCE, dashboards())
    assert "TOKEN" not in str(caught.value)


def test_a_refused_token_is_final_and_says_what_to_check(grafana: StandIn) -> None:
    with pytest.raises(OutsideError, match="QUANTRAC_GRAFANA_TOKEN") as caught:
        provision(grafana.url, "wrong", SOURCE, dashboards())
    assert not caught.value.retryable


def test_a_grafana_that_does_not_answer_may_be_tried_again(grafana: StandIn) -> None:
    url = grafana.url
    grafana.shutdown()
    grafana.server_close()
    with pytest.raises(OutsideError, match="cannot be reached") as caught:
        provision(url, TOKEN, SOURCE, dashboards())
    assert caught.value.retryable
