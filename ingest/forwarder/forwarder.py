"""The forwarder's one loop: note in the database what the raw topic has, hand it to the target, record what it says.

The oldest file of a station comes first and the next one waits for it, so that the order is kept; a station's file that
the target refuses holds up no other station. A kill between the target's answer and the record of it sends one file
again, under the same name with the same content.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Protocol

from prometheus_client import Counter

from ingest.forwarder.source import AsFiles, RawFiles
from ingest.forwarder.targets import Target
from quantrac import topics
from quantrac.clock import Clock, SystemClock
from quantrac.domain.forwarding import FilePiece, Proof, WaitingFile
from quantrac.domain.stations import VIETNAM, Registry
from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError, StoreError, TargetAwayError
from quantrac.telemetry import get_logger

_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=30)
_LONGEST_AWAY = timedelta(minutes=5)
"""How late a target's return is noticed. A login that is refused is tried no more often than this: servers lock out."""
_POLL_S = 0.5
_RETRY_S = 2.0
_MOST_AT_ONCE = 100
_STAMP = re.compile(r"(\d{4})(\d{2})(\d{2})\d{6}(?=\.[A-Za-z]+$)")

_log = get_logger(__name__)
_accepted = Counter("quantrac_forwarder_accepted", "Files that the target has accepted")
_refused = Counter("quantrac_forwarder_refused", "Tries that the target did not accept")


class Store(Protocol):
    """What the forwarder needs of the database."""

    def progress(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        ...

    def add(self, pieces: Sequence[FilePiece], progress: dict[int, int]) -> None:
        """Save pieces and progress in one transaction."""
        ...

    def take(self, limit: int, now: datetime) -> list[WaitingFile]:
        """Return the files that are due."""
        ...

    def accepted(self, file_id: int, now: datetime, proof: Proof) -> None:
        """Record that the target has a file, and how that is known."""
        ...

    def failed(self, file_id: int, now: datetime, error: str, next_try_at: datetime | None) -> None:
        """Record a try that failed."""
        ...


@dataclass(frozen=True, slots=True)
class ForwarderOptions:
    """How to forward."""

    path: str = "{station}/{day}/{name}"
    """Where a file goes at the target; ``{day}`` is yyyy/MM/dd of the time in its name."""
    files_per_s: float = 20.0
    give_up_after: timedelta = timedelta(days=7)


def run(
    kafka: KafkaEndpoint,
    store: Store,
    target: Target,
    options: ForwarderOptions,
    stop: threading.Event,
    *,
    clock: Clock | None = None,
    raw_topic: str = topics.RAW,
    registry: Callable[[], Registry] | None = None,
) -> None:
    """Forward until ``stop`` is set. Kafka, the database and the target are waited for when they are away.

    With a ``registry`` the readings of MQTT messages go on too, made into files of the same layout.
    """
    clock = clock or SystemClock()
    forwarder = Forwarder(store, target, options, clock)
    messages = None if registry is None else AsFiles(registry, clock)
    while not stop.is_set():
        source = None
        try:
            source = RawFiles(kafka, raw_topic, store.progress(), messages)
            store.add([], source.started)
            _log.info("forwarder_ready")
            while not stop.is_set():
                forwarder.turn(source, stop)
        except (BrokerError, StoreError) as exc:
            _log.warning("waiting", error=str(exc), pause_s=_RETRY_S)
            stop.wait(_RETRY_S)
        finally:
            if source is not None:
                source.close()


@dataclass(slots=True)
class Forwarder:
    """What stands between the raw topic and one target."""

    store: Store
    target: Target
    options: ForwarderOptions
    clock: Clock
    _away: int = field(default=0, init=False)
    """How often in a row the target could not be reached."""
    _reach_at: datetime | None = field(default=None, init=False)
    _began_s: float = field(init=False)
    """When the last file was begun."""

    def __post_init__(self) -> None:
        self._began_s = self.clock.monotonic_s()

    def turn(self, source: RawFiles, stop: threading.Event) -> None:
        """Note what came and hand over what is due; a refusal ends the turn, since the target may be going away."""
        now = self.clock.now()
        is_away = self._reach_at is not None and now < self._reach_at
        waiting = [] if is_away else self.store.take(_MOST_AT_ONCE, now)
        pieces, progress = source.poll(0.0 if waiting else _POLL_S)
        if progress:
            self.store.add(pieces, progress)
        for file in waiting:
            due_s = self._began_s + 1.0 / self.options.files_per_s
            if stop.wait(max(0.0, due_s - self.clock.monotonic_s())):
                return
            self._began_s = self.clock.monotonic_s()
            if not self.deliver(file):
                return

    def deliver(self, file: WaitingFile) -> bool:
        """Try one file once, and record the outcome; true when the target has it."""
        try:
            proof = self.target.put(path_of(file, self.options.path), file.content)
        except TargetAwayError as exc:
            # Nobody was asked for this file: it is not given up, and no other one is tried at this door.
            self._reach_at = self.clock.now() + _pause(self._away, _LONGEST_AWAY)
            self._away += 1
            _log.warning("target_away", error=str(exc), tries=self._away, again_at=self._reach_at.isoformat())
            self.store.failed(file.id, self.clock.now(), str(exc), self._reach_at)
            return False
        except BrokerError as exc:
            self._away = 0
            _refused.inc()
            now = self.clock.now()
            _log.warning("file_not_accepted", file=file.file_name, tries=file.tries + 1, error=str(exc))
            self.store.failed(file.id, now, str(exc), next_try(file, now, self.options.give_up_after))
            return False
        self._away = 0
        _accepted.inc()
        self.store.accepted(file.id, self.clock.now(), proof)
        return True


def next_try(file: WaitingFile, now: datetime, give_up_after: timedelta) -> datetime | None:
    """Return when a file is tried again: later each time; ``None`` when it has been tried for long enough."""
    if now - file.received_at > give_up_after:
        return None
    return now + _pause(file.tries, _LONGEST_PAUSE)


def _pause(tries: int, longest: timedelta) -> timedelta:
    return min(longest, _FIRST_PAUSE * (1 << min(tries, 20)))


def path_of(file: WaitingFile, pattern: str) -> str:
    """Return where a file goes at the target, below its folder.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 23, tzinfo=UTC)
    >>> file = WaitingFile(1, "DT_A", "DT_A/files/DT_A_20261123100500.txt", "", b"", at, 0)
    >>> path_of(file, "{station}/{day}/{name}")
    'DT_A/2026/11/23/DT_A_20261123100500.txt'
    """
    name = PurePosixPath(file.file_name).name
    stamp = _STAMP.search(name)
    day = "/".join(stamp.groups()) if stamp else f"{file.received_at.astimezone(VIETNAM):%Y/%m/%d}"
    return pattern.format(station=file.station, day=day, name=name)
