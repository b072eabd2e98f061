"""The figures that a message leads with, short enough for the first line of a phone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from alerts.explanations import limit_words
from alerts.thresholds import exceeds
from quantrac.domain.briefing import DayClock
from quantrac.domain.limits import Limit
from quantrac.domain.words import (
    Bilingual,
    duration,
    duration_vi,
    local_time,
    number,
    number_vi,
    quantity,
    quantity_vi,
)

CLOCK_WITHIN = timedelta(hours=4)
"""A message tells of a day's limit that will be passed within this time: so soon something can still be done."""


def against(parameter: str, value: float | None, unit: str, limit: Limit | None) -> Bilingual:
    """Put a value and its limit into the fewest words.

    >>> cod = Limit("COD", "mg/L", None, 60.0, "")
    >>> against("COD", 65.0, "mg/L", cod).vi, against("COD", 54.5, "mg/L", cod).vi
    ('COD 65 > 60 mg/L', 'COD 54,5 / 60 mg/L')
    >>> against("pH", 5.2, "", Limit("pH", "", 6.0, 9.0, "")).en, against("COD", 65.0, "mg/L", None).en
    ('pH 5.2 < 6', 'COD 65 mg/L')
    """
    if value is None:
        return Bilingual(parameter, parameter)
    if limit is None:
        return Bilingual(f"{parameter} {quantity_vi(value, unit)}", f"{parameter} {quantity(value, unit)}")
    if not exceeds(limit, value):
        words = limit_words(limit)
        return Bilingual(f"{parameter} {number_vi(value)} / {words.vi}", f"{parameter} {number(value)} / {words.en}")
    above = limit.maximum is not None and value > limit.maximum
    bound, sign = (limit.maximum, ">") if above else (limit.minimum, "<")
    return Bilingual(
        f"{parameter} {number_vi(value)} {sign} {quantity_vi(bound, unit)}",
        f"{parameter} {number(value)} {sign} {quantity(bound, unit)}",
    )


def pressing(clocks: Iterable[DayClock], now: datetime) -> list[DayClock]:
    """Return the days that will be, or are, lost soon if the level holds, the soonest first."""
    soon = [c for c in clocks if c.passed_at is not None and c.passed_at - now < CLOCK_WITHIN]
    return sorted(soon, key=lambda c: (c.passed_at or now, c.station, c.parameter))


def clock_words(clock: DayClock, now: datetime) -> Bilingual:
    """Say where a day leads: it is lost, it is beyond and may be mended, or when it will be beyond."""
    mean = Bilingual(quantity_vi(clock.mean, clock.unit), quantity(clock.mean, clock.unit))
    most = Bilingual(quantity_vi(clock.maximum, clock.unit), quantity(clock.maximum, clock.unit))
    vi = f"{clock.parameter} trung bình ngày đến nay {mean.vi}, giới hạn {most.vi}"
    en = f"the day's mean of {clock.parameter} is {mean.en} so far, limit {most.en}"
    if clock.allowance is None or clock.allowance < 0:
        return Bilingual(
            f"{vi}: ngày hôm nay chắc chắn vượt, dù phần còn lại bằng 0.",
            f"{en}: today is beyond it for certain, even if the rest were 0.",
        )
    rest = Bilingual(quantity_vi(clock.allowance, clock.unit), quantity(clock.allowance, clock.unit))
    level = Bilingual(quantity_vi(clock.level, clock.unit), quantity(clock.level, clock.unit))
    left = (clock.passed_at or now) - now
    if left < timedelta(minutes=1):
        when = Bilingual("đã vượt", "it is beyond")
    else:
        at = local_time(now + left)
        when = Bilingual(f"vượt sau {duration_vi(left)} ({at})", f"it passes the limit in {duration(left)} ({at})")
    return Bilingual(
        f"{vi}; nếu giữ mức {level.vi}: {when.vi}. Phần còn lại của ngày được phép trung bình {rest.vi}.",
        f"{en}; at the present level of {level.en} {when.en}. The rest of the day may have a mean of {rest.en}.",
    )
