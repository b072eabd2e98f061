"""Which acknowledged messages a logger keeps, to send them again after a reconnect."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class LastAcknowledged(Generic[T]):
    """The newest acknowledged messages, bounded by number and by age.

    A broker may acknowledge a moment before it writes its store; when it dies in that moment, its last
    acknowledgements were promises that it cannot keep. Age is counted back from the newest acknowledgement and not from
    the present, because the loss of a connection may be noticed long after it: at least the very last message is kept.

    >>> last = LastAcknowledged[str](most=2, seconds=5.0)
    >>> for at_s, message in ((0.0, "a"), (3.0, "b"), (7.0, "c")):
    ...     last.add(message, at_s)
    >>> last.take(), last.take()
    (['b', 'c'], [])
    """

    def __init__(self, most: int = 200, seconds: float = 5.0) -> None:
        self._most, self._seconds = most, seconds
        self._kept: deque[tuple[float, T]] = deque()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, message: T, at_s: float) -> None:
        """Keep a message that was acknowledged at a monotonic time, and let go of those that are out of bounds."""
        self._kept.append((at_s, message))
        while len(self._kept) > self._most or self._kept[0][0] < at_s - self._seconds:
            self._kept.popleft()

    def take(self) -> list[T]:
        """Return what is kept, in the order of acknowledgement, and keep it no longer."""
        taken = [message for _, message in self._kept]
        self._kept.clear()
        return taken
