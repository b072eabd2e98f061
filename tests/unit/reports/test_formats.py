"""Files of a report: opened again by other programs' readers, the same for the same content, safe with bad texts."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import openpyxl
import pytest

import alerts.messages
from alerts.rules import load_rules, packaged_rules
from reports import words
from reports.document import Column, Document, Kind, Table, Text, Value
from reports.render import Format, render
from reports.words import limit_words

AS_OF = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
BAD = '<script>alert(1)</script> & #set page(width: 1pt) *"\' =HYPERLINK("x")'


def _text(text: str) -> Text:
    return Text(text, text)


def _document(*rows: tuple[Value, ...], name: str = "Khu công nghiệp Sa Đéc") -> Document:
    columns = (
        Column(Text("Trạm", "Station")),
        Column(Text("Trung bình", "Mean"), Kind.NUMBER, 4, "mg/L"),
        Column(Text("Tỷ lệ", "Share"), Kind.SHARE),
        Column(Text("Từ", "From"), Kind.INSTANT),
        Column(Text("Ngày", "Day"), Kind.DAY),
    )
    table = Table(
        "summary", Text("Tổng hợp", "Summary"), columns, rows, Text("Nguồn", "Origin"), frozenset({(0, 1)}), 3
    )
    return Document(
        Text("Báo cáo ngày", "Daily report"),
        _text(name),
        Text("Ngày 02/11/2026", "Day 02/11/2026"),
        AS_OF,
        ((Text("Đơn vị", "Operator"), name),),
        (Text("Giờ hợp lệ: 23", "Valid hours: 23"),),
        (table,),
        "A_2026-11-02",
    )


FULL = _document((BAD, 121.5, 0.987, datetime(2026, 11, 1, 17, 5, tzinfo=UTC), date(2026, 11, 2)), (None,) * 5)


@pytest.mark.parametrize("form", Format)
def test_the_same_content_gives_the_same_bytes(form: Format) -> None:
    again = replace(FULL, tables=tuple(replace(t) for t in FULL.tables))
    assert render(FULL, form) == render(again, form)
    assert render(replace(FULL, as_of=AS_OF.replace(day=4)), form) != render(FULL, form)


@pytest.mark.parametrize("form", Format)
def test_a_report_of_nothing_can_be_written(form: Format) -> None:
    assert render(replace(FULL, tables=(), notes=(), facts=()), form)
    assert render(_document(), form)


def test_csv_has_every_digit_and_offsets() -> None:
    text = render(_document(("=1+1", 0.1 + 0.2, 1 / 3, AS_OF, date(2026, 11, 2))), Format.CSV).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["report", "Khu công nghiệp Sa Đéc", "Ngày 02/11/2026", "as_of", "2026-11-03T07:00:00+07:00"]
    assert rows[-2] == ["'=1+1", "0.30000000000000004", "0.3333333333333333", "2026-11-03T07:00:00+07:00", "2026-11-02"]
    assert rows[-3][1] == "Trung bình / Mean [mg/L]"
    assert rows[-1] == ["left_out", "3"]


def test_a_workbook_has_numbers_as_numbers_and_days_as_days() -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(FULL, Format.XLSX)))
    assert book.sheetnames == ["Báo cáo", "Tổng hợp"]
    line = [cell.value for cell in book["Tổng hợp"][4]]
    assert line == [BAD, 121.5, 0.987, datetime(2026, 11, 2, 0, 5), datetime(2026, 11, 2)]  # noqa: DTZ001
    assert book["Tổng hợp"]["A4"].data_type == "s"
    assert book["Tổng hợp"]["B4"].font.b


def test_a_workbook_cuts_off_no_text() -> None:
    """A text is no wider than its column, or broken into lines: a number beside it would hide the rest."""
    short, long = "DT_KCNSADEC_NUOSXL", "Nước thải sau xử lý CCN Cái Tàu Hạ - An Nhơn (minh họa)"
    row = (121.5, 0.987, AS_OF, date(2026, 11, 2))
    report = replace(_document((short, *row), (long, *row)), notes=(_text(long * 3),))
    book = openpyxl.load_workbook(io.BytesIO(render(report, Format.XLSX)))
    for sheet in book:
        for cell in (c for line in sheet.iter_rows(min_row=4) for c in line if isinstance(c.value, str)):
            assert len(cell.value) < sheet.column_dimensions["A"].width or cell.alignment.wrap_text, cell.value


def test_a_sheet_without_rows_says_so_and_is_printed_across_one_page() -> None:
    empty = replace(FULL, tables=tuple(replace(table, rows=(), left_out=0) for table in FULL.tables))
    sheet = openpyxl.load_workbook(io.BytesIO(render(empty, Format.XLSX)))["Tổng hợp"]
    assert sheet["A4"].value == "Không có / None"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


@pytest.mark.parametrize("form", [Format.HTML, Format.XLSX])
def test_a_limit_is_written_once(form: Format) -> None:
    table = Table("t", _text("t"), (Column(_text("L")),), ((limit_words(None, 4.8),),), _text("t"))
    written = render(replace(FULL, tables=(table,)), form)
    if form is Format.HTML:
        assert b"4,8" in written
        assert b"4.8" not in written
    else:
        assert openpyxl.load_workbook(io.BytesIO(written))["t"]["A4"].value == "≤ 4,8"


def test_severities_are_called_as_in_messages_and_no_packaged_rule_by_its_code() -> None:
    assert {code: text.vi.upper() for code, text in words.SEVERITY.items()} == {
        severity.value: said.vi for severity, said in alerts.messages.SEVERITY.items()
    }
    assert {rule.code for rule in load_rules([packaged_rules()])} <= set(words.RULE)


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_takes_no_text_for_markup() -> None:
    page = _Cells()
    page.feed(render(FULL, Format.HTML).decode())
    assert "script" not in page.tags
    assert BAD in page.text
    assert "121,5" in page.text
    assert "98,7 %" in page.text
    assert "00:05 02/11/2026" in page.text
    assert page.text.index("Tổng hợp") < page.text.index("Summary"), "Vietnamese first"


def test_a_pdf_holds_its_fonts_and_no_page_is_lost() -> None:
    """Over twenty pages; what would be Typst's markup stays a text: else the page would be a point wide."""
    rows = tuple((BAD, float(n), 0.5, AS_OF, date(2026, 11, 2)) for n in range(1200))
    pdf = render(_document(*rows), Format.PDF)
    assert pdf.startswith(b"%PDF-")
    assert b"LibertinusSerif" in pdf
    assert b"/MediaBox[0 0 841" in pdf.replace(b" [", b"[")
    assert 20 < pdf.count(b"/MediaBox") < 40


def test_a_row_of_a_pdf_stays_on_its_page_and_one_that_may_be_higher_than_a_page_is_not_cut() -> None:
    def pages(*cells: str) -> int:
        columns = tuple(Column(_text(f"{'w' * 12}{n}")) for n in range(12))
        table = Table("t", _text("t"), columns, tuple((cell, *"abcdefghijk") for cell in cells), _text("t"))
        return render(replace(FULL, tables=(table,)), Format.PDF).count(b"/MediaBox")

    # Thirteen lines a row, of which three fill a page but for some lines: broken ones would take ten pages.
    assert pages(*["twelve " * 25] * 40) == 11
    assert pages("\n".join("x" * 90)) == 2


@pytest.mark.parametrize("bad", ["=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "  =1+1", "\x1b[2J", "\t=1"])
def test_number_9_no_text_of_a_file_of_tables_is_a_formula_or_an_order(bad: str) -> None:
    table = Table("summary", _text(bad), (Column(_text(bad)),), ((bad,),), _text(bad))
    document = replace(FULL, subject=_text(bad), period=_text(bad), notes=(_text(bad),), tables=(table,))
    rows = list(csv.reader(io.StringIO(render(document, Format.CSV).decode("utf-8-sig"))))
    cells = [cell for row in rows for cell in row]
    assert len([cell for cell in cells if bad.strip()[-2:] in cell]) >= 6
    assert not [cell for cell in cells if cell.lstrip()[:1] in {"=", "+", "-", "@"} or not cell.isprintable()]
