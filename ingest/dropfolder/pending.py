"""Files that were seen and may still be written: how long each has stood still. Pure bookkeeping."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.dropfolder.walker import Sight

CUT_PATIENCE_S = 120.0
"""How long a file whose end is plainly missing is waited for: a stalled upload goes on or is begun anew within this.
After it the good lines count, and the rest is told."""
_AGAIN_S = 5.0
"""Between two looks into a file whose end is missing."""
_SHARE = 8
"""Files of one lane before the next one has its turn: with 150 stations a round takes less than a second."""
_MOST_KEPT_BYTES = 32 * 1024 * 1024
_FEW = 50
"""So many files of a station always find room: those of four hours."""


@dataclass(slots=True)
class Waiting:
    """One file, unchanged since ``since_s``; to be looked into at ``due_s``."""

    sight: Sight
    lane: str
    """Whose turn it takes."""
    since_s: float
    due_s: float
    kept: bytes | None = None
    """Its content at the last look, should another program take the file away while it waits."""


class Pending:
    """The files that wait, by whose turn they take: the stations take turns, so that none waits for another's backlog.

    Parameters
    ----------
    settle_s
        How long a file stands still before it is taken for whole.
    most, most_of_one
        Files held of all stations, and of one. A station of which only a few wait finds room for them all the same.
    """

    def __init__(self, settle_s: float, most: int, most_of_one: int) -> None:
        self._settle_s, self._most, self._most_of_one = settle_s, most, most_of_one
        self._waiting: dict[bytes, Waiting] = {}
        self._kept_bytes = 0
        self._of_lane: dict[str, dict[bytes, Waiting]] = {}
        """In the order in which the lanes take their turns."""
        self._queues: dict[str, list[bytes]] = {}
        """Of each lane, what was due when it was last looked through, the last first."""

    def __len__(self) -> int:
        return len(self._waiting)

    def has_room(self, lane: str) -> bool:
        """Whether one more file of a lane is taken; what is not is found again by a later walk."""
        own = len(self._of_lane.get(lane, ()))
        if len(self._waiting) < self._most:
            return own < self._most_of_one
        return own < _FEW and len(self._waiting) < 2 * self._most

    def see(self, sight: Sight, lane: str, now_s: float) -> bool:
        """Take in a file as it was seen, unless there is no room; one that changed since waits anew."""
        known = self._waiting.get(sight.path)
        if known is not None:
            if known.sight.fingerprint != sight.fingerprint:
                known.sight, known.since_s, known.due_s = sight, now_s, now_s + self._settle_s
            return True
        if not self.has_room(lane):
            return False
        # The first look is at once: a file may be complete by its content.
        waiting = self._waiting[sight.path] = Waiting(sight, lane, now_s, now_s)
        self._of_lane.setdefault(lane, {})[sight.path] = waiting
        return True

    def due(self, now_s: float) -> Iterator[Waiting]:
        """Yield the files to be looked into now, a few of each lane in turn; those of a lane in the order of paths.

        Who stops asking goes on with the next call, with the lane whose turn it is then.
        """
        line = deque(self._of_lane)
        while line:
            lane = line.popleft()
            if lane not in self._of_lane:
                continue
            self._of_lane[lane] = self._of_lane.pop(lane)  # to the end of the line, also of the next call's
            given = 0
            while given < _SHARE and (waiting := self._next_of(lane, now_s, anew=given == 0)):
                given += 1
                yield waiting
            if given == _SHARE:
                line.append(lane)

    def _next_of(self, lane: str, now_s: float, *, anew: bool) -> Waiting | None:
        queue = self._queues.get(lane, [])
        if not queue and anew:
            found = self._of_lane.get(lane, {})
            queue = sorted((p for p, w in found.items() if w.due_s <= now_s), reverse=True)
            self._queues[lane] = queue
        while queue:
            waiting = self._waiting.get(queue.pop())
            if waiting is not None and waiting.due_s <= now_s:
                return waiting
        self._queues.pop(lane, None)
        return None

    def is_settled(self, waiting: Waiting, now_s: float) -> bool:
        """Whether a file has stood still long enough to be taken for whole when its last line is."""
        return now_s - waiting.since_s >= self._settle_s

    def postpone(self, waiting: Waiting, now_s: float) -> None:
        """Look again when the file has settled, or, where its end is missing, a little later."""
        settled_s = waiting.since_s + self._settle_s
        waiting.due_s = settled_s if now_s < settled_s else now_s + _AGAIN_S

    def keep(self, waiting: Waiting, content: bytes) -> None:
        """Keep a file's content while it waits, as far as there is room."""
        self._kept_bytes -= len(waiting.kept or b"")
        waiting.kept = content if self._kept_bytes + len(content) <= _MOST_KEPT_BYTES else None
        self._kept_bytes += len(waiting.kept or b"")

    def drop(self, path: bytes) -> None:
        """Forget a file: it is sent, or gone."""
        waiting = self._waiting.pop(path, None)
        if waiting is None:
            return
        self._kept_bytes -= len(waiting.kept or b"")
        lane = self._of_lane[waiting.lane]
        del lane[path]
        if not lane:
            del self._of_lane[waiting.lane]
            self._queues.pop(waiting.lane, None)

    def clear(self) -> None:
        """Forget all: the next walk finds them."""
        self._waiting.clear()
        self._kept_bytes = 0
        self._of_lane.clear()
        self._queues.clear()
