"""How instants, numbers and quantities are written for people: Vietnamese for officers, English beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from quantrac.domain.stations import VIETNAM


class Bilingual(NamedTuple):
    """The same words in both languages. A named tuple, not a dataclass: models make ten for every row of the stream."""

    vi: str
    en: str

    @property
    def both(self) -> str:
        """Both, Vietnamese first, where there is room for one text only.

        >>> Bilingual("Tốt", "GOOD").both
        'Tốt · GOOD'
        """
        return f"{self.vi} · {self.en}"


NOTHING_SAID = Bilingual("", "")


def as_text(value: object) -> str:
    """Return a value as a person reads it: instants in Vietnam's time, nothing as a dash.

    >>> as_text(None), as_text(0.00004), as_text(999.6), as_text(1234.5)
    ('-', '0.00004', '1000', '1,234')
    """
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return number(value, 3) if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def number(value: float, digits: int = 4) -> str:
    """Write a number with up to so many significant digits, without trailing zeros or an exponent.

    Digits before the decimal point are never cut.

    >>> number(90.0), number(121.56), number(0.00004), number(12345.6)
    ('90', '121.6', '0.00004', '12346')
    >>> number(6.24, 2), number(1234.5, 2), number(0.051, 2)
    ('6.2', '1234', '0.051')
    """
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:.0f}"
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def number_vi(value: float, digits: int = 4) -> str:
    """Write a number with a decimal comma.

    >>> number_vi(97.5)
    '97,5'
    """
    return number(value, digits).replace(".", ",")


def quantity_vi(value: float | None, unit: str) -> str:
    """Write a value with its unit for Vietnamese readers; ``—`` for a missing one."""
    return "—" if value is None else f"{number_vi(value)} {unit}".strip()


def quantity(value: float | None, unit: str) -> str:
    """Write a value with its unit; ``—`` for a missing one."""
    return "—" if value is None else f"{number(value)} {unit}".strip()


def counted(count: int, noun: str) -> str:
    """Write how many there are, in English.

    >>> counted(1, "station"), counted(3, "alert")
    ('1 station', '3 alerts')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def percentage(share: float) -> str:
    """Write a share of 1 in whole per cent, as both languages do.

    >>> percentage(0.874)
    '87 %'
    """
    return f"{share * 100:.0f} %"


def local_time(instant: datetime) -> str:
    """Write an instant in Vietnam's civil time.

    >>> from datetime import UTC
    >>> local_time(datetime(2026, 11, 23, 3, 5, tzinfo=UTC))
    '10:05 23/11/2026'
    """
    return instant.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


def local_clock(instant: datetime) -> str:
    """Write the time of day of an instant in Vietnam, to the second.

    >>> from datetime import UTC
    >>> local_clock(datetime(2026, 11, 23, 3, 5, 9, tzinfo=UTC))
    '10:05:09'
    """
    return instant.astimezone(VIETNAM).strftime("%H:%M:%S")


def duration_vi(span: timedelta) -> str:
    """Write a duration in Vietnamese.

    >>> duration_vi(timedelta(hours=26, minutes=5)), duration_vi(timedelta(seconds=40))
    ('1 ngày 2 giờ 5 phút', '40 giây')
    """
    return _duration(span, ("ngày", "giờ", "phút", "giây"))


def duration(span: timedelta) -> str:
    """Write a duration.

    >>> duration(timedelta(minutes=75))
    '1 h 15 min'
    """
    return _duration(span, ("d", "h", "min", "s"))


def rounded_duration(seconds: float) -> Bilingual:
    """Write a duration where its order is what counts: in minutes, in hours from 90 min on, in days from two on.

    >>> rounded_duration(1500).both, rounded_duration(200_000).both
    ('25 phút · 25 min', '2,3 ngày · 2.3 days')
    """
    if seconds < 5400:
        return Bilingual(f"{seconds / 60:.0f} phút", f"{seconds / 60:.0f} min")
    if seconds < 172_800:
        hours = round(seconds / 3600, 1)
        return Bilingual(f"{number_vi(hours, 3)} giờ", f"{number(hours, 3)} h")
    days = round(seconds / 86_400, 1)
    return Bilingual(f"{number_vi(days, 3)} ngày", f"{number(days, 3)} days")


def _duration(span: timedelta, units: tuple[str, str, str, str]) -> str:
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} {units[3]}"
    minutes = seconds // 60
    parts = ((minutes // 1440, units[0]), (minutes // 60 % 24, units[1]), (minutes % 60, units[2]))
    return " ".join(f"{n} {unit}" for n, unit in parts if n)
