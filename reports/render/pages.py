"""What the page of a report says, as plain nested values: the same for HTML and for PDF."""

from __future__ import annotations

from dataclasses import dataclass

from reports.document import Column, Document, Kind, Table, Text
from reports.formats import moment, number, says_the_same, written

_RIGHT = {Kind.NUMBER, Kind.SHARE}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, and where English differs, that too."""

    vi: str
    en: str
    right: bool
    marked: bool


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose cells are written out."""

    code: str
    title: Text
    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    origin: Text
    left_out: Text | None


@dataclass(frozen=True, slots=True)
class Page:
    """A document whose values are written out."""

    title: Text
    subject: Text
    period: Text
    as_of: Text
    facts: tuple[tuple[Text, str], ...]
    notes: tuple[Text, ...]
    tables: tuple[Grid, ...]


def page(document: Document) -> Page:
    """Return a document written out."""
    at = moment(document.as_of)
    return Page(
        title=document.title,
        subject=document.subject,
        period=document.period,
        as_of=Text(
            f"Số liệu chốt lúc {at}. Mọi thời điểm là giờ Việt Nam (UTC+7).",
            f"As known at {at}. All times are Vietnam's (UTC+7).",
        ),
        facts=document.facts,
        notes=document.notes,
        tables=tuple(_grid(table) for table in document.tables),
    )


def _grid(table: Table) -> Grid:
    return Grid(
        code=table.code,
        title=table.title,
        heads=tuple(_head(column) for column in table.columns),
        rows=tuple(
            tuple(
                _cell(written(value, column), column, (row, position) in table.marked)
                for position, (value, column) in enumerate(zip(values, table.columns, strict=True))
            )
            for row, values in enumerate(table.rows)
        ),
        origin=table.origin,
        left_out=_left_out(table),
    )


def _head(column: Column) -> Cell:
    return _cell(column.head, column, False)


def _cell(text: Text, column: Column, marked: bool) -> Cell:
    # A number differs in its decimal mark only: one of the two is enough for a reader of both.
    plain = column.kind in _RIGHT and text is not column.head
    return Cell(text.vi, "" if plain or says_the_same(text) else text.en, column.kind in _RIGHT, marked)


def _left_out(table: Table) -> Text | None:
    if not table.left_out:
        return None
    count = number(table.left_out, 12)
    return Text(f"… và {count.vi} dòng nữa không in ở đây.", f"… and {count.en} more rows, not shown here.")
