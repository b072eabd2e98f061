"""The precision of pages by the command, of a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.incidents.desk import Desk
from commands.main import app
from quantrac.domain.alerts import AlertKind, TransitionKind
from quantrac.domain.incidents import IncidentCause
from sql.incident_store import IncidentStore

from .conftest import Centre


def test_what_was_told_and_closed_counts_in_its_week(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    # A work item within the hour of its end opens it again, and pages nobody: it was told all the same.
    centre.happens(centre.transition("S1", kind=TransitionKind.RESOLVED))
    centre.later(1)
    centre.happens(centre.transition("S1", "NH4", alert_kind=AlertKind.ANOMALY, page=False))
    centre.later(1)
    assert centre.sql("SELECT paged_at FROM incidents") == [(None,)]
    store = IncidentStore(centre.database.desk)
    Desk(store, centre.clock).close(1, "an", IncidentCause.POLLUTION, "tràn bể")
    store.close()
    centre.sql("UPDATE incidents SET opened_at = now() RETURNING id")
    monkeypatch.setenv("QUANTRAC_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("QUANTRAC_DATABASE_DESK_URL", centre.database.desk)
    result = CliRunner().invoke(app, ["incidents", "precision", "--weeks", "2", "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    this, last = json.loads(result.output)
    assert (this["paged"], this["right"], this["causes"]) == (1, 1, {"pollution": 1})
    assert (last["paged"], last["precision"]) == (0, None)
    table = CliRunner().invoke(app, ["incidents", "precision"])
    assert "pollution 1" in table.output
    (listed,) = json.loads(CliRunner().invoke(app, ["incidents", "list", "--all", "--json"]).output)
    assert listed["paged_at"] is not None
    assert "told: -" not in CliRunner().invoke(app, ["incidents", "show", "1"]).output
