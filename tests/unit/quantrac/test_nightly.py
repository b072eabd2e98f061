"""The trainer waits for its hour, ends when told, and survives a night without a database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from quantrac.cli.context import Context
from quantrac.cli.nightly import next_run, run_trainer, train_all
from quantrac.clock import ManualClock
from quantrac.errors import StoreError
from quantrac.settings import Settings


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
    context = Context(Settings(), ManualClock(datetime(2026, 11, 23, 3, 0, tzinfo=UTC)))
    thread = threading.Thread(target=run_trainer, args=(context, stop))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_night_without_a_database_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: Context) -> None:
        raise StoreError("the database is away", retryable=True)

    monkeypatch.setattr(Context, "registry", away)
    train_all(Context(Settings(), ManualClock(datetime(2026, 11, 23, tzinfo=UTC))), threading.Event())
