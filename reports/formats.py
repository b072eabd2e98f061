"""How values are written in pages: Vietnamese decimal comma, Vietnam's time with its offset, shares in per cent."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from quantrac.domain.stations import VIETNAM
from reports.document import Column, Kind, Text, Value

MISSING = "—"


def written(value: Value, column: Column) -> Text:
    """Return a cell as a reader sees it, in both languages.

    >>> from datetime import UTC
    >>> written(datetime(2026, 11, 1, 17, 30, tzinfo=UTC), Column(Text("", ""), Kind.INSTANT)).vi
    '00:30 02/11/2026'
    >>> written(1234.56, Column(Text("", ""), Kind.NUMBER)), written(0.98765, Column(Text("", ""), Kind.SHARE)).vi
    (Text(vi='1.235', en='1,235'), '98,8 %')
    """
    if isinstance(value, Text):
        return value
    if isinstance(value, int | float):
        return _share(value) if column.kind is Kind.SHARE else number(value, column.digits)
    text = _plain(value)
    return Text(text, text)


def number(value: float, digits: int = 3) -> Text:
    """Return a number with so many significant digits; a whole part is never cut, a whole number has no decimals.

    >>> number(0.0123456), number(12.0), number(-3.14159, 4)
    (Text(vi='0,0123', en='0.0123'), Text(vi='12', en='12'), Text(vi='-3,142', en='-3.142'))
    """
    if value == 0:
        return Text("0", "0")
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else -_leading_zeros(abs(value))
    text = f"{value:,.{max(digits - whole, 0)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return Text(text.translate(_VIETNAMESE), text)


def moment(instant: datetime) -> str:
    """Return an instant as the hour and day of Vietnam; every page says that its times are UTC+7."""
    return f"{instant.astimezone(VIETNAM):%H:%M %d/%m/%Y}"


def stamp(instant: datetime) -> str:
    """Return an instant for machines: ISO 8601 in Vietnam's time, with the offset.

    >>> from datetime import UTC
    >>> stamp(datetime(2026, 11, 1, 17, 30, tzinfo=UTC))
    '2026-11-02T00:30:00+07:00'
    """
    return instant.astimezone(VIETNAM).isoformat(timespec="seconds")


def duration(span: timedelta) -> str:
    """Return a duration in hours and minutes.

    >>> duration(timedelta(hours=26, minutes=5)), duration(timedelta(minutes=40))
    ('26 h 05', '40 min')
    """
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 60} h {minutes % 60:02}" if minutes >= 60 else f"{minutes} min"


def in_both(text: Text) -> str:
    """Return a text in both languages; once, where English says nothing else.

    >>> in_both(Text("≤ 4,8", "≤ 4.8")), in_both(Text("Cao", "High"))
    ('≤ 4,8', 'Cao / High')
    """
    return text.vi if says_the_same(text) else f"{text.vi} / {text.en}"


def says_the_same(text: Text) -> bool:
    """Whether both languages have the same words, or the same number with other marks."""
    return text.vi in (text.en, text.en.translate(_VIETNAMESE))


_VIETNAMESE = str.maketrans(",.", ".,")


def _leading_zeros(value: float) -> int:
    """Return how many zeros stand between the point and the first digit of a number below one."""
    text = f"{value:.12f}".partition(".")[2]
    return len(text) - len(text.lstrip("0"))


def _share(value: float) -> Text:
    percent = f"{100 * value:.1f} %"
    return Text(percent.replace(".", ","), percent)


def _plain(value: str | date | datetime | None) -> str:
    if value is None:
        return MISSING
    if isinstance(value, datetime):
        return moment(value)
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else value
