"""A report as a workbook: a sheet for what stands on top, and one for each table, with numbers as numbers."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from quantrac.domain.stations import VIETNAM
from reports.document import Document, Kind, Table, Text, Value
from reports.formats import in_both, moment
from reports.render.csv import head

NONE = Text("Không có", "None")
"""Under the heads of a table without rows."""
_HEAD_ROW = 2
_A4 = 9
"""As Excel numbers sizes of paper."""
_WIDTHS = {Kind.INSTANT: 17, Kind.DAY: 12, Kind.NUMBER: 13, Kind.SHARE: 11}
_LEAST_TEXT, _MOST_TEXT = 12, 40
"""Width of a column of texts: that of its longest, which is broken into lines beyond the most."""
_COVER = Text("Báo cáo", "Report")
_MOST_NAME = 31
"""Letters of a sheet's name that Excel takes."""


@dataclass(frozen=True, slots=True)
class _Formats:
    title: Format
    line: Format
    head: Format
    small: Format
    plain: dict[Kind, Format]
    marked: Format


def render(document: Document) -> bytes:
    """Return the workbook of a document; instants are in Vietnam's time, as every sheet says."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties(
            {"title": document.title.vi, "created": document.as_of.astimezone(VIETNAM).replace(tzinfo=None)}
        )
        formats = _formats(book)
        _cover(book.add_worksheet(_name(_COVER)), document, formats)
        for table in document.tables:
            _sheet(book.add_worksheet(_name(table.title)), table, formats)
    return out.getvalue()


def _name(title: Text) -> str:
    """Return the name of a sheet.

    >>> _name(Text("Số liệu được gửi lại với giá trị khác", "Revised readings"))
    'Số liệu được gửi lại với giá t…'
    """
    return title.vi if len(title.vi) <= _MOST_NAME else f"{title.vi[: _MOST_NAME - 1]}…"


def _formats(book: Workbook) -> _Formats:
    numbers = {
        Kind.TEXT: "@",
        Kind.NUMBER: "General",
        Kind.SHARE: "0.0%",
        Kind.INSTANT: "hh:mm dd/mm/yyyy",
        Kind.DAY: "dd/mm/yyyy",
    }
    return _Formats(
        title=book.add_format({"bold": True, "font_size": 13}),
        line=book.add_format({"text_wrap": True, "valign": "top"}),
        head=book.add_format({"bold": True, "text_wrap": True, "bg_color": "#EEF2F5", "border": 1, "valign": "top"}),
        small=book.add_format({"font_color": "#444444"}),
        plain={
            kind: book.add_format({"num_format": text, "valign": "top", "text_wrap": kind is Kind.TEXT})
            for kind, text in numbers.items()
        },
        marked=book.add_format({"bold": True, "underline": 1, "bg_color": "#FDE8E8"}),
    )


def _cover(sheet: Worksheet, document: Document, formats: _Formats) -> None:
    lines = [
        document.title,
        document.subject,
        document.period,
        Text(
            f"Số liệu chốt lúc {moment(document.as_of)}, giờ Việt Nam (UTC+7)",
            f"As known at {moment(document.as_of)}, Vietnam's time (UTC+7)",
        ),
        *(Text(f"{name.vi}: {value}", f"{name.en}: {value}") for name, value in document.facts),
        *document.notes,
    ]
    sheet.set_column(0, 1, 80)
    _lay_out(sheet)
    for row, line in enumerate(lines):
        style = formats.title if row == 0 else formats.line
        sheet.write_string(row, 0, line.vi, style)
        sheet.write_string(row, 1, line.en, style)


def _sheet(sheet: Worksheet, table: Table, formats: _Formats) -> None:
    sheet.write_string(0, 0, f"{in_both(table.title)} (UTC+7)", formats.title)
    sheet.write_string(1, 0, in_both(table.origin), formats.small)
    sheet.freeze_panes(_HEAD_ROW + 1, 1)
    _lay_out(sheet)
    sheet.repeat_rows(_HEAD_ROW)
    for position, column in enumerate(table.columns):
        sheet.set_column(position, position, _WIDTHS.get(column.kind) or _text_width(table, position))
        sheet.write_string(_HEAD_ROW, position, head(column), formats.head)
    for index, values in enumerate(table.rows):
        for position, (value, column) in enumerate(zip(values, table.columns, strict=True)):
            style = formats.marked if (index, position) in table.marked else formats.plain[column.kind]
            _write(sheet, (_HEAD_ROW + 1 + index, position), value, style)
    if not table.rows:
        sheet.write_string(_HEAD_ROW + 1, 0, in_both(NONE), formats.small)
    if table.left_out:
        sheet.write_string(_HEAD_ROW + 1 + len(table.rows), 0, f"+ {table.left_out}", formats.small)


def _lay_out(sheet: Worksheet) -> None:
    """Print across one page, on its side."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)


def _text_width(table: Table, position: int) -> int:
    longest = max((len(_written(row[position])) for row in table.rows), default=0)
    return min(max(longest + 1, _LEAST_TEXT), _MOST_TEXT)


def _written(value: Value) -> str:
    return in_both(value) if isinstance(value, Text) else "" if value is None else str(value)


def _write(sheet: Worksheet, at: tuple[int, int], value: Value, style: Format) -> None:
    if value is None:
        return
    if isinstance(value, datetime):
        sheet.write_datetime(*at, value.astimezone(VIETNAM).replace(tzinfo=None), style)
    elif isinstance(value, date):
        sheet.write_datetime(*at, value, style)
    elif isinstance(value, int | float):
        sheet.write_number(*at, value, style)
    else:
        sheet.write_string(*at, _written(value), style)
