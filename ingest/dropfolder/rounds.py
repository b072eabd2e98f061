"""One walk through the whole drop folder that never waits in one place for long: its top folders take turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto

from ingest.dropfolder.walker import Sight, Walker

_MOST_BEGUN = 100
"""Folders in which the walk waits at the same time: each holds a handle of the system."""


class _Why(Enum):
    """Why a part of the walk stopped."""

    END = auto()
    FULL = auto()
    ENOUGH = auto()


class Round:
    """A walk, top folder by top folder. Where no more files are taken it waits, and goes on in the next folder.

    Parameters
    ----------
    folders
        Where to walk; without any, through the whole drop folder.
    """

    def __init__(self, walker: Walker, *folders: bytes) -> None:
        self._walker = walker
        self.is_whole = not folders
        self.waits = False
        """Whether nobody took more when it was last asked to go on."""
        self._folders = dict.fromkeys(folders)
        """Not begun yet, in their order."""
        self._begun: deque[Iterator[Sight | None]] = deque()
        if self.is_whole:
            self._begun.append(walker.walk(aside=self.add))
        self._held: dict[int, Sight] = {}
        """What a part that waits has seen last."""

    def add(self, folder: bytes) -> None:
        """Walk through one more folder, unless it lies in one that is not begun yet."""
        parts = folder.split(b"/")
        if not any(b"/".join(parts[:n]) in self._folders for n in range(1, len(parts) + 1)):
            self._folders[folder] = None

    def go_on(self, see: Callable[[Sight], bool], enough: Callable[[], bool]) -> bool:
        """Walk until it is enough, nobody takes more, or the end; true at the end.

        Parameters
        ----------
        see
            Takes a file; returns whether there was room for it.
        enough
            Asked now and then.

        Raises
        ------
        OSError
            The drop folder is away.
        """
        untried, self.waits = len(self._begun), False
        while untried or (self._folders and len(self._begun) < _MOST_BEGUN):
            if not untried:
                folder = next(iter(self._folders))
                del self._folders[folder]
                self._begun.appendleft(self._walker.walk(folder))
                untried = 1
            why = self._walked(self._begun[0], see, enough)
            if why is _Why.ENOUGH:
                return False
            untried -= 1
            if why is _Why.END:
                self._begun.popleft()
            else:
                self._begun.rotate(-1)
        self.waits = bool(self._begun)
        return not self._begun

    def _walked(self, part: Iterator[Sight | None], see: Callable[[Sight], bool], enough: Callable[[], bool]) -> _Why:
        held = self._held.pop(id(part), None)
        if held is not None and not see(held):
            self._held[id(part)] = held
            return _Why.FULL
        for sight in part:
            if sight is None:
                if enough():
                    return _Why.ENOUGH
            elif not see(sight):
                self._held[id(part)] = sight
                return _Why.FULL
        return _Why.END
