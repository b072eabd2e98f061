"""A demo that begins within the past that it sends finds an empty run folder, and the last one's data beside it."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local import aside
from local.alone import FILE, alone
from local.aside import put_aside, sent_lately
from quantrac.errors import ServerError

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PAST = timedelta(seconds=400)


@pytest.mark.parametrize(("ended_s_ago", "lately"), [(0, True), (399, True), (401, False), (86_400, False)])
def test_a_run_is_put_aside_only_when_its_readings_lie_in_the_past_of_the_next(
    tmp_path: Path, ended_s_ago: int, lately: bool
) -> None:
    report = tmp_path / "fleet-report.json"
    assert not sent_lately(report, PAST, NOW), "the first run"
    report.write_text("{}")
    ended_s = NOW.timestamp() - ended_s_ago
    os.utime(report, (ended_s, ended_s))
    assert sent_lately(report, PAST, NOW) is lately


def test_what_was_stored_is_kept_once_and_the_folder_stays_held(tmp_path: Path) -> None:
    run_dir = tmp_path / "demo"
    with alone(run_dir):
        for word in ("first", "second"):
            (run_dir / "mail").mkdir()
            (run_dir / "mail" / "index").write_text(word)
            before = put_aside(run_dir)
            assert (before / "mail" / "index").read_text() == word
            assert [entry.name for entry in run_dir.iterdir()] == [FILE]
    assert before == tmp_path / "demo-before"


def test_a_database_that_lies_elsewhere_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "database_folder", lambda run_dir: tmp_path / "state" / run_dir.name / "postgres")
    run_dir = tmp_path / "demo"
    run_dir.mkdir()
    for word in ("first", "second"):
        database = tmp_path / "state" / "demo" / "postgres"
        database.mkdir(parents=True)
        (database / "data").write_text(word)
        put_aside(run_dir)
        assert not database.exists()
        assert (tmp_path / "state" / "demo-before" / "postgres" / "data").read_text() == word


def test_what_cannot_be_moved_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_dir = tmp_path / "demo"
    (run_dir / "mail").mkdir(parents=True)

    def refuse(_: Path, to: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(to))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ServerError, match=r"demo-before \(Invalid cross-device link\). Remove both"):
        put_aside(run_dir)
