"""Moving files that were read into the archive: dated, never over another file, never one that was written since."""

from __future__ import annotations

import errno
import os
import stat
from datetime import datetime
from pathlib import Path

from ingest.dropfolder.known import Fingerprint
from ingest.dropfolder.walker import fingerprint_of
from quantrac.domain.stations import VIETNAM
from quantrac.errors import SettingsError

_TRIES = 1000
_FULL = (errno.ENOSPC, errno.EDQUOT)
"""What passes: somebody makes room."""


class Archive:
    """A folder on the file system of the drop folder, outside of it.

    Raises
    ------
    SettingsError
        It is inside the drop folder, on another file system, or cannot be written.
    OSError
        It cannot be made now: its disk is full.
    """

    def __init__(self, folder: Path, drop_folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            if exc.errno in _FULL:
                raise
            raise SettingsError(f"QUANTRAC_DROP_ARCHIVE {folder} cannot be made: {exc.strerror}.") from exc
        self._folder = os.fsencode(folder.resolve())
        self._drop_folder = os.fsencode(drop_folder.resolve())
        if folder.resolve().is_relative_to(drop_folder.resolve()):
            raise SettingsError(
                f"QUANTRAC_DROP_ARCHIVE {folder} is inside the drop folder and would be read again: name another."
            )
        if folder.stat().st_dev != drop_folder.stat().st_dev:
            raise SettingsError(
                f"QUANTRAC_DROP_ARCHIVE {folder} is on another file system than {drop_folder}: a file could be lost "
                "half-way between them. Name a folder beside the drop folder."
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SettingsError(f"QUANTRAC_DROP_ARCHIVE {folder} cannot be written: correct its permissions.")

    def take(self, path: bytes, expected: Fingerprint, at: datetime) -> bool:
        """Move a file into the folder of a day; false when it is not the one that was read, and then it stays.

        Raises
        ------
        OSError
            It could not be moved (a full disk, no permission): it stays where it is.
        """
        source = self._drop_folder + b"/" + path
        inode = _inode(source, expected)
        if inode is None:
            return False
        day = at.astimezone(VIETNAM).strftime("%Y/%m/%d").encode()
        target = self._free(self._folder + b"/" + day + b"/" + path)
        os.rename(source, target)
        if _is_same(target, expected, inode):
            return True
        if not os.path.lexists(source):  # it was written between the two looks: back, to be read again
            os.rename(target, source)
        return False

    def _free(self, target: bytes) -> bytes:
        """Return a name that nothing has: only this process writes here, so that it stays free."""
        os.makedirs(os.path.dirname(target), exist_ok=True)
        for number in range(1, _TRIES):
            name = target if number == 1 else b"%s.%d" % (target, number)
            if not os.path.lexists(name):
                return name
        raise FileExistsError(f"{os.fsdecode(target)} was archived {_TRIES} times today")


def _inode(path: bytes, expected: Fingerprint) -> int | None:
    """Return the number of the file that was read; ``None`` when another one, or none, is there."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_ino if stat.S_ISREG(found.st_mode) and fingerprint_of(found) == expected else None


def _is_same(path: bytes, expected: Fingerprint, inode: int) -> bool:
    found = os.lstat(path)  # the move itself has moved the change time on
    return (found.st_ino, found.st_size, found.st_mtime_ns) == (inode, expected.size, expected.mtime_ns)
