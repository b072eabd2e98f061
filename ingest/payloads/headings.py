"""The heading line that some loggers write above their columns, though the circular has none."""

from __future__ import annotations

import re
import unicodedata

_ASIDE = re.compile(r"\(.*?\)|\[.*?\]")
"""What stands in brackets beside a word: "Time (yyyyMMddHHmmss)"."""
_WORDS = tuple(
    frozenset(words.split())
    for words in (
        "symbol symbols parameter parameters param name code kyhieu kyhieuthongso thongso tenthongso mathongso ten ma",
        "value values val result giatri giatrido ketqua ketquado",
        "unit units uom donvi donvitinh donvido dvt",
        "time datetime timestamp date thoigian thoigiando ngaygio ngaygiodo thoidiem thoidiemdo",
        "status state statuscode devicestatus trangthai trangthaithietbi matrangthai tinhtrang",
    )
)
"""Of each column in turn: words in small letters, without marks and blanks."""
_MAX_CHARACTERS = 300
_UNIT, _STATUS = 2, 4
"""Columns that often have no word above them."""


def is_heading(line: str, separator: str) -> bool:
    r"""Whether a line of a station file names its columns.

    Every word has to be one of its column's, so that it has no symbol, number or time: no reading can hide in it.

    >>> is_heading("Ký hiệu;Giá trị;Đơn vị;Thời gian (yyyyMMddHHmmss);Trạng thái;", ";")
    True
    >>> is_heading("COD;value;unit;time;status", ";"), is_heading("symbol;58;;time;00", ";")
    (False, False)
    """
    if len(line) > _MAX_CHARACTERS:
        return False
    cells = [_plain(cell) for cell in line.split(separator)]
    while cells and not cells[-1]:
        cells.pop()
    return _STATUS <= len(cells) <= len(_WORDS) and all(
        cell in words or (not cell and n == _UNIT) for n, (cell, words) in enumerate(zip(cells, _WORDS, strict=False))
    )


def _plain(cell: str) -> str:
    """Return the letters and digits of a cell in small letters, without marks."""
    letters = unicodedata.normalize("NFD", _ASIDE.sub("", cell).casefold().replace("đ", "d"))
    return "".join(c for c in letters if c.isalnum())
