"""How much of a flood is read in one go: what came meanwhile waits for no more than that. Pure.

While nobody else sends, slices double until one takes ``ALONE_S``; when something came in meanwhile the next one is cut
to what takes ``BESIDE_S``, and the reader rests. While batches come full, one behind the other, more of the honest ones
may wait behind them: then a smallest slice is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEAST = 50
MOST = 2_000
"""Messages: what they come to must fit into memory, however fast the machine is."""
SLICE_BYTES = 1024 * 1024
"""Of one station's payload in one slice: the honest ones wait for no more than that."""
ALONE_S = 0.4
BESIDE_S = 0.1
REST_S = 2.0
REST = 4.0
"""Times a slice's own time, where that is more. Bridge and broker share the machine with the flood, too."""


class Beside(StrEnum):
    """What came in while a slice was read."""

    NOTHING = "nothing"
    SOME = "some"
    BACKLOG = "backlog"
    """Full batches, one behind the other: whoever is honest may wait behind them."""


@dataclass(slots=True)
class Slices:
    """The size of the next slice (messages)."""

    most: int = LEAST

    def read(self, messages: int, took_s: float, beside: Beside) -> float:
        """Note a slice of so many messages, and return how long to rest (s)."""
        longest_s = ALONE_S if beside is Beside.NOTHING else BESIDE_S
        if beside is Beside.BACKLOG:
            self.most = LEAST
        elif took_s > longest_s:
            self.most = max(LEAST, min(self.most, int(messages * longest_s / took_s)))
        elif beside is Beside.NOTHING and took_s <= longest_s / 2:
            self.most = min(MOST, 2 * self.most)
        return 0.0 if beside is Beside.NOTHING else max(REST_S, REST * took_s)


class Traffic:
    """What comes in by the way of the honest ones, since the last look."""

    BACK_TO_BACK_S = 0.02
    """A full batch so soon after the one before was ready while that was committed."""

    def __init__(self) -> None:
        self._found = Beside.NOTHING
        self._ended_s = float("-inf")

    def began(self, now_s: float, *, full: bool, others: bool) -> None:
        """Note a batch that is about to be committed; ``others``: not all of it is of stations beyond their quota."""
        if not others:
            return
        backlog = full and now_s - self._ended_s < self.BACK_TO_BACK_S
        self._found = Beside.BACKLOG if backlog else max(self._found, Beside.SOME, key=_RANK.index)

    def ended(self, now_s: float) -> None:
        """Note that it is committed."""
        self._ended_s = now_s

    def look(self) -> Beside:
        """Return what came since the last look."""
        found, self._found = self._found, Beside.NOTHING
        return found


_RANK = list(Beside)
