"""How instants, numbers and quantities are written for people, in Vietnamese and English."""

from __future__ import annotations

from datetime import datetime

from quantrac.domain.stations import VIETNAM


def as_text(value: object) -> str:
    """Return a value as a person reads it: instants in Vietnam's time, nothing as a dash."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)
