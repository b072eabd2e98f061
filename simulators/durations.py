"""Durations and starts as people write them in scenario files and on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_SHORT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)?\s*")
_ISO = re.compile(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def seconds_of(text: str | float) -> float:
    """Return a duration in seconds: a number, ``45s``, ``15m``, ``2h``, ``30d``, or ISO 8601 (``PT45S``, ``P1D``).

    Raises
    ------
    ValueError
        When the text is none of these.

    >>> seconds_of("15m"), seconds_of("PT1H30M"), seconds_of("-2d"), seconds_of(10)
    (900.0, 5400.0, -172800.0, 10.0)
    """
    if isinstance(text, (int, float)):
        return float(text)
    short = _SHORT.fullmatch(text)
    if short:
        return float(short[1]) * _UNITS_S[short[2] or "s"]
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groups()[1:]):
        sign, weeks, days, hours, minutes, seconds = iso.groups()
        whole = timedelta(
            weeks=int(weeks or 0), days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0)
        ).total_seconds()
        return (whole + float(seconds or 0)) * (-1 if sign else 1)
    raise ValueError(f"{text!r} is not a duration: write seconds, 45s, 15m, 2h, 30d or PT45S")


def instant_of(text: str, zone: tzinfo) -> datetime:
    """Return the aware UTC instant of an ISO date or date and time; without an offset it is in ``zone``.

    Raises
    ------
    ValueError
        When the text is neither.
    """
    try:
        moment = datetime.combine(date.fromisoformat(text), time()) if len(text) == 10 else datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a date or an ISO 8601 date and time") from None
