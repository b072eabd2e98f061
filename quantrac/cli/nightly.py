"""The trainer process: waits for the hour of the night, and then trains every station's model anew."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from quantrac.cli.context import Context
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


def run_trainer(context: Context, stop: threading.Event) -> None:
    """Train every station at the hour of the settings, night after night, until ``stop`` is set."""
    _log.info("trainer_ready", hour=context.settings.trainer_hour)
    while not stop.is_set():
        due = next_run(context.clock.now(), context.settings.trainer_hour)
        _log.info("waiting", until=due.isoformat())
        while context.clock.now() < due:
            if stop.wait(min(60.0, max((due - context.clock.now()).total_seconds(), 0.1))):
                return
        train_all(context, stop)


def train_all(context: Context, stop: threading.Event) -> None:
    """Train every station once; where the database is away the models that run go on until the next night."""
    from quantrac.cli.trainer import Trainer  # the learning libraries are large, and it waits all day

    trainer = Trainer(context)
    try:
        for code in trainer.stations():
            if stop.is_set():
                return
            trainer.retrain(code)
    except StoreError as exc:
        _log.warning("retraining_failed", error=str(exc))
