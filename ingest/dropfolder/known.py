"""What the drop folder has read already: one row per file, in SQLite, on disk before it counts.

It is a memory and no evidence: when it is lost, everything is read again, and what was stored before is a duplicate.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

_SCHEMA = """
CREATE TABLE IF NOT EXISTS folders (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS files (
    folder INTEGER NOT NULL, name BLOB NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,
    sha256 BLOB, station TEXT NOT NULL, known_at_s INTEGER NOT NULL, moved INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (folder, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_by_content ON files (sha256) WHERE sha256 IS NOT NULL;
"""
_SAVE = """
INSERT INTO files (folder, name, size, mtime_ns, ctime_ns, sha256, station, known_at_s)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (folder, name) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
    ctime_ns = excluded.ctime_ns, sha256 = excluded.sha256, station = excluded.station,
    known_at_s = excluded.known_at_s, moved = 0
"""
_CONTENT = """
SELECT own.name IS NOT NULL, own.sha256, EXISTS (SELECT 1 FROM files WHERE sha256 = ?3 AND station = ?4)
  FROM (SELECT 1) LEFT JOIN files AS own ON own.folder = ?1 AND own.name = ?2
"""
_OF_FOLDER = "SELECT name, size, mtime_ns, ctime_ns, known_at_s, moved FROM files WHERE folder = ? AND name IN (%s)"
_CACHE_KIB = 65_536
_FOLDERS_HELD = 100_000


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells without reading that a file was changed.

    The change time (ctime) is the server's own and cannot be set, so that a file rewritten with the same size and an
    old modification time is seen as well; like the other two it is compared only, never read as a time.
    """

    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose record Kafka has; ``sha256`` is ``None`` for one that was refused unread."""

    path: bytes
    fingerprint: Fingerprint
    sha256: bytes | None
    station: str
    known_at_s: int


Known = tuple[Fingerprint, int, bool]


@cache
def _of_folder(names: int) -> str:
    return _OF_FOLDER % ", ".join("?" * names)


class KnownFiles:
    """The memory of one drop folder. Used by one thread.

    Every method may raise ``sqlite3.Error`` (a full disk); nothing is half written then.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -{_CACHE_KIB}; {_SCHEMA}"
        )
        self._folders: dict[bytes, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def lookup(self, path: bytes) -> Known | None:
        """Return fingerprint, when it became known (s since 1970) and whether it was moved; ``None`` for a new one."""
        folder, _, name = path.rpartition(b"/")
        return self.lookup_all(folder, [name]).get(name)

    def lookup_all(self, folder: bytes, names: Sequence[bytes]) -> dict[bytes, Known]:
        """Return the same of some files of a folder, by name, without those that are new: a quarter of the time."""
        number = self._folder_id(folder)
        if not number or not names:
            return {}
        # Few lengths are few statements to be compiled; a name may stand in the list twice.
        room = 1 << (len(names) - 1).bit_length()
        rows = self._db.execute(_of_folder(room), (number, *names, *([names[0]] * (room - len(names)))))
        return {row[0]: (Fingerprint(*row[1:4]), row[4], bool(row[5])) for row in rows}

    def has_content(self, path: bytes, station: str, sha256: bytes) -> bool:
        """Whether this content was read before: at this path as the last one, or at another of the same station.

        A file that is written with an earlier content of its own path is a new version all the same.
        """
        folder, _, name = path.rpartition(b"/")
        is_known, own, elsewhere = self._db.execute(
            _CONTENT, (self._folder_id(folder), name, sha256, station)
        ).fetchone()
        return bool(own == sha256 if is_known else elsewhere)

    def remember(self, files: Iterable[KnownFile]) -> None:
        """Save files in one transaction, in the order given."""
        rows = []
        for file in files:
            folder, _, name = file.path.rpartition(b"/")
            fp = file.fingerprint
            where = self._folder_id(folder, add=True)
            rows.append((where, name, fp.size, fp.mtime_ns, fp.ctime_ns, file.sha256, file.station, file.known_at_s))
        self._in_transaction(_SAVE, rows)

    def mark_moved(self, paths: Iterable[bytes]) -> None:
        """Remember that files are in the archive: their content stays known."""
        rows = [(self._folder_id(folder), name) for folder, _, name in (p.rpartition(b"/") for p in paths)]
        self._in_transaction("UPDATE files SET moved = 1 WHERE folder = ? AND name = ?", rows)

    def forget_moved(self, before_s: int) -> int:
        """Forget files that were moved and became known before an instant; return how many."""
        return self._db.execute("DELETE FROM files WHERE moved = 1 AND known_at_s < ?", (before_s,)).rowcount

    def count(self) -> int:
        """Return how many files are known."""
        return int(self._db.execute("SELECT count(*) FROM files").fetchone()[0])

    def _in_transaction(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(sql, rows)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _folder_id(self, folder: bytes, *, add: bool = False) -> int:
        """Return the number of a folder; 0, which is none's, for a folder without known files."""
        found = self._folders.get(folder)
        if found is not None and (found or not add):
            return found
        if add:
            self._db.execute("INSERT OR IGNORE INTO folders (path) VALUES (?)", (folder,))
        row = self._db.execute("SELECT id FROM folders WHERE path = ?", (folder,)).fetchone()
        if len(self._folders) >= _FOLDERS_HELD:
            self._folders.clear()
        number = 0 if row is None else int(row[0])
        self._folders[folder] = number
        return number
