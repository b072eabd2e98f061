"""Ends a worker that has gone deaf.

A Faust consumer can stop receiving after a rebalance without an error (faust-streaming issues 175, 523, 532). What
shows it is at the broker: a partition of ours has records waiting and its committed offset does not move.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

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

    @property
    def idle(self) -> bool:
        """Whether no batch is in hand."""
        return not self._in_hand

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


@dataclass(slots=True)
class Watchdog:
    """Pure state machine: what was seen of each partition, and since when it has not moved."""

    patience_s: float
    _still_since: dict[int, tuple[int, float]] = field(default_factory=dict)

    def stuck(
        self,
        waiting: Mapping[int, int],
        committed: Mapping[int, int],
        assigned: Collection[int],
        now_s: float,
        alive: Collection[int] = (),
    ) -> list[int]:
        """Return the partitions for which this worker answers and that have not moved for ``patience_s``.

        A worker answers for its assigned partitions; one without any answers for all, since a worker that was left out
        of the group is deaf as well. ``now_s`` is a monotonic time. ``alive`` are partitions that this worker itself
        knows to get on with (:class:`Pulse`): on a slow machine a batch may take minutes, and nothing is deaf.
        """
        stuck = []
        for partition, lag in waiting.items():
            offset = committed.get(partition, 0)
            before = self._still_since.get(partition)
            if lag == 0 or before is None or before[0] != offset or partition in alive:
                self._still_since[partition] = (offset, now_s)
            elif now_s - before[1] >= self.patience_s and (not assigned or partition in assigned):
                stuck.append(partition)
        return stuck

    def forgive(self) -> None:
        """Start counting anew, while a known outage explains why nothing moves."""
        self._still_since.clear()
