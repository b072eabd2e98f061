"""Number 13: the demo writes into servers of its own, whatever the run folder holds."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import cast

import pytest

from local import demo
from local.grafana import grafana_line
from local.servers import LocalServers
from local.servers.grafana import WHERE_TO_GET_IT
from quantrac.clock import SystemClock
from quantrac.errors import QuantracError
from quantrac.settings import Settings


def test_number_13_the_demo_has_a_run_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []

    def servers(settings: Settings) -> None:
        asked.append(settings.run_dir)
        raise QuantracError("far enough")

    monkeypatch.setattr(demo, "local_servers", servers)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(QuantracError, match="far enough"):
        demo.run(Settings(run_dir=tmp_path), SystemClock(), once=True, workers=1, scenario="demo", seed=1)
    assert asked == [tmp_path / "demo"]


@pytest.mark.parametrize(
    ("setting", "page", "expected"),
    [
        (None, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://quantrac.example.vn", None, "https://quantrac.example.vn"),
        (None, None, None),
    ],
)
def test_the_dashboards_lead_to_the_page_of_this_demo(
    setting: str | None, page: str | None, expected: str | None, tmp_path: Path
) -> None:
    led_to: list[str | None] = []

    class Servers:
        def start_grafana(self, program: Path | None, web_url: str | None) -> None:
            led_to.append(web_url)

    servers = cast("LocalServers", Servers())
    assert grafana_line(servers, Settings(run_dir=tmp_path, web_url=setting), page) == WHERE_TO_GET_IT
    assert led_to == [expected]
