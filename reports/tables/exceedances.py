"""Days and hours beyond a limit: value, limit and its source, ratio and class."""

from __future__ import annotations

from quantrac.domain.limits import Window
from quantrac.domain.report_rows import JudgedRow
from reports import words
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts

MOST_ROWS = 200
"""Of one table: more would be pages that nobody reads. What is left out is counted."""


def exceedances(facts: Facts) -> Table:
    """Return every finding beyond a limit: the days, which count, before the hours, which indicate."""
    found = [*facts.exceeded(Window.DAY), *facts.exceeded(Window.HOUR)]
    return Table(
        code="exceedances",
        title=Text("Ngày và giờ vượt giới hạn", "Days and hours beyond limits"),
        columns=(
            Column(Text("Bắt đầu", "Start"), Kind.INSTANT),
            Column(Text("Kỳ", "Window")),
            Column(words.PARAMETER),
            Column(words.MEAN, Kind.NUMBER, 4),
            Column(words.UNIT),
            Column(words.LIMIT),
            Column(Text("Tỷ số", "Ratio"), Kind.NUMBER, 4),
            Column(Text("Bậc (tham khảo)", "Class (reference)"), Kind.NUMBER),
            Column(Text("Hợp lệ/dự kiến", "Usable/expected")),
            Column(Text("Xét lại", "Retrospective")),
            Column(Text("Nguồn giới hạn", "Source of the limit")),
        ),
        rows=tuple(_row(facts, row) for row in found[:MOST_ROWS]),
        origin=Text(
            "Kết quả xét đã lưu: trung bình của số liệu hợp lệ so với giới hạn có hiệu lực. Tỷ số: trung bình chia "
            "giới hạn trên. Bậc 1–6 theo NĐ 45/2022/NĐ-CP, Đ.18: chỉ để cán bộ tham khảo, không phải mức phạt.",
            "Stored findings: mean of usable readings against the limit in force. Ratio: mean over maximum. Class "
            "1–6 of NĐ 45/2022/NĐ-CP, Art. 18: a reference for officers, never a fine.",
        ),
        left_out=max(len(found) - MOST_ROWS, 0),
    )


def _row(facts: Facts, row: JudgedRow) -> tuple[Value, ...]:
    return (
        row.start,
        words.WINDOW[row.window],
        row.parameter,
        row.mean,
        facts.unit(row.parameter),
        words.limit_words(row.limit_minimum, row.limit_maximum),
        row.ratio,
        row.exceedance_class,
        f"{row.usable_count}/{row.expected}",
        words.YES if row.retrospective else None,
        row.limit_source,
    )
