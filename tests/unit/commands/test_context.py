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
