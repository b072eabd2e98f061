"""Which system user the database server runs as, and where that user can reach files."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from quantrac.errors import ServerError

SYSTEM_CACHE = Path("/var/cache/quantrac")
"""Programs go here when root's own cache folder is closed to the database server's user."""
SYSTEM_STATE = Path("/var/lib/quantrac")
"""Database files go here when root's run folder is closed to the database server's user."""


@dataclass(frozen=True, slots=True)
class Account:
    """A system user to whom a server process drops."""

    name: str
    uid: int
    gid: int


def database_account() -> Account | None:
    """Return the user for PostgreSQL, which refuses to run as root; ``None`` when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServerError(
        "PostgreSQL refuses to run as root and there is no user 'postgres' or 'nobody': run as another user."
    )


def can_enter(folder: Path, account: Account) -> bool:
    """Whether ``account`` may enter ``folder``; parts of the path that do not exist yet count as open."""
    resolved = folder.resolve()
    return all(_may_search(part, account) for part in (resolved, *resolved.parents) if part.exists())


def _may_search(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def program_folder(cache_dir: Path) -> Path:
    """Return where programs are unpacked.

    That is ``cache_dir``, or `SYSTEM_CACHE` when root's cache folder is closed to the database server's user.
    """
    account = database_account()
    return cache_dir if account is None or can_enter(cache_dir, account) else SYSTEM_CACHE


def database_folder(run_dir: Path) -> Path:
    """Return where the database's files are.

    That is in ``run_dir``, or in `SYSTEM_STATE` when root's run folder is closed to the database server's user. The
    name there is a digest of the run folder's path, so each run folder keeps its own data.
    """
    account = database_account()
    if account is None or can_enter(run_dir, account):
        return run_dir / "postgres"
    digest = hashlib.sha256(str(run_dir.resolve()).encode()).hexdigest()[:16]
    return SYSTEM_STATE / digest / "postgres"


def make_run_dir(run_dir: Path) -> None:
    """Create the run folder unless it is there.

    Root's is open for passing through, because root's PostgreSQL runs as another user, but not for looking around.
    """
    try:
        run_dir.mkdir(0o700, parents=True)
    except FileExistsError:
        return  # or another process was quicker
    run_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
