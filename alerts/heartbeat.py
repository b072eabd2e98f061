"""A sign of life for a monitor outside our house: sent only while the whole path is well, from reading to message.

Whoever watches us must not be us: when this machine, its line or the database is gone nothing is sent, and the monitor
tells people by its own ways.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import requests
from prometheus_client import Counter

from alerts.pulse import Pulse, felt, shown_at
from quantrac.clock import Clock
from quantrac.errors import StoreError
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
_beats = Counter("quantrac_notifier_heartbeats", "Heartbeats by outcome: sent, or why not", ["outcome"])

STEP_SILENT_AFTER = timedelta(minutes=5)
"""The incidents' step notes the time twice a minute."""
STUCK_AFTER = timedelta(minutes=10)
"""A message that is due, or fails, for so long while none gets through."""
TIMEOUT_S = 10.0


class Beat(StrEnum):
    """Whether all is well, and what is not."""

    SENT = "sent"
    NO_READINGS = "no_readings"
    """No station was heard and stored for too long."""
    STEP_SILENT = "step_silent"
    """The process of the incidents does nothing."""
    STUCK = "stuck"
    """Messages wait, or all fail."""
    DATABASE_AWAY = "database_away"
    MONITOR_AWAY = "monitor_away"
    """All is well here, and the monitor did not take it."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What the database shows of the path; ``None``: never, or nothing."""

    received_at: datetime | None
    """Newest message of any station that is stored."""
    stepped_at: datetime | None
    """When the step of the incidents was last at work; by our clock once it went through ``alerts.pulse``."""
    due_since: datetime | None
    """Since when the oldest message that waits is due."""
    failing_since: datetime | None
    """Since when the oldest message that has failed waits."""
    sent_at: datetime | None
    """Newest message that got through."""


Row = tuple[datetime | None, datetime | None, datetime | None, datetime | None, datetime | None]


class SignStore(Protocol):
    """Asks the database; ``sql`` has a class of this shape. Every method raises ``StoreError``."""

    def signs(self) -> Row:
        """Return received, stepped, due since, failing since and sent, in the order of ``Signs``."""
        ...

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        ...


@dataclass(frozen=True, slots=True)
class HeartbeatOptions:
    """Where to, how often, and what counts as well."""

    url: str
    every_s: float = 60.0
    silence: timedelta = timedelta(minutes=20)
    step: bool = True
    """Whether incidents page, so that their process must be alive."""


def judge(signs: Signs, now: datetime, options: HeartbeatOptions) -> Beat:
    """Return whether all is well; ``signs`` are by our clock."""

    def older(at: datetime | None, than: timedelta) -> bool:
        return at is not None and now - at > than

    failing = older(signs.failing_since, STUCK_AFTER) and (signs.sent_at is None or older(signs.sent_at, STUCK_AFTER))
    findings = (
        (signs.received_at is None or older(signs.received_at, options.silence), Beat.NO_READINGS),
        (options.step and (signs.stepped_at is None or older(signs.stepped_at, STEP_SILENT_AFTER)), Beat.STEP_SILENT),
        (failing or older(signs.due_since, STUCK_AFTER), Beat.STUCK),
    )
    return next((beat for found, beat in findings if found), Beat.SENT)


class Heartbeat:
    """Beats until told to stop; used by one thread."""

    def __init__(self, store: SignStore, options: HeartbeatOptions, clock: Clock) -> None:
        self._store, self._options, self._clock = store, options, clock
        self._last: Beat | None = None
        self._step: Pulse | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        try:
            while not stop.is_set():
                self.once()
                stop.wait(self._options.every_s)
        finally:
            self._store.close()

    def once(self) -> Beat:
        """Look, and tell the monitor where all is well; return what was found."""
        try:
            signs = Signs(*self._store.signs())
            now, now_s = self._clock.now(), self._clock.monotonic_s()
            self._step = felt(self._step, signs.stepped_at, now, now_s)
            beat = judge(replace(signs, stepped_at=shown_at(self._step, now, now_s)), now, self._options)
        except StoreError:
            beat = Beat.DATABASE_AWAY
        if beat is Beat.SENT and not self._told():
            beat = Beat.MONITOR_AWAY
        _beats.labels(outcome=beat.value).inc()
        if beat is not self._last:
            (_log.info if beat is Beat.SENT else _log.warning)("heartbeat", outcome=beat.value)
            self._last = beat
        return beat

    def _told(self) -> bool:
        """Tell the monitor. Its URL is a secret: whoever has it can keep it quiet."""
        try:
            with requests.Session() as session:
                answer = session.get(self._options.url, timeout=TIMEOUT_S, allow_redirects=False)
        except (requests.RequestException, OSError, ValueError):
            return False
        return answer.ok and not answer.is_redirect
