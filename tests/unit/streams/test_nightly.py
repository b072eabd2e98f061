"""The trainer waits for its hour, ends when told, and survives a night without a database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from quantrac.clock import ManualClock
from quantrac.errors import StoreError
from streams.nightly import every_night, next_run


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ((23, 18, 59), "2026-11-24T02:00:00+07:00"),  # 01:59 in Vietnam
        ((23, 19, 0), "2026-11-25T02:00:00+07:00"),  # it is two o'clock: this night's run has begun
        ((23, 3, 0), "2026-11-24T02:00:00+07:00"),
    ],
)
def test_the_hour_is_that_of_vietnam(now: tuple[int, int, int], due: str) -> None:
    assert next_run(datetime(2026, 11, *now, tzinfo=UTC), 2).isoformat() == due


def test_it_ends_when_it_is_told_to() -> None:
    stop = threading.Event()
    clock = ManualClock(datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    thread = threading.Thread(target=every_night, args=(2, clock, stop, lambda _: None))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_night_without_a_database_is_survived() -> None:
    class Nights(ManualClock):
        """A clock on which the hour comes at the second look."""

        def now(self) -> datetime:
            self.advance(timedelta(hours=13))
            return super().now()

    nights = []
    stop = threading.Event()

    def train(_: threading.Event) -> None:
        nights.append(1)
        if len(nights) == 2:
            stop.set()
        raise StoreError("the database is away", retryable=True)

    every_night(2, Nights(datetime(2026, 11, 23, tzinfo=UTC)), stop, train)
    assert len(nights) == 2
