"""What was measured: one line a parameter, and the means by hour or day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.report_rows import HourRow, JudgedRow
from quantrac.domain.stations import midnight
from reports import words
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts, mean_of
from reports.period import PeriodKind, day_of

_HOUR = timedelta(hours=1)
_NOT_JUDGED = Text("chưa xét", "not judged yet")


def summary(facts: Facts) -> Table:
    """Return mean, minimum, maximum, limits and time beyond them of each parameter."""
    return Table(
        code="summary",
        title=Text("Tổng hợp theo thông số", "Summary by parameter"),
        columns=(
            Column(words.PARAMETER),
            Column(words.UNIT),
            Column(words.MEAN, Kind.NUMBER, 4),
            Column(Text("Nhỏ nhất", "Minimum"), Kind.NUMBER, 4),
            Column(Text("Lớn nhất", "Maximum"), Kind.NUMBER, 4),
            Column(words.LIMIT),
            Column(Text("Ngày vượt", "Days beyond"), Kind.NUMBER),
            Column(Text("Giờ vượt", "Hours beyond"), Kind.NUMBER),
            Column(Text("Thời gian ngoài giới hạn (giờ)", "Time beyond limit (h)"), Kind.NUMBER, 4, "h"),
            Column(Text("% thời gian đo", "% of time measured"), Kind.SHARE),
        ),
        rows=tuple(_summary_row(facts, parameter) for parameter in facts.parameters),
        origin=Text(
            "Số liệu hợp lệ (trạng thái 00, cờ QC 1–2) của kỳ báo cáo. Ngày, giờ vượt: kết quả xét trung bình ngày, "
            "giờ. Thời gian ngoài giới hạn: từng số liệu so với giới hạn đã dùng để xét giờ đó × chu kỳ đo.",
            "Usable readings (status 00, QC flag 1–2) of the period. Days, hours beyond: findings of daily, hourly "
            "means. Time beyond limit: each reading against the limit that judged its hour × the cadence.",
        ),
    )


def means(facts: Facts) -> Table:
    """Return the means of each hour of a day, or of each day of a month; those beyond the limit are marked."""
    hourly = facts.period.kind is PeriodKind.DAY
    starts = _hours(facts) if hourly else facts.days
    rows: list[tuple[Value, ...]] = []
    marked: set[tuple[int, int]] = set()
    for index, start in enumerate(starts):
        cells: list[Value] = [start]
        for position, parameter in enumerate(facts.parameters, 1):
            cells.append(_mean(facts, parameter, start))
            if _is_exceeded(facts, parameter, start):
                marked.add((index, position))
        rows.append(tuple(cells))
    head = Column(words.HOUR, Kind.INSTANT) if hourly else Column(words.DAY, Kind.DAY)
    return Table(
        code="means",
        title=(Text("Trung bình giờ", "Hourly means") if hourly else Text("Trung bình ngày", "Daily means")),
        columns=(
            head,
            *(Column(Text(p, p), Kind.NUMBER, 4, facts.unit(p)) for p in facts.parameters),
        ),
        rows=tuple(rows),
        origin=Text(
            "Tổng chia số số liệu hợp lệ. In đậm, gạch chân: đã xét là vượt giới hạn.",
            "Sum over number of usable readings. Bold and underlined: found beyond the limit.",
        ),
        marked=frozenset(marked),
    )


def limits_of(facts: Facts, parameter: str) -> tuple[JudgedRow, ...]:
    """Return the findings at which the limit of a parameter changed, the first one included; days before hours."""
    for window in (Window.DAY, Window.HOUR):
        changes: list[JudgedRow] = []
        for row in facts.judged_by.get((parameter, window), ()):
            if row.limit_source is None:
                continue
            if not changes or _limit(changes[-1]) != _limit(row):
                changes.append(row)
        if changes:
            return tuple(changes)
    return ()


def _summary_row(facts: Facts, parameter: str) -> tuple[Value, ...]:
    hours = tuple(facts.hours(parameter))
    limits = [words.limit_words(row.limit_minimum, row.limit_maximum) for row in limits_of(facts, parameter)]
    beyond_h, usable = _hours_beyond(facts, hours), sum(row.usable_count for row in hours)
    beyond = sum(row.beyond_count for row in hours)
    judged = bool(limits)
    # Of a station that has limits, before its first finding: a dash would say that nothing limits it.
    unknown = _NOT_JUDGED if facts.station.limit_set and not facts.judged else None
    return (
        parameter,
        facts.unit(parameter),
        mean_of(hours),
        min((row.minimum for row in hours if row.minimum is not None), default=None),
        max((row.maximum for row in hours if row.maximum is not None), default=None),
        Text(" → ".join(t.vi for t in limits), " → ".join(t.en for t in limits)) if judged else unknown,
        _count(facts, parameter, Window.DAY) if judged else None,
        _count(facts, parameter, Window.HOUR) if judged else None,
        beyond_h if judged else None,
        beyond / usable if judged and usable else None,
    )


def _hours_beyond(facts: Facts, hours: Iterable[HourRow]) -> float:
    total_s = 0.0
    for row in (row for row in hours if row.beyond_count):
        sensor = facts.sensor_on(row.parameter, day_of(row.start))
        if sensor is not None:
            total_s += row.beyond_count * sensor.cadence_s
    return total_s / 3600


def _count(facts: Facts, parameter: str, window: Window) -> int:
    return sum(row.parameter == parameter for row in facts.exceeded(window))


def _hours(facts: Facts) -> tuple[datetime, ...]:
    start, end = facts.period.start, min(facts.period.end, facts.as_of)
    return tuple(start + n * _HOUR for n in range(24) if start + n * _HOUR < end)


def _mean(facts: Facts, parameter: str, start: date | datetime) -> float | None:
    if isinstance(start, datetime):
        hours = facts.hours_of.get((parameter, day_of(start)), ())
        return mean_of(row for row in hours if row.start == start)
    return mean_of(facts.hours_of.get((parameter, start), ()))


def _is_exceeded(facts: Facts, parameter: str, start: date | datetime) -> bool:
    window = Window.HOUR if isinstance(start, datetime) else Window.DAY
    instant = start if isinstance(start, datetime) else midnight(start)
    row = facts.judged_of.get((parameter, window, instant))
    return row is not None and row.verdict is Verdict.EXCEEDED


def _limit(row: JudgedRow) -> tuple[float | None, float | None, str | None]:
    return row.limit_minimum, row.limit_maximum, row.limit_source
