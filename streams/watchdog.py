"""Ends a worker that has gone deaf.

A Faust consumer can stop receiving after a rebalance without an error (faust-streaming issues 175, 523, 532). What
shows it is at the broker: a partition of ours has records waiting and its committed offset does not move.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h: the supervisor starts the worker again."""


@dataclass(slots=True)
class Watchdog:
    """Pure state machine: what was seen of each partition, and since when it has not moved."""

    patience_s: float
    _still_since: dict[int, tuple[int, float]] = field(default_factory=dict)

    def stuck(
        self, waiting: Mapping[int, int], committed: Mapping[int, int], assigned: Collection[int], now_s: float
    ) -> list[int]:
        """Return the partitions for which this worker answers and that have not moved for ``patience_s``.

        A worker answers for its assigned partitions; one without any answers for all, since a worker that was left out
        of the group is deaf as well. ``now_s`` is a monotonic time.
        """
        stuck = []
        for partition, lag in waiting.items():
            offset = committed.get(partition, 0)
            before = self._still_since.get(partition)
            if lag == 0 or before is None or before[0] != offset:
                self._still_since[partition] = (offset, now_s)
            elif now_s - before[1] >= self.patience_s and (not assigned or partition in assigned):
                stuck.append(partition)
        return stuck

    def forgive(self) -> None:
        """Start counting anew, while a known outage explains why nothing moves."""
        self._still_since.clear()
