"""What happened: calibrations and faults, silences, alerts, revised readings."""

from __future__ import annotations

from datetime import timedelta

from quantrac.domain.report_rows import AlertRow, StatusRow
from reports import words
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts
from reports.formats import duration
from reports.period import day_of
from reports.tables.exceedances import MOST_ROWS

_DURATION = Column(Text("Thời lượng", "Duration"))


def statuses(facts: Facts) -> Table:
    """Return when the logger said that an instrument was being calibrated, was faulty, or something unknown."""
    rows = facts.rows.statuses
    return Table(
        code="statuses",
        title=Text("Hiệu chuẩn và lỗi thiết bị", "Calibrations and device faults"),
        columns=(
            Column(words.START, Kind.INSTANT),
            Column(words.END, Kind.INSTANT),
            _DURATION,
            Column(words.PARAMETER),
            Column(Text("Trạng thái", "Status")),
            Column(Text("Số số liệu", "Readings"), Kind.NUMBER, 8),
        ),
        rows=tuple(_status_row(facts, row) for row in rows[:MOST_ROWS]),
        origin=Text(
            "Trạng thái do data logger gửi (01 hiệu chuẩn, 02 lỗi thiết bị); số liệu liền nhau của cùng một thông số.",
            "Status sent by the data logger (01 calibrating, 02 fault); consecutive readings of one parameter.",
        ),
        left_out=max(len(rows) - MOST_ROWS, 0),
    )


def silences(facts: Facts) -> Table:
    """Return the stretches of which nothing is known."""
    rows = facts.rows.silences
    return Table(
        code="silences",
        title=Text("Mất số liệu", "Silences"),
        columns=(Column(words.START, Kind.INSTANT), Column(words.END, Kind.INSTANT), _DURATION),
        rows=tuple((row.start, row.end, duration(row.end - row.start)) for row in rows[:MOST_ROWS]),
        origin=Text(
            "Khoảng không có số liệu nào của trạm, dài hơn 15 phút và hơn 3 chu kỳ đo, kể cả sau khi đã nhận bù.",
            "Stretches without any reading of the station, over 15 minutes and over 3 cadences, backfills counted.",
        ),
        left_out=max(len(rows) - MOST_ROWS, 0),
    )


def alerts(facts: Facts) -> Table:
    """Return the alerts whose condition held in the period, with their times and causes."""
    rows = facts.rows.alerts
    return Table(
        code="alerts",
        title=Text("Cảnh báo", "Alerts"),
        columns=(
            Column(Text("Số", "No."), Kind.NUMBER, 12),
            Column(words.PARAMETER),
            Column(Text("Quy tắc", "Rule")),
            Column(Text("Mức", "Severity")),
            Column(words.START, Kind.INSTANT),
            Column(Text("Báo lúc", "Told at"), Kind.INSTANT),
            Column(Text("Tiếp nhận lúc", "Acknowledged"), Kind.INSTANT),
            Column(Text("Người tiếp nhận", "Acknowledged by")),
            Column(Text("Kết thúc", "Resolved"), Kind.INSTANT),
            Column(Text("Giá trị khi mở", "Value at opening"), Kind.NUMBER, 4),
            Column(Text("Xấu nhất", "Worst"), Kind.NUMBER, 4),
            Column(words.LIMIT),
            Column(Text("Nguyên nhân", "Cause")),
        ),
        rows=tuple(_alert_row(row) for row in rows[:MOST_ROWS]),
        origin=Text(
            "Bảng cảnh báo và các lần chuyển trạng thái; báo lúc: tin đầu tiên đã gửi được; xấu nhất: khi "
            "đã kết thúc; nguyên nhân do cán bộ ghi.",
            "The table of alerts and their transitions; told at: first message delivered; worst: once it has ended; "
            "cause as an officer recorded it.",
        ),
        left_out=max(len(rows) - MOST_ROWS, 0),
    )


def revisions(facts: Facts) -> Table:
    """Return the readings for which another number came."""
    rows = facts.rows.revisions
    return Table(
        code="revisions",
        title=Text("Số liệu được gửi lại với giá trị khác", "Revised readings"),
        columns=(
            Column(Text("Thời điểm đo", "Measured at"), Kind.INSTANT),
            Column(words.PARAMETER),
            Column(Text("Cũ", "Old"), Kind.NUMBER, 6),
            Column(Text("Mới", "New"), Kind.NUMBER, 6),
            Column(Text("Trạng thái", "Status")),
            Column(Text("Thay lúc", "Replaced at"), Kind.INSTANT),
            Column(Text("Ai, vì sao", "Who, why")),
        ),
        rows=tuple(
            (
                row.observed_at,
                row.parameter,
                row.old_value,
                row.new_value,
                f"{row.old_status} → {row.new_status}",
                row.replaced_at,
                Text(
                    f"Trạm gửi lại; bản tin gốc {row.partition}:{row.offset}",
                    f"Re-sent by the station; original message {row.partition}:{row.offset}",
                ),
            )
            for row in rows[:MOST_ROWS]
        ),
        origin=Text(
            "Giá trị cũ được giữ nguyên trong bảng reading_revisions; bản tin gốc: phân vùng và offset trong Kafka.",
            "Old values are kept in the table reading_revisions; original message: partition and offset in Kafka.",
        ),
        left_out=max(len(rows) - MOST_ROWS, 0),
    )


def _status_row(facts: Facts, row: StatusRow) -> tuple[Value, ...]:
    sensor = facts.sensor_on(row.parameter, day_of(row.first))
    end = row.last + timedelta(seconds=0 if sensor is None else sensor.cadence_s)
    end = min(end, facts.period.end)
    status = words.STATUS.get(row.status, words.STATUS["??"])
    return row.first, end, duration(end - row.first), row.parameter, status, row.readings


def _alert_row(row: AlertRow) -> tuple[Value, ...]:
    return (
        row.id,
        row.parameter or None,
        words.RULE.get(row.rule, row.rule),
        words.SEVERITY.get(row.severity, Text(row.severity, row.severity)),
        row.since,
        row.told_at,
        row.acknowledged_at,
        row.acknowledged_by,
        row.resolved_at,
        row.value,
        row.worst,
        words.limit_words(row.limit_minimum, row.limit_maximum),
        None if row.cause is None else words.CAUSE.get(row.cause, Text(row.cause, row.cause)),
    )
