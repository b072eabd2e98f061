"""News of the file system in a thread of its own: which paths may have changed since it was last asked."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import watchfiles

from quantrac.telemetry import get_logger

_MOST_PATHS = 20_000
"""More news than this is one piece of news: walk everything."""
_DEBOUNCE_MS = 400
_STEP_MS = 50
_TIMEOUT_MS = 250
_CLOSE_S = 2.0
_AGAIN_S = 1.0
_UNDECODABLE = "Unable to decode"
"""What watchfiles says of a name that is not UTF-8. It ends the watch, with all other news of that moment: it is begun
anew after a pause, and what came meanwhile is found by a walk."""

_log = get_logger(__name__)
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of every change


class Watcher:
    """Collects changed paths while it can; what it misses (network file systems, too many folders) the walk finds.

    ``news`` is set whenever there is something to take.
    """

    def __init__(self, root: Path) -> None:
        self.news = threading.Event()
        self.overflowed = False
        self._root = root
        self.ready = threading.Event()
        """Set once every folder is watched."""
        self._prefix = os.fsencode(root) + b"/"
        self._paths: set[bytes] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._identity = (0, 0)

    @property
    def is_running(self) -> bool:
        """Whether changes are told at present."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start watching, unless it does; a folder that went away and came back is another one.

        Raises
        ------
        OSError
            The folder is away.
        """
        found = self._root.stat()
        identity = (found.st_dev, found.st_ino)
        if self.is_running and identity != self._identity:
            self.close()
        self._identity = identity
        if not self.is_running:
            self._stop.clear()
            self.ready.clear()
            self._thread = threading.Thread(target=self._watch, name="drop-folder-watcher", daemon=True)
            self._thread.start()

    def take(self) -> list[bytes]:
        """Return the changed paths, relative to the folder, and forget them."""
        with self._lock:
            self.news.clear()
            taken, self._paths = self._paths, set()
        return sorted(taken)

    def close(self) -> None:
        """Stop watching; it can be started again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def _watch(self) -> None:
        lost = False
        while not self._stop.is_set():
            try:
                self._news(lost=lost)
            except (OSError, RuntimeError) as exc:
                lost = str(exc).startswith(_UNDECODABLE)
                note = "it is walked through" if lost else "the periodic scan goes on"
                _log.warning("folder_not_watched", folder=str(self._root), error=str(exc), note=note)
                if not lost:
                    return
                self.ready.clear()
                self._stop.wait(_AGAIN_S)

    def _news(self, *, lost: bool) -> None:
        changes = watchfiles.watch(
            self._root, watch_filter=None, debounce=_DEBOUNCE_MS, step=_STEP_MS, stop_event=self._stop,
            rust_timeout=_TIMEOUT_MS, yield_on_timeout=True, raise_interrupt=False, ignore_permission_denied=True,
        )  # fmt: skip
        for batch in changes:
            self.ready.set()  # the first batch, empty as a rule, comes when all is watched
            self._add((os.fsencode(path) for _, path in batch), lost=lost)
            lost = False

    def _add(self, paths: Iterable[bytes], *, lost: bool) -> None:
        with self._lock:
            self.overflowed |= lost
            self._paths.update(p.removeprefix(self._prefix) for p in paths if p.startswith(self._prefix))
            if len(self._paths) > _MOST_PATHS:
                self._paths.clear()
                self.overflowed = True
            if self._paths or self.overflowed:
                self.news.set()
