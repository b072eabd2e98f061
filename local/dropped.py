"""What lies in the drop folder of this machine, counted without the drop folder's own process: lines of files."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

_KNOWN = """
SELECT d.path, f.name, f.sha256, f.station, f.known_at_s
  FROM files AS f JOIN folders AS d ON d.id = f.folder
 WHERE f.known_at_s >= ?
"""
_OVERLAP_S = 30
"""What became known at an instant may be written this much later."""
_BLANK = b" \t\r\n\x00"
_MOST_BYTES = 16 * 1024 * 1024
"""A larger file is refused unread."""


class FileCounts(NamedTuple):
    """Station files of this run."""

    files: int = 0
    read: int = 0
    """Files that the drop folder has handed on."""
    lines: int = 0
    """Lines of those that were handed on for stations of this run, a line being a reading; one for a refused file."""


class _Lying(NamedTuple):
    mtime_ns: int
    size: int
    sha256: bytes
    lines: int


class Dropped:
    """Counts what loggers and people put into a folder, beside the process that reads it.

    Parameters
    ----------
    folder
        The drop folder, in which ``look`` leaves everything.
    state
        The reader's memory: it says which files were read or refused, and of which station it took them for.
    """

    def __init__(self, folder: Path, state: Path) -> None:
        self._root, self._state = os.fsencode(folder.resolve()), state
        self._stations: frozenset[str] = frozenset()
        self._lying: dict[bytes, _Lying] = {}
        self._read: dict[tuple[str, bytes], int] = {}
        """Lines of each content that was read, by station: the same content again is not read again."""
        self._last: dict[bytes, tuple[str, bytes | None]] = {}
        self._before: set[tuple[str, bytes]] = set()
        self._since_s = 0

    def begin(self, stations: Collection[str], own: Collection[str] = ()) -> None:
        """Count from here the lines of ``stations``: what was read before belongs to earlier runs.

        No process reads the folder now. Read files of the stations ``own`` are removed: their loggers write anew in
        each run.
        """
        self._stations = frozenset(stations)
        self._look()
        for path, (station, _) in self._last.items():
            if station in own:
                with suppress(OSError):
                    os.unlink(os.path.join(self._root, path))
        self._before = set(self._read)

    def counts(self) -> FileCounts:
        """Return what has come since the beginning."""
        self._look()
        read = {key: lines for key, lines in self._read.items() if key not in self._before}
        waiting = [
            path for path, file in self._lying.items() if self._last.get(path, ("", b""))[1] not in (file.sha256, None)
        ]
        lines = sum(lines for (station, _), lines in read.items() if station in self._stations)
        return FileCounts(len(read) + len(waiting), len(read), lines)

    def _look(self) -> None:
        self._walk()
        if not self._state.exists():
            return
        uri = f"{self._state.resolve().as_uri()}?mode=ro"
        rows = []
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as db:
            rows = db.execute(_KNOWN, (self._since_s - _OVERLAP_S,)).fetchall()
        for folder, name, sha256, station, known_at_s in rows:
            path = folder + b"/" + name if folder else name
            self._last[path] = (station, sha256)
            self._since_s = max(self._since_s, known_at_s)
            lying = self._lying.get(path)
            if sha256 is None:
                self._read[station, path] = 1
            elif lying is not None and lying.sha256 == sha256:
                self._read[station, sha256] = lying.lines

    def _walk(self) -> None:
        folders, found = [self._root], set()
        while folders:
            with suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith(b"."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_file(follow_symlinks=False) and entry.name.lower().endswith(b".txt"):
                        path = os.path.relpath(entry.path, self._root)
                        found.add(path)
                        with suppress(FileNotFoundError):
                            self._see(path, entry)
        for gone in self._lying.keys() - found:
            del self._lying[gone]

    def _see(self, path: bytes, entry: os.DirEntry[bytes]) -> None:
        stat = entry.stat(follow_symlinks=False)
        before = self._lying.get(path)
        if before is not None and (before.mtime_ns, before.size) == (stat.st_mtime_ns, stat.st_size):
            return
        if stat.st_size > _MOST_BYTES:
            return
        content = Path(os.fsdecode(entry.path)).read_bytes()
        lines = sum(bool(line.strip(_BLANK)) for line in content.split(b"\n"))
        self._lying[path] = _Lying(stat.st_mtime_ns, stat.st_size, hashlib.sha256(content).digest(), lines)
