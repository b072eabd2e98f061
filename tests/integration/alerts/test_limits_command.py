"""``quantrac limits`` against a real database: what is imported is what judges."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from typer import Typer
from typer.testing import CliRunner

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import load_rules, packaged_rules, parse_rules
from commands import db, limits, stations
from commands.limits import app
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import load_registry, registry_sha256, sample_province
from sql import catalogue

NEW = """
[[limit_set]]
code = "QCVN40-2025"
title_vi = "thử"
title_en = "test"
source = "QCVN 40:2025/BTNMT"
effective_from = 2026-01-01
value = [{ parameter = "COD", unit = "mg/L", maximum = 65, coefficients_apply = false }]
"""


@pytest.fixture
def run(database: DatabaseEndpoint, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for role in ("OWNER", "WRITER", "READER"):
        monkeypatch.setenv(f"QUANTRAC_DATABASE_{role}_URL", getattr(database, role.lower()))
    return CliRunner()


def test_import_and_list(run: CliRunner, database: DatabaseEndpoint, tmp_path: Path) -> None:
    assert run.invoke(app, ["import"], catch_exceptions=False).output.endswith("imported.\n")
    assert set(catalogue.load_limit_sets(database.reader)) == set(load_limit_sets([packaged_limits()]))
    stored = parse_rules([d.document for d in catalogue.load_rules(database.reader)])
    assert set(stored) == set(load_rules([packaged_rules()]))

    file = tmp_path / "new.toml"
    file.write_text(NEW, encoding="utf-8")
    summary = run.invoke(app, ["import", str(file)], catch_exceptions=False).output
    assert summary == "1 limit sets with 1 values and 0 alert rules imported.\n"
    listed = json.loads(run.invoke(app, ["list", "--json"], catch_exceptions=False).output)
    versions = {(s["code"], s["effective_from"]): s["values"] for s in listed}
    assert versions["QCVN40-2025", "2026-01-01"] == 1
    assert versions["QCVN40-2025", "2025-09-01"] == 0
    assert versions["QCVN40-2011-A", "2012-02-15"] == 33


def test_list_the_limits_of_a_station(run: CliRunner, database: DatabaseEndpoint) -> None:
    registry = load_registry([sample_province()])
    catalogue.import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    run.invoke(app, ["import"], catch_exceptions=False)
    output = run.invoke(app, ["list", "DT_CCNCTHAN_NUOSXL", "--json"], catch_exceptions=False).output
    maxima = {limit["parameter"]: limit["maximum"] for limit in json.loads(output)}
    # column A, Kq 1.2, Kf 1.0: 75, 50 and 5 times 1.2
    assert (maxima["COD"], maxima["TSS"], maxima["NH4"]) == (90.0, 60.0, 6.0)


@pytest.mark.parametrize(
    ("last", "arguments"), [(limits.app, ["import"]), (stations.app, ["import"]), (db.app, ["migrate"])]
)
def test_whatever_is_imported_last_stores_what_limits_each_sensor(
    run: CliRunner, database: DatabaseEndpoint, last: Typer, arguments: list[str]
) -> None:
    for command in (limits.app, stations.app):
        assert run.invoke(command, ["import"], catch_exceptions=False).exit_code == 0
    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM effective_limits")
    assert run.invoke(last, arguments, catch_exceptions=False).exit_code == 0
    with psycopg.connect(database.reader) as connection:
        row = connection.execute(
            "SELECT maximum, unit, day_only FROM effective_limits"
            " WHERE station = 'DT_CCNCTHAN_NUOSXL' AND parameter = 'COD'"
        ).fetchone()
    assert row == (90.0, "mg/L", False)
