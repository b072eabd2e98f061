"""How values are written on a page: instants in Vietnam's time, numbers in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from alerts.oncall.writing import as_toml
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import number, number_vi

NOTHING = "—"


def instant(value: datetime | None) -> str:
    """Write an instant with its day.

    >>> from datetime import UTC
    >>> instant(datetime(2026, 11, 23, 3, 5, tzinfo=UTC))
    '10:05 23/11/2026'
    """
    return NOTHING if value is None else value.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


def moment(value: datetime | None) -> str:
    """Write an instant to the second, for lines of a history."""
    return NOTHING if value is None else value.astimezone(VIETNAM).strftime("%d/%m %H:%M:%S")


def iso(value: datetime | None) -> str:
    """Write an instant for programs."""
    return "" if value is None else value.astimezone(VIETNAM).isoformat(timespec="seconds")


def local_input(value: datetime) -> str:
    """Write an instant as a field of type ``datetime-local`` takes it."""
    return value.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")


def span(value: timedelta, lang: str = "vi") -> str:
    """Write how long something lasts, in its two largest units.

    >>> span(timedelta(minutes=125)), span(timedelta(days=3, hours=2), "en"), span(timedelta(seconds=30))
    ('2 giờ 5 phút', '3 d 2 h', '30 giây')
    """
    seconds = max(0, int(value.total_seconds()))
    units = (("ngày", "d", 86_400), ("giờ", "h", 3600), ("phút", "min", 60), ("giây", "s", 1))
    parts = []
    for vi, en, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {vi if lang == 'vi' else en}")
        elif parts:
            break
    return " ".join(parts[:2]) or ("0 giây" if lang == "vi" else "0 s")


def amount(value: float | None, unit: str = "", lang: str = "vi") -> str:
    """Write a value with its unit.

    >>> amount(97.5, "mg/L"), amount(97.5, "mg/L", "en"), amount(None)
    ('97,5 mg/L', '97.5 mg/L', '—')
    """
    if value is None:
        return NOTHING
    return f"{number_vi(value) if lang == 'vi' else number(value)} {unit}".strip()


def share(value: float | None, lang: str = "vi") -> str:
    """Write a share of 1 in percent.

    >>> share(0.987), share(1.0, "en")
    ('98,7 %', '100 %')
    """
    if value is None:
        return NOTHING
    return f"{number_vi(value * 100, 3) if lang == 'vi' else number(value * 100, 3)} %"


def size(count: int, lang: str = "vi") -> str:
    """Write how large a file is.

    >>> size(812), size(48_230), size(3_456_789, "en")
    ('812 B', '47,1 KiB', '3.3 MiB')
    """
    if count < 1024:
        return f"{count} B"
    kib = count / 1024
    text = f"{kib:.1f} KiB" if kib < 1024 else f"{kib / 1024:.1f} MiB"
    return text.replace(".", ",") if lang == "vi" else text


def gist(explanation: str) -> str:
    """Return what an explanation begins with, without the source of its limit: as much as is read from far.

    >>> gist("COD 96 mg/L vượt giới hạn 90 mg/L, gấp 1,07 lần (QCVN 40:2011/BTNMT cột A, Kf 1: 75 × 1); 2 giá trị")
    'COD 96 mg/L vượt giới hạn 90 mg/L, gấp 1,07 lần'
    >>> gist("TSS: thiết bị báo hỏng, 5 giá trị liên tiếp")
    'TSS: thiết bị báo hỏng, 5 giá trị liên tiếp'
    """
    return re.sub(r"\s*\([^()]*\)$", "", explanation.partition("; ")[0].strip())


def plain(value: float | str) -> str:
    """Write a number as a field of a form takes it, and what was entered as it was.

    >>> plain(10.0), plain(2.5), plain("soon")
    ('10', '2.5', 'soon')
    """
    return value if isinstance(value, str) else f"{value:.10g}"


FILTERS: dict[str, Callable[..., Any]] = {
    "instant": instant,
    "moment": moment,
    "iso": iso,
    "local_input": local_input,
    "span": span,
    "amount": amount,
    "share": share,
    "plain": plain,
    "gist": gist,
    "size": size,
    "as_toml": as_toml,
}
