"""The local Grafana without one: where it is looked for, and what it is told."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
import yaml

from dashboards.grafana import DATE_FORMATS
from local.servers import grafana
from local.servers.grafana import Grafana, find_grafana
from quantrac.errors import SettingsError

READER = "postgresql://quantrac_reader:geheim@127.0.0.1:5432/quantrac"
COMPOSE = Path(__file__).parents[4] / "deploy" / "compose.yaml"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unpacked Grafana; none on the PATH, none packaged."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(grafana, "PACKAGED", tmp_path / "packaged" / "bin" / "grafana")
    for folder in ("bin", "public"):
        (tmp_path / "home" / folder).mkdir(parents=True)
    (tmp_path / "home" / "bin" / "grafana").touch(0o755)
    return tmp_path / "home"


def test_it_is_looked_for_in_the_setting_then_on_the_path_then_packaged(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_grafana(None) is None
    packaged = grafana.PACKAGED
    packaged.parent.mkdir(parents=True)
    packaged.touch(0o755)
    assert find_grafana(None) == packaged
    monkeypatch.setenv("PATH", str(home / "bin"))
    assert find_grafana(None) == home / "bin" / "grafana"
    assert find_grafana(packaged) == packaged
    with pytest.raises(SettingsError, match="QUANTRAC_GRAFANA_BIN names"):
        find_grafana(tmp_path / "nothing")


def test_it_listens_on_loopback_shows_to_anybody_and_tells_nobody(home: Path, tmp_path: Path) -> None:
    server = Grafana(tmp_path / "run", home / "bin" / "grafana", READER)
    server.folder.mkdir(parents=True)
    (tmp_path / "run" / "ports.json").write_text('{"grafana": 3000}', "utf-8")
    server._prepare()
    ini = configparser.RawConfigParser()
    ini.read(server.folder / "grafana.ini", "utf-8")
    assert ini["server"]["http_addr"] == "127.0.0.1"
    assert dict(ini["auth.anonymous"]) == {"enabled": "true", "org_role": "Viewer", "hide_version": "true"}
    assert ini["unified_alerting"]["enabled"] == "false"
    assert dict(ini["date_formats"]) == dict(DATE_FORMATS)
    assert set(dict(ini["analytics"]).values()) == {"false"}
    assert Path(ini["dashboards"]["default_home_dashboard_path"]).is_file()
    private = [server.folder / name for name in ("grafana.ini", "reader_password", "admin_password")]
    assert all(file.stat().st_mode & 0o077 == 0 for file in private)
    assert "geheim" not in (server.folder / "grafana.ini").read_text("utf-8")
    assert "geheim" not in " ".join(map(str, server._command()))
    assert list(map(str, server._command()))[2:4] == ["--homepath", str(home)]


def test_the_compose_file_has_the_same_dates() -> None:
    environment = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]["grafana"]["environment"]
    told = {k.removeprefix("GF_DATE_FORMATS_").lower(): v for k, v in environment.items() if "DATE_FORMATS" in k}
    assert told == dict(DATE_FORMATS)
    assert environment["GF_UNIFIED_ALERTING_ENABLED"] == "false"
