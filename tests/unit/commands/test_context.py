"""What a command says when nothing that it could ask runs here."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.context import Context
from local.servers.connections import DEMO_FOLDER, LocalEndpoints, write_local
from quantrac.clock import SystemClock
from quantrac.endpoints import (
    DATABASE_ROLES,
    DatabaseEndpoint,
    KafkaEndpoint,
    MqttEndpoint,
    SmtpEndpoint,
    SmtpSecurity,
)
from quantrac.errors import SettingsError
from quantrac.settings import Settings


def _write_local(run_dir: Path) -> None:
    ca = run_dir / "ca.pem"
    write_local(
        LocalEndpoints(
            run_dir,
            MqttEndpoint("127.0.0.1", 1, "bridge", "secret", ca, True),
            KafkaEndpoint("127.0.0.1:2"),
            DatabaseEndpoint(**dict.fromkeys(DATABASE_ROLES, "postgresql://")),
            SmtpEndpoint("127.0.0.1", 3, "a@localhost", SmtpSecurity.NONE),
            run_dir / "mail",
        )
    )


def test_a_demo_that_runs_is_named_with_how_to_ask_it(tmp_path: Path) -> None:
    def said() -> str:
        with pytest.raises(SettingsError) as caught:
            Context(Settings(run_dir=tmp_path), SystemClock()).database()
        return str(caught.value)

    assert "quantrac servers start" in said()
    assert "To ask" not in said()
    demo = tmp_path / DEMO_FOLDER
    demo.mkdir()
    _write_local(demo)
    assert said().endswith(f"To ask the demo that runs: QUANTRAC_RUN_DIR={demo}.")


def test_the_page_of_a_demo_is_named_by_the_port_that_it_has_chosen(tmp_path: Path) -> None:
    def origin(**settings: object) -> str:
        return Context(Settings(run_dir=tmp_path, **settings), SystemClock()).page_origin  # type: ignore[arg-type]

    (tmp_path / "ports.json").write_text('{"web": 20072}')
    assert origin() == "http://127.0.0.1:8400", "no servers run: the port of the settings"
    _write_local(tmp_path)
    assert origin() == "http://127.0.0.1:20072"
    assert origin(web_url="https://quan-trac.vn") == "https://quan-trac.vn"
    assert origin(web_port=8500) == "http://127.0.0.1:8500"
