"""The drop folder's one loop: look, wait until files are whole, read each once, remember it once Kafka has it.

Nothing depends on anything having been seen: news of the file system only make it quicker, and a walk through the whole
folder at intervals finds what was missed, before a restart or during one. Whatever fails outside, the answer is to keep
what is known, wait, and look again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ingest.dropfolder import metrics
from ingest.dropfolder.archive import Archive
from ingest.dropfolder.content import ChangedError
from ingest.dropfolder.known import KnownFile, KnownFiles
from ingest.dropfolder.names import DEFAULT_PATTERNS, Names, compiled, printable
from ingest.dropfolder.pending import Pending, Waiting
from ingest.dropfolder.reading import Read, Reader, Same
from ingest.dropfolder.rounds import Round
from ingest.dropfolder.sending import Sending
from ingest.dropfolder.state import open_state
from ingest.dropfolder.walker import Kind, Sight, Walker
from ingest.dropfolder.watcher import Watcher
from ingest.kafka_sender import KafkaSender
from ingest.receipts import ReceiptBook
from quantrac import topics
from quantrac.clock import Clock, SystemClock
from quantrac.domain.stations import Registry
from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError, SettingsError, StoreError
from quantrac.telemetry import get_logger

_TURN_S = 0.2
"""Longest wait of one turn: how late a stop is noticed."""
_SLICE_S = 0.1
"""Longest piece of a walk, and of reading, in one turn, so that what is new is looked at meanwhile."""
_WATCHED_S = 30.0
_WAIT_S = 0.05
"""How long the first walk waits for the folder to be watched, and in what steps."""
_RETRY_S = 2.0
"""Pause after something outside failed."""
_MOST_PENDING = 50_000
_MOST_OF_ONE = 10_000
"""Files held in memory while they wait, of all stations and of one: half of a backfill of 60 days."""
_REGISTRY_S = 60.0
_RENEW_S = 1.0
"""How old the stations may be when a file is of none of them."""
_STOP_TIMEOUT_S = 10.0
_FORGET_MOVED = timedelta(days=90)
"""A file in the archive stays known longer than a logger keeps it (60 days; TT 10/2021/TT-BTNMT, Đ.39)."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DropFolderOptions:
    """What one drop folder needs to know beside its servers."""

    folder: Path
    state: Path
    """SQLite file of what was read; one process at a time."""
    archive: Path | None = None
    """``None``: look only, touch nothing."""
    name: str = "dropfolder-1"
    patterns: tuple[str, ...] = DEFAULT_PATTERNS
    settle_s: float = 3.0
    """A file that has stood still so long is taken for whole when its last line is."""
    rescan_s: float = 60.0
    archive_after_s: float = 600.0
    """A file is moved this long after it was read: until then a stalled upload may still go on into it."""
    max_file_bytes: int = 16 * 1024 * 1024
    max_message_bytes: int = topics.MAX_MESSAGE_BYTES
    linger_ms: int = 20


def run(
    options: DropFolderOptions,
    kafka: KafkaEndpoint,
    registry: Callable[[], Registry],
    stop: threading.Event,
    *,
    clock: Clock | None = None,
    raw_topic: str = topics.RAW,
    receipts: ReceiptBook | None = None,
) -> None:
    """Carry files until ``stop`` is set. Servers and folders that are away are waited for.

    ``receipts`` gets every record that Kafka has before its file is taken for read.

    Raises
    ------
    SettingsError
        A setting does not fit, or another process has the same state file.
    """
    clock = clock or SystemClock()
    try:
        patterns = compiled(options.patterns)
    except ValueError as exc:
        raise SettingsError(f"QUANTRAC_DROP_PATTERNS: {exc}.") from exc
    with open_state(options.state) as known:
        intake = DropFolder(options, known, Names(patterns, Registry(())), registry, clock, receipts=receipts)
        try:
            while not stop.is_set():
                try:
                    sender = KafkaSender(
                        kafka,
                        raw_topic,
                        client_id=options.name,
                        linger_ms=options.linger_ms,
                        compression=None,
                        max_message_bytes=options.max_message_bytes,
                    )
                    intake.serve(sender, stop)
                except (BrokerError, StoreError) as exc:
                    metrics.FAULTS.labels("kafka" if isinstance(exc, BrokerError) else "database").inc()
                    _log.warning("waiting", error=str(exc), pause_s=_RETRY_S)
                    stop.wait(_RETRY_S)
        finally:
            intake.close()


class DropFolder:
    """The state of the loop."""

    def __init__(
        self,
        options: DropFolderOptions,
        known: KnownFiles,
        names: Names,
        registry: Callable[[], Registry],
        clock: Clock,
        *,
        receipts: ReceiptBook | None = None,
    ) -> None:
        self._receipts = receipts
        root = options.folder.resolve()
        self._options, self._known, self._registry, self._clock = options, known, registry, clock
        self._watcher = Watcher(root)
        self._walker = Walker(os.fsencode(root), known, tell_known=options.archive is not None)
        self._reader = Reader(os.fsencode(root), known, names, options.max_file_bytes)
        self._pending = Pending(options.settle_s, _MOST_PENDING, _MOST_OF_ONE)
        self._under_way: dict[bytes, Sight] = {}
        self._unwritten: list[KnownFile] = []
        self._archive: Archive | None = None
        self._walk: Round | None = None
        self._first: Iterator[None] | None = None
        """What comes before the walk."""
        self._walk_began_s = 0.0
        self._next_walk_s = self._rested_s = float("-inf")
        self._registry_due_s = self._renewable_s = float("-inf")
        self._told: set[str] = set()
        """Faults outside that were told and go on."""
        self._faulted: set[str] = set()
        """Those since the last walk ended."""

    def serve(self, sender: KafkaSender, stop: threading.Event) -> None:
        """Carry files over one producer until ``stop`` is set; raises ``BrokerError`` on a fault of Kafka."""
        sending = Sending(sender, self._options.name, self._clock, self._receipts)
        try:
            self._refresh_registry()
            self._open_archive()
            _log.info("dropfolder_ready", folder=str(self._options.folder), known=self._known.count())
            while not stop.is_set():
                self._turn(sending)
            self._finish(sending)
        finally:
            # What was under way may or may not be in Kafka: it is not known, so the next walk reads it again.
            self._under_way.clear()
            self._pending.clear()
            self._walk, self._next_walk_s = None, float("-inf")
            sender.abandon()

    def _open_archive(self) -> None:
        if self._options.archive is not None and self._options.folder.is_dir():
            try:
                self._archive = Archive(self._options.archive, self._options.folder)
            except OSError as exc:  # reading does not wait for it
                self._outside("archive", f"{self._options.archive} cannot be made: {exc.strerror}. Nothing is moved.")

    def close(self) -> None:
        """Stop watching."""
        self._watcher.close()

    def _turn(self, sending: Sending) -> None:
        try:
            if self._clock.monotonic_s() >= self._registry_due_s:
                self._refresh_registry()
            self._look()
            busy = self._read_due(sending)
            self._remember(sending.take_stored())
        except sqlite3.Error as exc:
            self._outside("state", f"{self._options.state} cannot be written: {exc}. Make room on its disk.")
            self._walk, self._next_walk_s = None, self._clock.monotonic_s() + _RETRY_S
            busy = False
        metrics.WAITING.set(len(self._pending) + len(self._under_way))
        if len(sending):
            sending.wait(_TURN_S if not busy else 0.0)
        elif not busy:
            self._watcher.news.wait(_TURN_S)

    def _look(self) -> None:
        """Take in what is new: news at once, the rest piece by piece."""
        now_s = self._clock.monotonic_s()
        for sight in self._walker.look(self._watcher.take(), self._walk_also):
            self._see(sight)
        walks = self._walk is not None and self._walk.is_whole
        if not walks and (now_s >= self._next_walk_s or (self._watcher.overflowed and now_s >= self._rested_s)):
            self._watcher.overflowed = False
            self._walk, self._walk_began_s = Round(self._walker), now_s
            self._first = None if self._watcher.is_running else self._watched_first()
        if self._walk is not None:
            self._go_on_walking(self._walk)

    def _watched_first(self) -> Iterator[None]:
        """Watch the folder before it is walked, so that nothing falls between the two."""
        yield from self._walker.survey()
        self._watch_or_not()
        until_s = self._clock.monotonic_s() + _WATCHED_S
        while self._watcher.is_running and not self._watcher.ready.is_set() and self._clock.monotonic_s() < until_s:
            self._watcher.ready.wait(_WAIT_S)
            yield

    def _walk_also(self, folder: bytes) -> None:
        """Walk through a folder that is new or was moved here, piece by piece like the rest."""
        if self._walk is None:
            self._walk = Round(self._walker, folder)
        else:
            self._walk.add(folder)

    def _go_on_walking(self, walk: Round) -> None:
        until_s = self._clock.monotonic_s() + _SLICE_S
        try:
            for _ in self._first or ():
                if self._clock.monotonic_s() > until_s:
                    return
            self._first = None
            if not walk.go_on(self._see, lambda: self._clock.monotonic_s() > until_s):
                return
        except OSError as exc:
            metrics.AWAY.set(1)
            self._outside("folder", f"{self._options.folder} cannot be read: {exc.strerror}. It is waited for.")
            self._walk, self._next_walk_s = None, self._clock.monotonic_s() + _RETRY_S
            return
        if walk.is_whole:
            self._walk_ended()
        self._walk = None

    def _walk_ended(self) -> None:
        now_s = self._clock.monotonic_s()
        took_s = now_s - self._walk_began_s
        metrics.AWAY.set(0)
        metrics.SCAN_S.set(took_s)
        self._told &= self._faulted
        self._faulted.clear()
        self._watch_or_not()
        # A folder so large that a walk takes longer than the interval is walked half of the time.
        self._next_walk_s, self._rested_s = now_s + max(self._options.rescan_s, took_s), now_s + took_s
        if self._options.archive is not None:
            self._known.forget_moved(int((self._clock.now() - _FORGET_MOVED).timestamp()))

    def _watch_or_not(self) -> None:
        """Watch the folder, unless that would mean to watch what links in it lead to, perhaps the whole machine."""
        if self._walker.folder_links:
            self._watcher.close()
            told = (
                f"{self._walker.folder_links} links to folders lie in it: remove them. Until then news come by walks."
            )
            self._outside("links", f"{self._options.folder} is not watched: {told}")
            return
        with contextlib.suppress(OSError):  # away since: the next walk says so
            self._watcher.start()

    def _see(self, sight: Sight) -> bool:
        """Take in what was seen; false when there is no room for it now."""
        if sight.kind is Kind.KNOWN:
            self._move(sight)
        elif (sent := self._under_way.get(sight.path)) is None or sent.fingerprint != sight.fingerprint:
            lane = self._reader.names.lane_of(sight.path, self._clock.now())
            return self._pending.see(sight, lane, self._clock.monotonic_s())
        return True

    def _read_due(self, sending: Sending) -> bool:
        """Read what is due; true when there is more to be done at once."""
        if self._unwritten:
            self._remember([])
        same: list[KnownFile] = []
        sent = len(sending)
        until_s = self._clock.monotonic_s() + _SLICE_S
        due = self._pending.due(self._clock.monotonic_s())
        while more := sending.has_room:
            if self._clock.monotonic_s() > until_s or (waiting := next(due, None)) is None:
                break
            outcome = self._read(waiting)
            if isinstance(outcome, Same):
                same.append(outcome.file)
                metrics.SAME.inc()
                self._pending.drop(outcome.file.path)
            elif isinstance(outcome, Read):
                self._send(outcome, waiting.sight, sending)
        if same:
            self._known.remember(same)
        # Where there is no more room it is Kafka's turn: asking it again and again would keep it from answering.
        return (more and len(sending) > sent) or (self._walk is not None and not self._walk.waits)

    def _read(self, waiting: Waiting) -> Read | Same | None:
        path, now_s = waiting.sight.path, self._clock.monotonic_s()
        try:
            outcome = self._reader.read(waiting, self._pending, self._clock.now(), now_s)
            if isinstance(outcome, Read) and self._is_of_a_new_station(outcome.file.station):
                outcome = self._reader.read(waiting, self._pending, self._clock.now(), now_s)
        except ChangedError:
            for sight in self._walker.look([path], self._walk_also):
                self._see(sight)
            self._pending.postpone(waiting, now_s)
            return None
        except OSError as exc:
            if exc.errno == errno.ENOENT:
                return self._gone(waiting)
            self._pending.drop(path)  # found again by the next walk
            self._outside(f"file {path!r}", f"{printable(path)} cannot be read: {exc.strerror}.")
            return None
        if outcome is None:
            self._pending.postpone(waiting, now_s)
        return outcome

    def _gone(self, waiting: Waiting) -> Read | Same | None:
        outcome = self._reader.gone(waiting, self._clock.now())
        if outcome is None:
            self._pending.drop(waiting.sight.path)
            metrics.GONE.inc()
            _log.warning("file_gone_unread", file=printable(waiting.sight.path))
        return outcome

    def _send(self, read: Read, sight: Sight, sending: Sending) -> None:
        sending.send(read.file, read.content_type, read.records())
        self._pending.drop(read.file.path)
        self._under_way[read.file.path] = sight
        if read.refused is not None:
            metrics.REFUSED.labels(read.refused.value).inc()
            _log.warning("file_refused", file=printable(read.file.path), reason=read.refused.value)

    def _remember(self, files: list[KnownFile]) -> None:
        """Save what Kafka has. What cannot be saved now is kept, and nothing new is read meanwhile."""
        self._unwritten += files
        if self._unwritten:
            self._known.remember(self._unwritten)
            for file in self._unwritten:
                sent = self._under_way.get(file.path)
                if sent is not None and (file.sha256 is None or sent.fingerprint == file.fingerprint):
                    del self._under_way[file.path]
            metrics.FILES.inc(len(self._unwritten))
            self._unwritten = []

    def _move(self, sight: Sight) -> None:
        now = self._clock.now()
        if self._options.archive is None or now.timestamp() - sight.known_at_s < self._options.archive_after_s:
            return
        try:
            if self._archive is None:
                self._archive = Archive(self._options.archive, self._options.folder)
            if self._archive.take(sight.path, sight.fingerprint, now):
                self._known.mark_moved([sight.path])
                metrics.MOVED.inc()
        except OSError as exc:
            self._outside("archive", f"{printable(sight.path)} cannot be moved: {exc.strerror}. It stays where it is.")

    def _finish(self, sending: Sending) -> None:
        """Remember what Kafka still confirms, within a bounded time."""
        deadline_s = self._clock.monotonic_s() + _STOP_TIMEOUT_S
        with contextlib.suppress(sqlite3.Error):  # what is not remembered is read again
            while len(sending) and self._clock.monotonic_s() < deadline_s:
                sending.wait(_TURN_S)
                self._remember(sending.take_stored())
        _log.info("stopped", unacknowledged=len(sending))

    def _refresh_registry(self) -> None:
        """Load the stations; those loaded before count while the database is away."""
        names, now_s = self._reader.names, self._clock.monotonic_s()
        self._registry_due_s, self._renewable_s = now_s + _REGISTRY_S, now_s + _RENEW_S
        try:
            registry = self._registry()
        except StoreError as exc:
            if not names.registry.stations:
                raise
            self._outside("database", str(exc))
            return
        if registry != names.registry:
            self._reader.names = Names(names.patterns, registry)

    def _is_of_a_new_station(self, code: str) -> bool:
        """Return whether a file of a station that is not known is to be read anew: there are other stations by now."""
        names = self._reader.names
        if names.registry.newest(code) is None and self._clock.monotonic_s() >= self._renewable_s:
            self._refresh_registry()
        return self._reader.names is not names

    def _outside(self, side: str, message: str) -> None:
        """Tell of a fault outside once, and anew after a whole walk without it; count every one."""
        metrics.FAULTS.labels(side.split(maxsplit=1)[0]).inc()
        self._faulted.add(side)
        if side not in self._told:
            self._told.add(side)
            _log.warning("outside_fault", side=side, error=message)
