"""The precision of pages by the command, of a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.incidents.desk import Desk
from alerts.oncall.precision import RIGHT, WRONG
from commands.main import app
from quantrac.domain.alerts import AlertKind, TransitionKind
from quantrac.domain.incidents import HoldWindow, IncidentCause, WindowKind
from sql.evidence_store import facts
from sql.incident_store import IncidentStore

from .conftest import MINUTE, Centre


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


def test_who_takes_a_work_item_in_hand_was_not_paged(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    1  S1 COD   page                         told
    2  S2 COD   work item, taken by an       told to nobody
    3  S3 COD   held back, taken by an       told to nobody
    """
    now = centre.clock.now()
    with centre.store.transaction() as tx:
        tx.add_window(HoldWindow(0, WindowKind.SILENCE, "S3", "", now - MINUTE, now + 60 * MINUTE, by="an"))
    for station, page in (("S1", True), ("S2", False), ("S3", True)):
        centre.happens(centre.transition(station, page=page))
        centre.step.once()
    store = IncidentStore(centre.database.desk)
    desk = Desk(store, centre.clock)
    for number in (2, 3):
        desk.acknowledge(number, "an")
    centre.later(1)
    causes = dict(enumerate([IncidentCause.POLLUTION, IncidentCause.SENSOR_FAULT, IncidentCause.FALSE_ALARM], start=1))
    for number, cause in causes.items():
        desk.close(number, "an", cause)
    store.close()
    monkeypatch.setenv("QUANTRAC_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("QUANTRAC_DATABASE_DESK_URL", centre.database.desk)
    (week,) = json.loads(CliRunner().invoke(app, ["incidents", "precision", "--weeks", "1", "--json"]).output)
    assert (week["paged"], week["right"], week["wrong"], week["precision"]) == (1, 1, 0, 1.0)
    listed = json.loads(CliRunner().invoke(app, ["incidents", "list", "--all", "--json"]).output)
    assert {i["id"] for i in listed if i["paged_at"]} == {1}
    for number in (2, 3):
        assert (
            json.loads(CliRunner().invoke(app, ["incidents", "show", str(number), "--json"]).output)["paged_at"] is None
        )
        sealed = facts(centre.database.desk, number, centre.clock.now())
        assert sealed is not None
        assert sealed.incident["paged_at"] is None
    assert centre.sql("SELECT id FROM incident_handling WHERE paged_at IS NOT NULL OR was_right IS NOT NULL") == [(1,)]
    assert centre.sql("SELECT incident_id, urgent FROM alert_handling ORDER BY 1") == [(1, True), (2, False), (3, True)]


def test_what_a_digest_has_named_was_told(centre: Centre) -> None:
    centre.happens(*(centre.transition(f"S{n}") for n in range(13)))
    centre.step.once()
    assert centre.sql("SELECT count(*), count(paged_at) FROM incident_handling") == [(13, 13)]


@pytest.mark.parametrize("cause", IncidentCause)
def test_dashboards_and_the_summary_take_the_same_pages_for_right(centre: Centre, cause: IncidentCause) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    store = IncidentStore(centre.database.desk)
    Desk(store, centre.clock).close(1, "an", cause, "x")
    store.close()
    expected = True if cause in RIGHT else False if cause in WRONG else None
    assert centre.sql("SELECT was_right FROM incident_handling") == [(expected,)]
