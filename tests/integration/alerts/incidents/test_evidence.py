"""An incident's sealed file, made of a real database by the command, and verified without it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alerts.incidents.desk import Desk
from commands.main import app
from quantrac.domain.incidents import IncidentCause
from quantrac.domain.readings import CheckedReading, Flag, Reading, Status, StoredRow
from sql.incident_store import IncidentStore

from .conftest import MINUTE, Centre


def test_everything_that_is_known_of_it_is_sealed_and_verified(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = centre.clock.now()
    stamps = [now - 5 * n * MINUTE for n in range(12)]
    readings = [Reading("S1", "COD", at, at + timedelta(seconds=1), 100.0, Status.MEASURING) for at in stamps]
    with centre.worker.transaction() as t:
        t.readings.store([StoredRow(CheckedReading(r, Flag.GOOD), 3, n) for n, r in enumerate(readings)])
    centre.happens(centre.transition("S1"))
    centre.step.once()
    store = IncidentStore(centre.database.desk)
    desk = Desk(store, centre.clock)
    desk.acknowledge(1, "an")
    desk.close(1, "an", IncidentCause.POLLUTION, "tràn bể")
    store.close()
    for name, value in (
        ("RUN_DIR", str(tmp_path)),
        ("DATABASE_DESK_URL", centre.database.desk),
        ("EVIDENCE_KEY_FILE", str(tmp_path / "key.pem")),
    ):
        monkeypatch.setenv(f"QUANTRAC_{name}", value)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["evidence", *arguments])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    public = run("key", str(tmp_path / "key.pem")).split("published: ")[1].split()[0]
    file = tmp_path / "su-co-1.zip"
    told = run("make", "1", "--output", str(file), "--by", "an", "--no-raw")
    assert "12 readings, 0 of 12 original records" in told
    assert "is whole: incident 1" in run("verify", str(file), "--key", public)
    with zipfile.ZipFile(file) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("readings.csv").decode("utf-8-sig"))))
        history = json.loads(archive.read("history.json"))
        notifications = json.loads(archive.read("notifications.json"))
        alerts = json.loads(archive.read("alerts.json"))
        page = archive.read("summary.html").decode()
    assert {(r["raw_partition"], r["raw_offset"]) for r in rows} == {("3", str(n)) for n in range(12)}
    assert [h["what"] for h in history if h["actor"]] == ["acknowledge", "close"]
    assert {n["person"] for n in notifications} == {"an"}
    assert "an@so.vn" not in json.dumps(notifications)
    assert alerts[0]["limit_source"] == "QCVN"
    assert "tràn bể" in page
    (entry,) = centre.sql("SELECT entry::jsonb ->> 'subject' FROM audit WHERE entry LIKE '%%evidence made%%'")
    assert entry == ("incident 1",)
    missing = CliRunner().invoke(app, ["evidence", "make", "99", "--no-raw"])
    assert "There is no incident 99" in str(missing.exception)
