"""What a report is, before it is drawn: titles, tables of plain values, and notes. Every text in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Vietnamese and in English."""

    vi: str
    en: str


class Kind(StrEnum):
    """How the values of a column are written."""

    TEXT = "text"
    NUMBER = "number"
    SHARE = "share"
    """0..1, written in per cent."""
    INSTANT = "instant"
    DAY = "day"


Value = str | float | int | date | datetime | Text | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    head: Text
    kind: Kind = Kind.TEXT
    digits: int = 3
    """Significant digits of a number in pages and PDF; sheets and CSV keep every one."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, with the origin of its numbers."""

    code: str
    """Name of the table in CSV: lower case, ASCII."""
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    origin: Text
    """Where the numbers come from, and how they are made."""
    marked: frozenset[tuple[int, int]] = frozenset()
    """Cells (row, column) to be seen at once: beyond a limit."""
    left_out: int = 0
    """Rows beyond the most that a table shows."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. Two of the same content give the same bytes in every format."""

    title: Text
    subject: Text
    """Station or province."""
    period: Text
    as_of: datetime
    facts: tuple[tuple[Text, str], ...]
    """Name and value of what stands under the title."""
    notes: tuple[Text, ...]
    tables: tuple[Table, ...]
    file_stem: str
    """Name of its file without the ending: ASCII, without spaces."""
