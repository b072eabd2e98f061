"""The trainer process: waits for the hour of the night, and then has every station's model trained anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from quantrac.clock import Clock
from quantrac.domain.stations import VIETNAM
from quantrac.errors import StoreError
from quantrac.telemetry import get_logger

_log = get_logger(__name__)


def next_run(now: datetime, hour: int) -> datetime:
    """Return the next instant at which it is so many o'clock in Vietnam.

    >>> from datetime import UTC
    >>> next_run(datetime(2026, 11, 23, 20, 0, tzinfo=UTC), 2).isoformat()
    '2026-11-24T02:00:00+07:00'
    """
    local = now.astimezone(VIETNAM)
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def every_night(hour: int, clock: Clock, stop: threading.Event, train: Callable[[threading.Event], None]) -> None:
    """Call ``train`` at that hour in Vietnam, night after night, until ``stop`` is set.

    Where the database is away, the models that run go on until the next night.
    """
    _log.info("trainer_ready", hour=hour)
    while not stop.is_set():
        due = next_run(clock.now(), hour)
        _log.info("waiting", until=due.isoformat())
        while clock.now() < due:
            if stop.wait(min(60.0, max((due - clock.now()).total_seconds(), 0.1))):
                return
        try:
            train(stop)
        except StoreError as exc:
            _log.warning("retraining_failed", error=str(exc))
