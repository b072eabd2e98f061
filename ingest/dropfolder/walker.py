"""Walking the drop folder: which files are new or changed, in bounded memory, never through a symbolic link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from ingest.dropfolder.known import Fingerprint, Known, KnownFiles
from ingest.dropfolder.names import is_wanted

_PART = 256
"""Entries of a folder that are looked up at once; after each part the walk breathes: the caller may do other work."""
_HALF = 2**63
_MAX_DEPTH = 40
"""Folders within folders: date folders are five deep, and a path of the system has an end."""


class Kind(Enum):
    """What was seen."""

    FRESH = auto()
    """A regular file that is new or changed."""
    KNOWN = auto()
    """A regular file that was read and is still here: told in archive mode only."""
    ODD = auto()
    """A link, a device, a pipe or a socket, new or changed."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One file as it was seen. ``path`` is relative to the drop folder."""

    path: bytes
    kind: Kind
    fingerprint: Fingerprint
    known_at_s: int = 0


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def fingerprint_of(found: os.stat_result) -> Fingerprint:
    """Return the fingerprint of a file."""
    return Fingerprint(found.st_size, _signed(found.st_mtime_ns), _signed(found.st_ctime_ns))


def _signed(ns: int) -> int:
    """Return a time as it fits into 64 bits, as SQLite keeps it: one after 2262 is folded, for it is compared only.

    >>> _signed(2**63), _signed(-1)
    (-9223372036854775808, -1)
    """
    return ns if -_HALF <= ns < _HALF else (ns + _HALF) % (2 * _HALF) - _HALF


@dataclass(slots=True)
class Walker:
    """Looks at one drop folder. ``root`` is absolute and without links."""

    root: bytes
    known: KnownFiles
    tell_known: bool = False
    folder_links: int = 0
    """Links to folders that the last whole walk has met: it passes them by, but who watches the folder may not."""

    def walk(self, start: bytes = b"", aside: Callable[[bytes], None] | None = None) -> Iterator[Sight | None]:
        """Yield what is worth looking at below a folder, and ``None`` now and then as a breath.

        With ``aside`` the folders in it are handed there instead of being walked.

        A folder that cannot be listed, or went away meanwhile, is passed over. The drop folder itself has to be there.

        Raises
        ------
        OSError
            The drop folder is away.
        """
        folders = [start]
        deeper = folders.append if aside is None else aside
        if not start:
            self.folder_links = 0
        for folder, part in self._below(folders):
            known = self.known.lookup_all(folder, [entry.name for entry in part])
            for entry in part:
                path = _joined(folder, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(b".") and path.count(b"/") < _MAX_DEPTH:
                        deeper(path)
                elif (sight := self._sight(path, entry, known.get(entry.name))) is not None:
                    yield sight
            yield None

    def survey(self) -> Iterator[None]:
        """Count the links to folders, also in what the walk passes by, and breathe now and then.

        Raises
        ------
        OSError
            The drop folder is away.
        """
        folders = [b""]
        links = 0
        for folder, part in self._below(folders):
            for entry in part:
                try:
                    if entry.is_symlink():
                        links += entry.is_dir()
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(_joined(folder, entry.name))
                except OSError:
                    continue
            yield
        self.folder_links = links

    def look(self, paths: Iterable[bytes], folders: Callable[[bytes], object]) -> Iterator[Sight]:
        """Yield what is worth looking at of paths that were told to have changed; hand on which of them are folders."""
        parents: dict[bytes, bool] = {}
        for path in paths:
            absolute = self._absolute(path)
            parent = os.path.dirname(absolute)
            if parent not in parents:
                parents[parent] = os.path.realpath(parent) == parent
            if any(part.startswith(b".") for part in path.split(b"/")) or not parents[parent]:
                continue  # hidden, or below a link
            try:
                found = os.lstat(absolute)
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode):
                folders(path)
            elif self._is_worth(path, found.st_mode):
                sight = self._judged(path, found, self.known.lookup(path))
                if sight is not None:
                    yield sight

    def _below(self, folders: list[bytes]) -> Iterator[tuple[bytes, list[os.DirEntry[bytes]]]]:
        """Yield folders, of a list that may grow meanwhile, each with some of its entries after the others."""
        while folders:
            folder = folders.pop()
            try:
                entries = os.scandir(self._absolute(folder))
            except OSError:
                if not folder:
                    raise
                continue
            with entries:
                told = self._entries(entries)
                while part := list(islice(told, _PART)):
                    yield folder, part

    def _absolute(self, path: bytes) -> bytes:
        return self.root + b"/" + path if path else self.root

    @staticmethod
    def _entries(entries: Iterator[os.DirEntry[bytes]]) -> Iterator[os.DirEntry[bytes]]:
        """Yield a folder's entries; one that stops answering in the middle is looked at again with the next walk."""
        while True:
            try:
                entry = next(entries)
            except (StopIteration, OSError):
                return
            yield entry

    def _sight(self, path: bytes, entry: os.DirEntry[bytes], known: Known | None) -> Sight | None:
        link = entry.is_symlink()
        if not link and not is_wanted(entry.name):
            return None
        try:
            self.folder_links += link and entry.is_dir()
            found = entry.stat(follow_symlinks=False)
        except OSError:
            return None
        return self._judged(path, found, known) if not link or self._is_worth(path, found.st_mode) else None

    @staticmethod
    def _is_worth(path: bytes, mode: int) -> bool:
        name = path.rpartition(b"/")[2]
        return is_wanted(name) or (stat.S_ISLNK(mode) and not name.startswith(b"."))

    def _judged(self, path: bytes, found: os.stat_result, known: Known | None) -> Sight | None:
        fingerprint = fingerprint_of(found)
        regular = stat.S_ISREG(found.st_mode)
        if known is not None and known[0] == fingerprint:
            return Sight(path, Kind.KNOWN, fingerprint, known[1]) if self.tell_known and regular else None
        return Sight(path, Kind.FRESH if regular else Kind.ODD, fingerprint)
