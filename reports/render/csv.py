"""A report as one CSV file: every table under its name, numbers with every digit and a point, stamps with offset."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime

from quantrac.terminal import printable
from reports.document import Column, Document, Table, Text, Value
from reports.formats import in_both, stamp

_BOM = "\ufeff"
"""Without it Excel reads UTF-8 as a code page, and Vietnamese as noise."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(document: Document) -> bytes:
    """Return the tables of a document, one after the other, with CRLF as RFC 4180 has it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["report", safe(document.subject.vi), safe(document.period.vi), "as_of", stamp(document.as_of)])
    for note in document.notes:
        writer.writerow(["note", safe(note.vi), safe(note.en)])
    for table in document.tables:
        writer.writerows(_lines(table))
    return (_BOM + out.getvalue()).encode()


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, and no terminal for an order.

    >>> safe("=1+1"), safe("COD"), safe(" @SUM(A1)")
    ("'=1+1", 'COD', "' @SUM(A1)")
    """
    shown = printable(text, lines=False)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def head(column: Column) -> str:
    """Return the head of a column for machines and people: Vietnamese, English, unit."""
    both = in_both(column.head)
    return f"{both} [{column.unit}]" if column.unit and column.unit not in both else both


def _lines(table: Table) -> Iterator[list[str]]:
    yield []
    yield ["table", safe(table.code), safe(table.title.vi), safe(table.title.en)]
    yield ["origin", safe(table.origin.vi), safe(table.origin.en)]
    yield [safe(head(column)) for column in table.columns]
    for row in table.rows:
        yield [_cell(value) for value in row]
    if table.left_out:
        yield ["left_out", str(table.left_out)]


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Text):
        return safe(value.vi)
    return safe(value) if isinstance(value, str) else repr(value)
