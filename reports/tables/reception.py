"""How much of the data came: received and usable of what the cadence makes."""

from __future__ import annotations

from reports import words
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts


def reception(facts: Facts) -> Table:
    """Return the shares of received and usable data of each parameter, and how many readings were late."""
    return Table(
        code="reception",
        title=Text("Tỷ lệ nhận và hợp lệ của số liệu", "Data received and usable"),
        columns=(
            Column(words.PARAMETER),
            Column(Text("Dự kiến", "Expected"), Kind.NUMBER, 8),
            Column(Text("Đã nhận", "Received"), Kind.NUMBER, 8),
            Column(Text("Tỷ lệ nhận", "Received share"), Kind.SHARE),
            Column(Text("Hợp lệ", "Usable"), Kind.NUMBER, 8),
            Column(Text("Tỷ lệ hợp lệ", "Usable share"), Kind.SHARE),
            Column(Text("Đến trễ", "Late"), Kind.NUMBER, 8),
            Column(Text("Giờ hợp lệ", "Valid hours"), Kind.NUMBER, 8),
        ),
        rows=tuple(_row(facts, parameter) for parameter in facts.parameters),
        origin=Text(
            "Dự kiến: thời gian của kỳ (đến thời điểm chốt) chia chu kỳ đo. Nhận và hợp lệ tính theo thời gian: một "
            "giờ không tính quá số của chu kỳ. Đến trễ: nhận sau khi đo hơn 30 phút. Giờ hợp lệ: đủ tỷ lệ số liệu "
            "hợp lệ.",
            "Expected: time of the period (until the cut-off) over cadence. Received and usable count time covered: "
            "an hour never counts more than its cadence makes. Late: received over 30 minutes after measuring. Valid "
            "hours: with enough usable readings.",
        ),
    )


def _row(facts: Facts, parameter: str) -> tuple[Value, ...]:
    counted = facts.received(parameter)
    return (
        parameter,
        counted.expected,
        counted.received,
        counted.received_share,
        counted.usable,
        counted.usable_share,
        counted.late,
        sum(facts.valid_hours.get((parameter, day), 0) for day in facts.period.days),
    )
