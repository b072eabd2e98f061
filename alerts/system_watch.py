"""Tells those who operate the system of its own faults: one mail when something lasts, one when nothing does any more.

A thread of the notifier, which has the mail server and the database: of the processes it is the one that still can say
something when any other is away. Mails go out at once and not through the outbox, since the database may be what is
away. When the notifier itself is gone nobody is told by it: then the heartbeat ends, and the outside monitor tells.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from alerts.fault_memory import FaultMemory
from alerts.heartbeat import Row, Signs
from alerts.incidents.messages import Text, notification, plain
from alerts.plaintext import one_line
from alerts.pulse import Pulse, felt, shown_at
from alerts.system_faults import (
    BridgeSign,
    FaultMail,
    FaultPolicy,
    FaultState,
    SystemSigns,
    database_away,
    database_refuses,
    delivered,
    disk_nearly_full,
    faults,
    look,
)
from quantrac.away import Away
from quantrac.clock import Clock
from quantrac.domain.notifications import Channel, Notification
from quantrac.domain.words import Bilingual, local_time
from quantrac.errors import NotifyError, StoreError
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
MOST_NAME = 64
"""Characters of a bridge's name that are told."""


Processes = tuple[datetime | None, float, dict[str, tuple[datetime, float]]]
"""When a worker was seen, the shortest cadence, and of each bridge what came last and its shortest cadence."""


class SystemStore(Protocol):
    """What is known of the processes; ``sql`` has a class of this shape. Every method raises ``StoreError``."""

    def signs(self) -> Row:
        """Return received, stepped, due since, failing since and sent, in the order of ``Signs``."""
        ...

    def processes(self) -> Processes | None:
        """Return what shows of the processes; ``None`` while another notifier watches."""
        ...

    def mailed(self) -> dict[str, datetime]:
        """Return the faults that were told and are not known to be over."""
        ...

    def save_mailed(self, mailed: Mapping[str, datetime]) -> None:
        """Note them."""
        ...

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        ...


class Mailer(Protocol):
    """Sends one mail; raises ``NotifyError``."""

    def send(self, notification: Notification) -> str:
        """Deliver it; return the receipt."""
        ...

    def close(self) -> None:
        """End the conversation."""
        ...


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Whom to tell, and how often to look."""

    to: Sequence[str]
    free_bytes: Callable[[], int | None]
    every_s: float = 30.0
    first_s: float = 10.0
    """Until the first look."""
    policy: FaultPolicy = field(default_factory=FaultPolicy)


class SystemWatch:
    """Looks until told to stop; used by one thread."""

    def __init__(
        self, store: SystemStore, mail: Mailer, options: WatchOptions, clock: Clock, memory: FaultMemory | None = None
    ) -> None:
        self._store, self._mail, self._options, self._clock = store, mail, options, clock
        self._memory = memory or FaultMemory(None)
        self._state, self._begun = FaultState(), False
        self._away = Away()
        self._worker: Pulse | None = None
        self._step: Pulse | None = None
        self._kept: Mapping[str, datetime] | None = None
        """What the database has of ``mailed``; ``None``: it was not asked yet."""

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        try:
            # A process that cannot work ends before: it looks at nothing but that, and then all seems well.
            pause_s = self._options.first_s
            while not stop.wait(pause_s):
                self.once()
                pause_s = self._options.every_s
        finally:
            self._store.close()

    def once(self, failed: StoreError | None = None) -> FaultMail | None:
        """Look once; return what was told. ``failed``: what ends the process, and all that there is to see then.

        While another watch has the run folder it looks at nothing: the database, which may be away, need not say so.
        """
        now, policy = self._clock.now(), self._options.policy
        if not self._begun:
            if not self._memory.ours():
                return None
            self._state, self._begun = self._memory.recall(now), True
        try:
            if failed is not None:
                raise failed
            processes = self._store.processes()
            if processes is None:
                self._away.back("database")
                self._state, self._kept = FaultState(), None
                self._memory.forget()
                return None
            self._recall()
            found, seen = faults(self._signs(processes), now, policy), True
            self._away.back("database")
        except StoreError as exc:
            found, seen = self._unseen(exc), False
        self._state, letter = look(self._state, found, now, policy)
        if letter is None or not self._sent(_text(letter, found), letter, now):
            letter = None
        else:
            self._state = delivered(self._state, letter)
        self._keep(now, seen=seen)
        return letter

    def _unseen(self, error: StoreError) -> dict[str, Bilingual]:
        """Return the fault of a look that failed; it is logged once."""
        disk, reason = disk_nearly_full(self._free_bytes()), one_line(str(error))
        if error.retryable:
            self._away.gone("database", error)
            return disk | database_away(reason)
        self._away.back("database")
        found = disk | database_refuses(reason)
        if "database refuses" not in self._state.since:
            _log.warning("system_not_seen", error=str(error))
        return found

    def _signs(self, processes: Processes) -> SystemSigns:
        worker_seen_at, cadence_s, bridges = processes
        known = {one_line(name)[:MOST_NAME]: BridgeSign(*sign) for name, sign in bridges.items()}
        path = Signs(*self._store.signs())
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        self._worker = felt(self._worker, worker_seen_at, now, now_s)
        self._step = felt(self._step, path.stepped_at, now, now_s)
        path = replace(path, stepped_at=shown_at(self._step, now, now_s))
        return SystemSigns(path, shown_at(self._worker, now, now_s), cadence_s, known, self._free_bytes())

    def _free_bytes(self) -> int | None:
        try:
            return self._options.free_bytes()
        except OSError as exc:
            _log.warning("disk_not_seen", error=str(exc))
            return None

    def _recall(self) -> None:
        """Take over what was told before a restart; what was told while the database was away counts as well."""
        if self._kept is None:
            self._kept = self._store.mailed()
            self._state = replace(self._state, mailed={**self._kept, **self._state.mailed})

    def _keep(self, now: datetime, *, seen: bool) -> None:
        """Note in the database what was told; what it has not, in a file of our own."""
        # While the end of it is owed, what was told last stays noted: after a restart the end is told all the same.
        told = self._state.mailed or (self._kept or {} if self._state.owed else {})
        if seen and self._kept is not None:
            try:
                if self._kept != told:
                    self._store.save_mailed(told)
                    self._kept = told
                self._memory.forget()
            except StoreError as exc:
                _log.warning("faults_not_noted_yet", error=str(exc))
            else:
                return
        self._memory.note(self._state, now)

    def _sent(self, text: Text, letter: FaultMail, now: datetime) -> bool:
        """Send to each; whether anybody has it."""
        accepted = 0
        for address in self._options.to:
            try:
                self._mail.send(notification(text, Channel.EMAIL, address, "system", *letter.faults, now.isoformat()))
                accepted += 1
            except NotifyError as exc:
                _log.warning("faults_not_told", error=str(exc))
        self._mail.close()
        if accepted:
            _log.warning("system_faults_told", faults=sorted(letter.faults), recipients=accepted)
        return accepted > 0


def _text(letter: FaultMail, found: Mapping[str, Bilingual]) -> Text:
    """Return the mail, Vietnamese first."""
    if not letter.faults:
        return plain(
            "[HỆ THỐNG] Không còn thấy lỗi nào / No fault is seen any more",
            "Các lỗi đã báo nay không còn thấy nữa. Cầu nối một tuần không đưa tin nào thì không được theo dõi nữa.\n\n"
            "— English —\n\nNo fault that was told is seen any more. A bridge through which nothing came for a week is "
            "no longer watched.\n",
        )
    said = [(found[name], local_time(at)) for name, at in letter.faults.items()]
    more = f" (+{len(said) - 1})" if len(said) > 1 else ""
    return plain(
        f"[HỆ THỐNG] {said[0][0].vi.split(':')[0].rstrip('.')}{more}",
        "\n".join(f"{words.vi} (thấy từ {at}, giờ Việt Nam)" for words, at in said)
        + "\n\nLệnh quantrac doctor nói rõ phải làm gì. Khi không còn thấy lỗi nào sẽ có một tin nữa."
        + "\n\n— English —\n\n"
        + "\n".join(f"{words.en} (seen since {at}, Vietnam time)" for words, at in said)
        + "\n\nThe command quantrac doctor says what to do. One more message comes when no fault is seen any more.\n",
    )
