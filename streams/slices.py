"""How much of what waits is read in one go: what came meanwhile waits for no more than that. Pure.

While nobody else sends, slices double until one takes ``ALONE_S``; when something came in meanwhile the next one takes
``BESIDE_S`` at most, and the reader rests. While batches come full, one behind the other, more of the honest ones may
wait behind them: then a smallest slice is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

LEAST = 50
MOST = 2_000
"""Messages: what they come to must fit into memory, however fast the machine is."""
SLICE_BYTES = 1024 * 1024
"""Of one station's payload in one slice: the honest ones wait for no more than that."""
ALONE_S = 0.4
BESIDE_S = 0.1
REST = 4.0
"""Times a slice's own time."""
REST_S = 2.0
"""Where that is more, while much comes in: bridge and broker share the machine with the flood, too."""
MUCH_PER_S = 50.0
"""Messages of at most so many bytes, of whomever: seven provinces send no more."""
MESSAGE_BYTES = 4_096


class Beside(StrEnum):
    """What came in while a slice was read."""

    NOTHING = "nothing"
    SOME = "some"
    MUCH = "much"
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
        elif took_s <= longest_s / 2:
            self.most = min(MOST, max(self.most, 2 * messages))  # a short one says nothing of long ones
        if beside is Beside.NOTHING:
            return 0.0
        return REST * took_s if beside is Beside.SOME else max(REST_S, REST * took_s)


class Traffic:
    """What comes in by the way of the honest ones, since the last look."""

    BACK_TO_BACK_S = 0.02
    """A full batch so soon after the one before was ready while that was committed."""

    def __init__(self, now_s: float) -> None:
        self._found = Beside.NOTHING
        self._messages = 0
        self._looked_s = now_s
        self._ended_s = float("-inf")

    def began(self, now_s: float, sizes: Iterable[int], *, full: bool, others: bool) -> None:
        """Note a batch that is about to be committed, of messages of so many bytes.

        ``others`` says that not all of it is of stations beyond their quota.
        """
        self._messages += sum(1 + size // MESSAGE_BYTES for size in sizes)
        if not others:
            return
        backlog = full and now_s - self._ended_s < self.BACK_TO_BACK_S
        self._found = Beside.BACKLOG if backlog else max(self._found, Beside.SOME, key=_RANK.index)

    def ended(self, now_s: float) -> None:
        """Note that it is committed."""
        self._ended_s = now_s

    def look(self, now_s: float) -> Beside:
        """Return what came since the last look."""
        found, much = self._found, self._messages > MUCH_PER_S * (now_s - self._looked_s)
        self._found, self._messages, self._looked_s = Beside.NOTHING, 0, now_s
        return Beside.MUCH if much and found is Beside.SOME else found


_RANK = list(Beside)
