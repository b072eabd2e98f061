"""Files that were seen and may still be written: how long each has stood still. Pure bookkeeping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.dropfolder.walker import Sight

CUT_PATIENCE_S = 120.0
"""How long a file whose end is plainly missing is waited for: a stalled upload goes on or is begun anew within this.
After it the good lines count, and the rest is told."""
_AGAIN_S = 5.0
"""Between two looks into a file whose end is missing."""


@dataclass(slots=True)
class Waiting:
    """One file, unchanged since ``since_s``; to be looked into at ``due_s``."""

    sight: Sight
    since_s: float
    due_s: float


class Pending:
    """The files that wait, in the order of their paths' first sight."""

    def __init__(self, settle_s: float, most: int) -> None:
        self._settle_s, self._most = settle_s, most
        self._waiting: dict[bytes, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more are taken: the rest is found again by the next walk."""
        return len(self._waiting) >= self._most

    def see(self, sight: Sight, now_s: float) -> None:
        """Take in a file as it was seen; one that changed since waits anew."""
        known = self._waiting.get(sight.path)
        if known is not None:
            if known.sight.fingerprint != sight.fingerprint:
                known.sight, known.since_s, known.due_s = sight, now_s, now_s + self._settle_s
        elif not self.is_full:
            # The first look is at once: a file may be complete by its content.
            self._waiting[sight.path] = Waiting(sight, now_s, now_s)

    def due(self, now_s: float) -> Iterator[Waiting]:
        """Yield the files to be looked into now; what is dropped meanwhile is not yielded."""
        for path in sorted(p for p, w in self._waiting.items() if w.due_s <= now_s):
            waiting = self._waiting.get(path)
            if waiting is not None:
                yield waiting

    def is_settled(self, waiting: Waiting, now_s: float) -> bool:
        """Whether a file has stood still long enough to be taken for whole when its last line is."""
        return now_s - waiting.since_s >= self._settle_s

    def postpone(self, waiting: Waiting, now_s: float) -> None:
        """Look again when the file has settled, or, where its end is missing, a little later."""
        settled_s = waiting.since_s + self._settle_s
        waiting.due_s = settled_s if now_s < settled_s else now_s + _AGAIN_S

    def drop(self, path: bytes) -> None:
        """Forget a file: it is sent, or gone."""
        self._waiting.pop(path, None)

    def clear(self) -> None:
        """Forget all: the next walk finds them."""
        self._waiting.clear()
