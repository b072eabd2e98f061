"""The only source of "now". Whatever needs the time takes a ``Clock``; processes pass ``SystemClock``."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the instant, and a monotonic time for measuring waits."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to: for tests and for replays in event time."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        return self._now

    def monotonic_s(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._monotonic_s

    def advance(self, by: timedelta) -> None:
        """Move both times forward."""
        self._now += by
        self._monotonic_s += by.total_seconds()

    def leap(self, by: timedelta) -> None:
        """Set the instant forward or back, as somebody does with a machine's clock; the monotonic time goes on."""
        self._now += by
