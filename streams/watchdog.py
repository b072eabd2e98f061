"""Ends a worker that has gone deaf.

A Faust consumer can stop receiving after a rebalance without an error (faust-streaming issues 175, 523, 532). What
shows it is at the broker: a partition of ours has records waiting and its committed offset does not move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h: the supervisor starts the worker again."""


class Outages:
    """Servers that are away, by name: what explains for now why nothing moves.

    An outage is over when the server answers again, and is no excuse once nobody has seen it for ``lasts_s``: then
    whoever waited for it has been forgotten.
    """

    def __init__(self, lasts_s: float = 60.0) -> None:
        self._lasts_s = lasts_s
        self._seen_s: dict[str, float] = {}

    def seen(self, name: str, now_s: float) -> None:
        """Note that a server did not answer just now."""
        self._seen_s[name] = now_s

    def over(self, name: str) -> None:
        """Note that a server answers."""
        self._seen_s.pop(name, None)

    def lasting(self, now_s: float) -> list[str]:
        """Return the outages that still last."""
        return sorted(name for name, seen_s in self._seen_s.items() if now_s - seen_s < self._lasts_s)


class Pulse:
    """What a worker gets on with, between two looks of the watchdog's thread.

    A worker that is never idle is slow for all of its partitions: those that wait in its queues are no more deaf than
    those in its hands.
    """

    BUSY = 0.9
    """Share of the time with a batch in hand from which on a worker counts as never idle."""

    def __init__(self, now_s: float) -> None:
        self._done: set[int] = set()
        self._in_hand: frozenset[int] = frozenset()
        self._busy_s = 0.0
        self._began_s = self._looked_s = now_s
        self._steps = 0

    def begin(self, partitions: Collection[int], now_s: float) -> None:
        """Take a batch in hand."""
        self._began_s, self._in_hand = now_s, frozenset(partitions)

    def end(self, now_s: float) -> None:
        """Have it committed."""
        self._busy_s += now_s - max(self._began_s, self._looked_s)
        self._done |= self._in_hand
        self._in_hand = frozenset()

    def look(self, now_s: float, steps: int, waiting: Collection[int]) -> set[int]:
        """Return the partitions of ``waiting`` that got on since the last look.

        ``steps`` is a number that rises while a batch is worked on: one in hand that stands still is no sign of life.
        """
        in_hand, moves = self._in_hand, steps != self._steps
        busy_s = self._busy_s + (now_s - max(self._began_s, self._looked_s) if in_hand else 0.0)
        never_idle = moves and busy_s >= self.BUSY * (now_s - self._looked_s)
        alive = set(waiting) if never_idle else self._done | (in_hand if moves else frozenset())
        self._done, self._busy_s, self._looked_s, self._steps = set(), 0.0, now_s, steps
        return alive


class Reason(StrEnum):
    """What a look at the broker says of this worker."""

    ALIVE = "alive"
    """Nothing waits, or what waits gets on."""
    AWAY = "away"
    """A server is away: nothing can move."""
    PATIENT = "patient"
    """Something stands still, not for long enough to say anything."""
    STARVED = "starved"
    """It stood still for long, but the worker had too little of the processors to be called deaf."""
    DEAF = "deaf"
    """It had time enough and got on with nothing: it is ended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason, and the partitions for which it holds."""

    reason: Reason
    partitions: tuple[int, ...] = ()


@dataclass(slots=True)
class _Still:
    """A partition that has not moved."""

    offset: int
    clock_s: float = 0.0
    """For how long."""
    own_s: float = 0.0
    """For how much of it the worker could have worked."""


@dataclass(slots=True)
class Watchdog:
    """Pure state machine: what was seen of each partition, and for how long it has not moved.

    Patience is spent by time in which the worker could have worked. A deaf worker sleeps while records wait, and nobody
    takes the processor from it; one on a busy machine waits for its turn, and to end it would only cost another start.
    """

    patience_s: float
    _still: dict[int, _Still] = field(default_factory=dict)
    _looked_s: float | None = None

    def look(
        self,
        waiting: Mapping[int, int],
        committed: Mapping[int, int],
        assigned: Collection[int],
        now_s: float,
        *,
        alive: Collection[int] = (),
        starved_s: float = 0.0,
        away: Collection[str] = (),
    ) -> Finding:
        """Return what this worker is, judged by the partitions for which it answers.

        A worker answers for its assigned partitions; one without any answers for all, since a worker that was left out
        of the group is deaf as well.

        Parameters
        ----------
        now_s
            A monotonic time.
        alive
            Partitions that this worker itself knows to get on with (:class:`Pulse`): a batch may take minutes.
        starved_s
            For how long since the last look it wanted a processor and had none (:class:`Starvation`).
        away
            Servers that are away: what explains for now why nothing moves, and is forgiven.
        """
        elapsed_s = now_s - (now_s if self._looked_s is None else self._looked_s)
        self._looked_s = now_s
        if away:
            self._still.clear()
        for partition, lag in waiting.items():
            offset = committed.get(partition, 0)
            still = self._still.get(partition)
            if lag == 0 or still is None or still.offset != offset or partition in alive:
                self._still[partition] = _Still(offset)
            else:
                still.clock_s += elapsed_s
                still.own_s += max(0.0, elapsed_s - starved_s)
        if away:
            return Finding(Reason.AWAY)
        return self._judged([p for p in waiting if not assigned or p in assigned])

    def forgive(self) -> None:
        """Start counting anew, while a known outage explains why nothing moves."""
        self._still.clear()

    def _judged(self, answered_for: Iterable[int]) -> Finding:
        still = {p: self._still[p] for p in answered_for if self._still[p].clock_s > 0}
        for reason, spent in (
            (Reason.DEAF, {p for p, s in still.items() if s.own_s >= self.patience_s}),
            (Reason.STARVED, {p for p, s in still.items() if s.clock_s >= self.patience_s}),
            (Reason.PATIENT, set(still)),
        ):
            if spent:
                return Finding(reason, tuple(sorted(spent)))
        return Finding(Reason.ALIVE)


class Starvation:
    """For how long this process was ready to run and had no processor, as Linux counts it for each thread."""

    def __init__(self, tasks: Path = Path("/proc/self/task")) -> None:
        self._tasks = tasks
        self._before = self._waits_s()

    def since_last_s(self) -> float:
        """Return the longest wait of a thread since the last call (s); 0 where the system does not count it."""
        before, self._before = self._before, self._waits_s()
        return max((wait_s - before.get(thread, 0.0) for thread, wait_s in self._before.items()), default=0.0)

    def _waits_s(self) -> dict[str, float]:
        waits: dict[str, float] = {}
        for schedule in self._tasks.glob("*/schedstat"):
            with suppress(OSError, ValueError, IndexError):  # a thread may end meanwhile
                waits[schedule.parent.name] = int(schedule.read_text().split()[1]) / 1e9
        return waits
