"""Opening the memory of a drop folder: one process at a time, and a broken file is begun anew."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.dropfolder.known import KnownFiles
from quantrac.errors import SettingsError
from quantrac.telemetry import get_logger

_log = get_logger(__name__)


@contextmanager
def open_state(path: Path) -> Iterator[KnownFiles]:
    """Open the state file, made if need be; locked until the end.

    A file that SQLite cannot read is put aside: all files are read again then, and their readings are duplicates.

    Raises
    ------
    SettingsError
        Another process has it, or its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f"{path.name}.lock").open("w")
    except OSError as exc:
        raise SettingsError(f"{path.parent} cannot be written: {exc.strerror}. Correct QUANTRAC_RUN_DIR.") from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise SettingsError(
                f"Another process reads this drop folder ({path} is locked): stop that one first."
            ) from exc
        with _opened(path) as known:
            yield known


def _opened(path: Path) -> KnownFiles:
    try:
        return KnownFiles(path)
    except sqlite3.OperationalError as exc:
        raise SettingsError(
            f"{path} cannot be opened ({exc}): make room on its disk, or correct its permissions."
        ) from exc
    except sqlite3.DatabaseError as exc:
        _log.error("state_begun_anew", file=str(path), error=str(exc))
        for part in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if part.exists():
                part.replace(part.with_name(f"{part.name}.broken"))
        return KnownFiles(path)
