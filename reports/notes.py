"""What a reader of a report must know beside its numbers: one sentence each, in both languages. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from datetime import date, timedelta
from itertools import pairwise

from quantrac.domain.limits import Window
from quantrac.domain.report_rows import JudgedRow
from quantrac.domain.revisions import PendingState
from quantrac.domain.stations import midnight
from reports.document import Text
from reports.facts import Facts
from reports.formats import moment
from reports.period import day_of
from reports.tables.measured import limits_of
from reports.words import limit_words

_MOST_NAMED = 5
"""Days named in one sentence; the tables have them all."""


def notes(facts: Facts) -> tuple[Text, ...]:
    """Return the notes of a station's report."""
    return tuple(_notes(facts))


def _notes(facts: Facts) -> Iterator[Text]:
    if facts.station.illustration:
        yield Text("Trạm minh họa: hồ sơ hư cấu.", "Illustration: this station is invented.")
    if facts.as_of < facts.period.end:
        at = moment(facts.as_of)
        yield Text(
            f"Kỳ báo cáo chưa kết thúc: số liệu đến {at} (UTC+7).",
            f"The period is not over: data until {at} (UTC+7).",
        )
    if not facts.rows.hours:
        yield Text("Không có số liệu nào trong kỳ.", "There is no reading in this period.")
    yield from _changed_descriptions(facts)
    for parameter in facts.parameters:
        yield from _changed_limit(facts, parameter)
        yield from _short_days(facts, parameter)
    yield from _not_judged(facts)
    yield from _waiting(facts)


def _changed_descriptions(facts: Facts) -> Iterator[Text]:
    for first, _ in facts.versions[1:]:
        yield Text(
            f"Hồ sơ trạm đổi từ {first:%d/%m/%Y}: mỗi ngày tính theo hồ sơ có hiệu lực ngày đó.",
            f"The station's description changed on {first:%d/%m/%Y}: each day counts by the one in force.",
        )
    for parameter in facts.parameters:
        units = list(dict.fromkeys(s.sensor_of[parameter].unit for _, s in facts.versions if parameter in s.sensor_of))
        if len(units) > 1:
            written = " → ".join(units)
            yield Text(
                f"{parameter}: đơn vị đổi trong kỳ ({written}); trung bình cả kỳ không có nghĩa.",
                f"{parameter}: the unit changed in the period ({written}); the mean of the period means nothing.",
            )


def _changed_limit(facts: Facts, parameter: str) -> Iterator[Text]:
    for before, after in pairwise(limits_of(facts, parameter)):
        old, new = _limit(before), _limit(after)
        day = f"{day_of(after.start):%d/%m/%Y}"
        yield Text(
            f"{parameter}: giới hạn đổi từ {day}: {old.vi} → {new.vi} ({after.limit_source}).",
            f"{parameter}: the limit changed on {day}: {old.en} → {new.en} ({after.limit_source}).",
        )


def _short_days(facts: Facts, parameter: str) -> Iterator[Text]:
    """Tell of days with some valid hours but not all 24."""
    short = []
    for day in facts.days:
        sensor = facts.sensor_on(parameter, day)
        valid = facts.valid_hours.get((parameter, day), 0)
        if sensor is not None and sensor.cadence_s <= 3600 and 0 < valid < 24 and _is_over(facts, day):
            short.append((day, valid))
    if not short:
        return
    named = ", ".join(f"{day:%d/%m}: {valid}" for day, valid in short[:_MOST_NAMED])
    more = ", …" if len(short) > _MOST_NAMED else ""
    yield Text(
        f"{parameter}: {len(short)} ngày không đủ 24 giờ hợp lệ ({named}{more}).",
        f"{parameter}: fewer than 24 valid hours on {_days(short)} ({named}{more}).",
    )


def _not_judged(facts: Facts) -> Iterator[Text]:
    """Tell of days that have data and no finding yet: then nothing is said of their limits."""
    judged = {day_of(row.start) for row in facts.rows.judged if row.window is Window.DAY}
    measured = {day for _, day in facts.hours_of}
    waiting = sorted(day for day in measured - judged if _is_over(facts, day))
    if waiting:
        named = ", ".join(f"{day:%d/%m}" for day in waiting[:_MOST_NAMED])
        more = ", …" if len(waiting) > _MOST_NAMED else ""
        yield Text(
            f"{len(waiting)} ngày chưa được xét với giới hạn ({named}{more}).",
            f"Not judged against limits yet: {_days(waiting)} ({named}{more}).",
        )


def _waiting(facts: Facts) -> Iterator[Text]:
    """Tell of findings that stand although their readings were sent again: an officer has not decided, or rejected."""
    waiting = [row for row in facts.rows.pending if row.state is PendingState.WAITING]
    rejected = [row for row in facts.rows.pending if row.state is PendingState.REJECTED]
    if waiting:
        yield Text(
            f"{len(waiting)} kết quả giờ, ngày đang chờ cán bộ duyệt vì số liệu được gửi lại: báo cáo ghi kết quả cũ.",
            f"{_findings(waiting, 'wait')} for an officer: readings were sent again. The standing ones are shown.",
        )
    if rejected:
        yield Text(
            f"{len(rejected)} kết quả giữ nguyên: cán bộ đã từ chối số liệu gửi lại (xem bảng số liệu sửa đổi).",
            f"{_findings(rejected, 'stand')} because an officer rejected the readings that were sent again.",
        )


def _findings(found: Sized, verb: str) -> str:
    return f"1 finding {verb}s" if len(found) == 1 else f"{len(found)} findings {verb}"


def _days(found: Sized) -> str:
    return "1 day" if len(found) == 1 else f"{len(found)} days"


def _is_over(facts: Facts, day: date) -> bool:
    return midnight(day + timedelta(1)) <= facts.as_of


def _limit(row: JudgedRow) -> Text:
    return limit_words(row.limit_minimum, row.limit_maximum)
