"""Tables of readings fit a terminal of 80 columns: no row is broken."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from commands import audit, incidents, views
from commands.missing import _FILE_COLUMNS, _SPAN_COLUMNS
from commands.readings import _COLUMNS
from commands.views import Column, _widths, _without
from quantrac.domain.alerts import AlertKey, AlertKind, Severity
from quantrac.domain.incidents import HoldWindow, Incident, Member, Topic, WindowKind
from quantrac.domain.words import as_text
from sql.audit_store import AuditRow
from sql.ledger_report import MissingFiles
from sql.readings_desk import ShownReading
from sql.reports import MissingSpan

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
LONGEST = "DRILL_DT_CCNTMCHANH_NUOSXL"


def _reading(took: timedelta, *, late: bool = False) -> ShownReading:
    return ShownReading("Coliform", AT, AT + took, 2810.0, "00", 3, late, None, False, None, None)


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (_COLUMNS, _reading(timedelta(minutes=2))),
        (_SPAN_COLUMNS, MissingSpan(LONGEST, "Coliform", AT, AT + timedelta(days=1), 85_343)),
        (_FILE_COLUMNS, MissingFiles(LONGEST, AT, AT + timedelta(days=1), 85_343)),
    ],
)
def test_a_row_is_one_line(columns: Sequence[Any], row: Any) -> None:
    cells = [as_text(column.value(row)) for column in columns]
    widths = _widths([(column.head, cell) for column, cell in zip(columns, cells, strict=True)], 80)
    assert widths is not None
    assert all(len(cell) <= width for cell, width in zip(cells, widths, strict=True))


def test_how_long_a_reading_took_is_said_and_whether_it_was_late() -> None:
    (took,) = (column for column in _COLUMNS if column.head == "arrived")
    assert took.value(_reading(timedelta(seconds=2))) == "+2 s"
    assert took.value(_reading(timedelta(hours=3), late=True)) == "+3 h, late"
    assert took.value(_reading(timedelta(seconds=-90))) == "-1 min"


def test_what_of_an_incident_and_of_an_alert_matters_first_has_room_and_what_is_left_out_is_said() -> None:
    member = Member(
        1, 1, AlertKey(LONGEST.removeprefix("DRILL_"), "COD", "limit"), AlertKind.LIMIT, Severity.CRITICAL, True, None,
        AT, AT,
    )  # fmt: skip
    incident = Incident(17, Topic.WATER, AT, AT, (member,), holder="an", paged_at=AT, reason="paged_already")
    texts = [(c.head, as_text(c.value(incident))) for c in incidents._COLUMNS]
    extras = [place for place, column in enumerate(incidents._COLUMNS) if column.extra]
    assert [incidents._COLUMNS[p].head for p in _without(texts, extras, 80)] == [
        "told", "why", "topic", "alerts", "cause",
    ]  # fmt: skip
    kept = [text for place, text in enumerate(texts) if place not in extras]
    assert _widths(kept, 80) == [max(map(len, text)) for text in kept], "one line, no word broken"
    assert _without(texts, extras, 240) == []


ENTRY = {
    "id": 123456, "at": "2026-11-30T20:56:35.081849Z", "actor": "quantrac_notifier",
    "action": "insert into oncall_policies", "subject": LONGEST,
    "detail": {"officer": "Nguyễn Văn A", "before": {"note": "x" * 200}},
}  # fmt: skip
HELD = HoldWindow(
    1234, WindowKind.CALIBRATION, LONGEST, "Coliform", AT, AT + timedelta(hours=1), 7, by="an", note="biên bản " * 9
)


@pytest.mark.parametrize(
    ("columns", "row", "left_out"),
    [
        (audit._COLUMNS, AuditRow(123456, json.dumps(ENTRY), b""), ["detail"]),
        (incidents._WINDOW_COLUMNS, HELD, ["every days", "by", "note"]),
    ],
)
def test_a_list_of_long_rows_is_a_table(columns: Sequence[Any], row: Any, left_out: list[str]) -> None:
    texts = [(c.head, as_text(c.value(row))) for c in columns]
    extras = [place for place, column in enumerate(columns) if column.extra]
    assert [columns[place].head for place in _without(texts, extras, 80)] == left_out
    assert _widths([text for place, text in enumerate(texts) if place not in extras], 80) is not None


def test_an_entry_of_the_audit_says_when_and_who() -> None:
    for person, entry in (
        ("Nguyễn Văn A", ENTRY), ("an", ENTRY | {"account": "an"}), ("quantrac_notifier", ENTRY | {"detail": {}}),
    ):  # fmt: skip
        row = AuditRow(1, json.dumps(entry), b"")
        said = {column.head: as_text(column.value(row)) for column in audit._COLUMNS}
        assert (said["at"], said["who"]) == ("2026-12-01 03:56:35", person)


def test_a_window_that_is_too_narrow_says_which_columns_it_goes_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(width=24, force_terminal=True, file=sys.stdout)
    monkeypatch.setattr(views, "table_console", lambda: console)
    columns: list[Column[str]] = [Column("name", str), Column("cause", lambda _: "communication", extra=True)]
    views.print_table(columns, ["DT_KCNSADEC_NUOSXL"])
    said = capsys.readouterr().out
    assert "communication" not in said
    assert "No room here for: cause." in said
