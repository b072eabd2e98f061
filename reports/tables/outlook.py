"""The compliance clock of a day that is not over: what the rest may bring, and where the present level leads."""

from __future__ import annotations

from quantrac.domain.limits import Window
from quantrac.domain.report_rows import HourRow
from reports import words
from reports.clock import DaySoFar, outlook
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts, mean_of
from reports.period import PeriodKind


def clock(facts: Facts) -> Table | None:
    """Return the outlook of each parameter with a maximum, of a running day; ``None`` for every other period."""
    if facts.period.kind is not PeriodKind.DAY or facts.as_of >= facts.period.end:
        return None
    rows = [row for parameter in facts.parameters if (row := _row(facts, parameter)) is not None]
    return Table(
        code="clock",
        title=Text("Đồng hồ tuân thủ", "Compliance clock"),
        columns=(
            Column(words.PARAMETER),
            Column(words.LIMIT),
            Column(Text("Trung bình đến nay", "Mean so far"), Kind.NUMBER, 4),
            Column(Text("Mức gần nhất", "Present level"), Kind.NUMBER, 4),
            Column(Text("Phần còn lại được phép", "Allowance of the rest"), Kind.NUMBER, 4),
            Column(Text("Trung bình ngày nếu giữ mức", "Day's mean if the level holds"), Kind.NUMBER, 4),
            Column(Text("Vượt lúc", "Beyond at"), Kind.INSTANT),
        ),
        rows=tuple(rows),
        origin=Text(
            "Trung bình mà phần còn lại của ngày được phép có; lúc trung bình ngày vượt giới hạn nếu giữ mức của giờ "
            "gần nhất. Dự báo, không phải kết quả xét.",
            "Mean that the rest of the day may have, and when the day's mean passes the limit if the level of the "
            "latest hour holds. A forecast, not a finding.",
        ),
    )


def _row(facts: Facts, parameter: str) -> tuple[Value, ...] | None:
    hours = facts.hours_of.get((parameter, facts.period.first_day), ())
    sensor = facts.sensor_on(parameter, facts.period.first_day)
    limited = facts.judged_by.get((parameter, Window.HOUR), ())
    measured = [row for row in hours if row.usable_count]
    if sensor is None or not limited or not measured:
        return None
    limit = limited[-1]
    if limit.limit_maximum is None or limit.limit_minimum is not None:
        return None
    day = _so_far(facts, measured, sensor.cadence_s, limit.limit_maximum)
    level = mean_of(measured[-1:])
    found = outlook(day, level)
    words_of_limit = words.limit_words(None, limit.limit_maximum)
    return parameter, words_of_limit, day.mean, level, found.allowance, found.expected_mean, found.passed_at


def _so_far(facts: Facts, measured: list[HourRow], cadence_s: float, maximum: float) -> DaySoFar:
    total = float(sum(row.usable_sum for row in measured))
    count = sum(row.usable_count for row in measured)
    return DaySoFar(facts.period.start, facts.as_of, total, count, cadence_s, maximum)
