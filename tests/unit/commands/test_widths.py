"""Tables of readings fit a terminal of 80 columns: no row is broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commands.missing import _FILE_COLUMNS, _SPAN_COLUMNS
from commands.readings import _COLUMNS
from commands.views import _widths
from quantrac.domain.words import as_text
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
