"""Dates and instants of options."""

from __future__ import annotations

from datetime import datetime


def instant(option: str, text: str) -> datetime:
    """Return the instant that an option names: a date or an ISO 8601 text, without an offset in Vietnam's time.

    Raises
    ------
    SettingsError
        It is neither.
    """
    from quantrac.domain.stations import VIETNAM
    from quantrac.errors import SettingsError
    from simulators.durations import instant_of

    try:
        return instant_of(text, VIETNAM)
    except ValueError as exc:
        raise SettingsError(f"{option}: {exc}.") from exc
