"""Which sequence numbers of a logger have arrived: proves a missing message, and knows a repeated one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

LEAP = 10_000_000
"""Numbers that no logger leaves out: 60 days of one message a second are 5 million. A larger leap is no numbering."""


MOST_HOLES = 10_000
"""Of one session. A logger that leaves out every second number for ever would make a row grow without end."""


class SeenRanges:
    """A set of sequence numbers as sorted half-open ranges; in an orderly session it is one range.

    >>> seen = SeenRanges([(0, 3)])
    >>> seen.add(3), seen.add(5), seen.add(3)
    (True, True, False)
    >>> seen.ranges
    [(0, 4), (5, 6)]
    """

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            self._starts.append(start)
            self._ends.append(end)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The ranges, ascending."""
        return list(zip(self._starts, self._ends, strict=True))

    def leaps(self, seq: int) -> bool:
        """Return whether a number is so far beyond all others, or one hole too many, that the holes prove nothing.

        >>> SeenRanges([(0, 3)]).leaps(2**53 - 1), SeenRanges().leaps(17_280)
        (True, False)
        """
        if seq - (self._ends[-1] if self._ends else 0) > LEAP:
            return True
        return len(self._starts) > MOST_HOLES and not self._touches(seq)

    def _touches(self, seq: int) -> bool:
        """Return whether a number is known, or next to one that is."""
        at = bisect_right(self._starts, seq)
        return (at > 0 and seq <= self._ends[at - 1]) or (at < len(self._starts) and self._starts[at] == seq + 1)

    def add(self, seq: int) -> bool:
        """Add a number and return whether it is new."""
        at = bisect_right(self._starts, seq)
        if at and seq < self._ends[at - 1]:
            return False
        joins_before = at > 0 and self._ends[at - 1] == seq
        joins_after = at < len(self._starts) and self._starts[at] == seq + 1
        if joins_before and joins_after:
            self._ends[at - 1] = self._ends.pop(at)
            del self._starts[at]
        elif joins_before:
            self._ends[at - 1] = seq + 1
        elif joins_after:
            self._starts[at] = seq
        else:
            self._starts.insert(at, seq)
            self._ends.insert(at, seq + 1)
        return True
