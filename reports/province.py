"""The report of every station's day or month on a few pages. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from quantrac.domain.limits import Window
from quantrac.domain.report_rows import JudgedRow
from reports import words
from reports.document import Column, Document, Kind, Table, Text, Value
from reports.facts import Facts, Received
from reports.formats import moment
from reports.period import Period, PeriodKind
from reports.tables.exceedances import MOST_ROWS

_TITLES = {
    PeriodKind.DAY: Text("Báo cáo quan trắc tự động toàn tỉnh trong ngày", "Daily report of all stations"),
    PeriodKind.MONTH: Text("Báo cáo quan trắc tự động toàn tỉnh trong tháng", "Monthly report of all stations"),
}
_ORIGIN = Text(
    "Cộng từ báo cáo từng trạm, cùng kỳ và cùng thời điểm chốt; mỗi cột có nguồn như ở báo cáo trạm.",
    "Added up from the reports of the stations, same period and cut-off; each column has its origin there.",
)


def province_report(period: Period, stations: Sequence[Facts], as_of: datetime) -> Document:
    """Return the report of some stations, in the order given."""
    return Document(
        title=_TITLES[period.kind],
        subject=Text("Tỉnh Đồng Tháp", "Đồng Tháp province"),
        period=period.words,
        as_of=as_of,
        facts=((Text("Số trạm", "Stations"), str(len(stations))),),
        notes=_notes(period, stations, as_of),
        tables=(_stations(stations), _days_beyond(stations), _reception(stations), _alerts(stations)),
        file_stem=f"province_{period.stem}",
    )


def _notes(period: Period, stations: Sequence[Facts], as_of: datetime) -> tuple[Text, ...]:
    found = []
    if as_of < period.end:
        at = moment(as_of)
        found.append(
            Text(
                f"Kỳ báo cáo chưa kết thúc: số liệu đến {at} (UTC+7).",
                f"The period is not over: data until {at} (UTC+7).",
            )
        )
    silent = [facts.station.code for facts in stations if not facts.rows.hours]
    if silent:
        named = ", ".join(silent)
        found.append(Text(f"Không có số liệu nào: {named}.", f"Without any reading: {named}."))
    invented = sum(facts.station.illustration for facts in stations)
    if invented:
        found.append(
            Text(f"{invented} trạm là minh họa, hồ sơ hư cấu.", f"{invented} stations are illustrations, invented.")
        )
    return tuple(found)


def _stations(stations: Sequence[Facts]) -> Table:
    return Table(
        code="stations",
        title=Text("Các trạm", "Stations"),
        columns=(
            Column(words.STATION),
            Column(Text("Tên", "Name")),
            Column(Text("Tỷ lệ nhận", "Received share"), Kind.SHARE),
            Column(Text("Tỷ lệ hợp lệ", "Usable share"), Kind.SHARE),
            Column(Text("Ngày vượt", "Days beyond"), Kind.NUMBER),
            Column(Text("Giờ vượt", "Hours beyond"), Kind.NUMBER),
            Column(Text("Tỷ số lớn nhất", "Highest ratio"), Kind.NUMBER, 4),
            Column(words.PARAMETER),
            Column(Text("Bậc (tham khảo)", "Class (reference)"), Kind.NUMBER),
            Column(Text("Cảnh báo", "Alerts"), Kind.NUMBER),
            Column(Text("Mất số liệu (giờ)", "Silent (h)"), Kind.NUMBER, 4),
            Column(Text("Đến trễ", "Late"), Kind.NUMBER, 8),
            Column(Text("Sửa số liệu", "Revisions"), Kind.NUMBER, 8),
        ),
        rows=tuple(_station_row(facts) for facts in stations),
        origin=_ORIGIN,
    )


def _station_row(facts: Facts) -> tuple[Value, ...]:
    received = sum((facts.received(p) for p in facts.parameters), Received(0, 0, 0, 0))
    days = facts.exceeded(Window.DAY)
    worst = max((row for row in days if row.ratio is not None), key=_ratio, default=None)
    silent = sum((row.end - row.start for row in facts.rows.silences), timedelta())
    return (
        facts.station.code,
        Text(facts.station.name_vi, facts.station.name_en),
        received.received_share,
        received.usable_share,
        len(days),
        len(facts.exceeded(Window.HOUR)),
        None if worst is None else worst.ratio,
        None if worst is None else worst.parameter,
        None if worst is None else worst.exceedance_class,
        len(facts.rows.alerts),
        silent / timedelta(hours=1),
        received.late,
        len(facts.rows.revisions),
    )


def _days_beyond(stations: Sequence[Facts]) -> Table:
    found = [(facts, row) for facts in stations for row in facts.exceeded(Window.DAY)]
    return Table(
        code="exceedances",
        title=Text("Ngày vượt giới hạn", "Days beyond limits"),
        columns=(
            Column(words.STATION),
            Column(words.DAY, Kind.INSTANT),
            Column(words.PARAMETER),
            Column(words.MEAN, Kind.NUMBER, 4),
            Column(words.UNIT),
            Column(words.LIMIT),
            Column(Text("Tỷ số", "Ratio"), Kind.NUMBER, 4),
            Column(Text("Bậc (tham khảo)", "Class (reference)"), Kind.NUMBER),
            Column(Text("Nguồn giới hạn", "Source of the limit")),
        ),
        rows=tuple(
            (
                facts.station.code,
                row.start,
                row.parameter,
                row.mean,
                facts.unit(row.parameter),
                words.limit_words(row.limit_minimum, row.limit_maximum),
                row.ratio,
                row.exceedance_class,
                row.limit_source,
            )
            for facts, row in found[:MOST_ROWS]
        ),
        origin=Text(
            "Kết quả xét trung bình ngày đã lưu. Bậc theo NĐ 45/2022/NĐ-CP, Đ.18: chỉ để tham khảo, không phải mức "
            "phạt.",
            "Stored findings of daily means. Class of NĐ 45/2022/NĐ-CP, Art. 18: a reference for officers, never a "
            "fine.",
        ),
        left_out=max(len(found) - MOST_ROWS, 0),
    )


def _reception(stations: Sequence[Facts]) -> Table:
    parameters = tuple(dict.fromkeys(p for facts in stations for p in facts.parameters))
    return Table(
        code="reception",
        title=Text("Tỷ lệ nhận số liệu theo thông số", "Data received by parameter"),
        columns=(Column(words.STATION), *(Column(Text(p, p), Kind.SHARE) for p in parameters)),
        rows=tuple(
            (
                facts.station.code,
                *(facts.received(p).received_share if p in facts.parameters else None for p in parameters),
            )
            for facts in stations
        ),
        origin=_ORIGIN,
    )


def _alerts(stations: Sequence[Facts]) -> Table:
    found = [(facts.station.code, row) for facts in stations for row in facts.rows.alerts]
    return Table(
        code="alerts",
        title=Text("Cảnh báo", "Alerts"),
        columns=(
            Column(Text("Số", "No."), Kind.NUMBER, 12),
            Column(words.STATION),
            Column(words.PARAMETER),
            Column(Text("Quy tắc", "Rule")),
            Column(Text("Mức", "Severity")),
            Column(words.START, Kind.INSTANT),
            Column(Text("Kết thúc", "Resolved"), Kind.INSTANT),
            Column(Text("Người tiếp nhận", "Acknowledged by")),
            Column(Text("Nguyên nhân", "Cause")),
        ),
        rows=tuple(
            (
                row.id,
                station,
                row.parameter or None,
                words.RULE.get(row.rule, row.rule),
                words.SEVERITY.get(row.severity, Text(row.severity, row.severity)),
                row.since,
                row.resolved_at,
                row.acknowledged_by,
                None if row.cause is None else words.CAUSE.get(row.cause, Text(row.cause, row.cause)),
            )
            for station, row in found[:MOST_ROWS]
        ),
        origin=Text("Bảng cảnh báo.", "The table of alerts."),
        left_out=max(len(found) - MOST_ROWS, 0),
    )


def _ratio(row: JudgedRow) -> float:
    return row.ratio or 0.0
