"""``quantrac dashboards`` and ``quantrac stations check``, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from commands import dashboards as dashboards_cli
from commands import stations as stations_cli
from quantrac.errors import RuleError, SettingsError

READER = "postgresql://quantrac_reader:secret@db/quantrac"


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUANTRAC_RUN_DIR", str(tmp_path / "run"))


def test_write_names_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTRAC_DATABASE_READER_URL", READER)
    result = CliRunner().invoke(dashboards_cli.app, ["write", str(tmp_path / "g")], catch_exceptions=False)
    assert result.exit_code == 0
    files = [Path(line) for line in result.output.split()]
    assert all(file.is_file() for file in files)
    assert str(tmp_path / "g" / "dashboards") in files[1].read_text("utf-8")


@pytest.mark.parametrize("command", [["provision"], ["write", "x"]])
def test_grafana_is_never_given_another_role(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTRAC_DATABASE_OWNER_URL", "postgresql://quantrac_owner:secret@db/quantrac")
    monkeypatch.setenv("QUANTRAC_GRAFANA_URL", "http://grafana")
    monkeypatch.setenv("QUANTRAC_GRAFANA_TOKEN", "token")
    with pytest.raises(SettingsError, match="QUANTRAC_DATABASE_READER_URL"):
        CliRunner().invoke(dashboards_cli.app, command, catch_exceptions=False)


def test_check_says_what_was_held_against_what() -> None:
    result = CliRunner().invoke(dashboards_cli.app, ["check"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "9 dashboards" in result.output
    assert "Grafana 11.6 and 12 have it." in " ".join(result.output.split())


def test_provision_needs_address_and_token() -> None:
    with pytest.raises(SettingsError, match="QUANTRAC_GRAFANA_URL and QUANTRAC_GRAFANA_TOKEN"):
        CliRunner().invoke(dashboards_cli.app, ["provision"], catch_exceptions=False)


def test_check_counts_the_sample_province() -> None:
    result = CliRunner().invoke(stations_cli.app, ["check"], catch_exceptions=False)
    assert "16 stations in 16 versions with 131 sensors, 16 of them an illustration: no mistake found." in result.output


def test_check_reports_the_first_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[station]]\ncodde = 1\n", "utf-8")
    with pytest.raises(RuleError, match=r"a\.toml: station 1, codde: is not a known key; did you mean 'code'"):
        CliRunner().invoke(stations_cli.app, ["check", str(tmp_path)], catch_exceptions=False)
