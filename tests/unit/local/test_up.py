"""What `quantrac up` tells the servers that it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import up
from local.servers.grafana import WHERE_TO_GET_IT
from quantrac.settings import Settings


class _Servers:
    """Servers of which only Grafana does something: it notes where its dashboards lead to."""

    all = ()

    def __init__(self) -> None:
        self.led_to: list[str | None] = []

    def start(self, _: object) -> None: ...

    def stop(self) -> None: ...

    def start_grafana(self, _: Path | None, web_url: str | None) -> None:
        self.led_to.append(web_url)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "http://127.0.0.1:8400"),
        ({"web_port": 8500, "web_tls_cert": Path("page.pem")}, "https://127.0.0.1:8500"),
        ({"web_address": "0.0.0.0"}, "http://127.0.0.1:8400"),  # noqa: S104
        ({"web_address": "::"}, "http://[::1]:8400"),
        ({"web_url": "https://quan-trac.vn/trang"}, "https://quan-trac.vn/trang"),
    ],
)
def test_the_dashboards_lead_to_the_page_that_is_started_beside_them(
    settings: dict[str, object], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers, shown = _Servers(), list[str]()
    monkeypatch.setattr(up, "local_servers", lambda _: servers)
    monkeypatch.setattr(up, "prepare_servers", lambda *_: None)
    given = Settings.model_validate({"run_dir": tmp_path, **settings})
    with up._servers(given, lambda line, _: shown.append(line)):
        assert servers.led_to == [expected]
    assert shown == [WHERE_TO_GET_IT]
