"""Files that several processes share: locks between them, and writes that are seen whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quantrac.errors import ServerError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` (created if missing); a second process waits here for the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``; an empty one when there is no such file.

    Raises
    ------
    ServerError
        The file is not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as exc:
        raise ServerError(f"{path} is not valid JSON ({exc}): mend it, or delete it to have it made anew.") from exc
    if not isinstance(content, dict):
        raise ServerError(f"{path} is not a JSON object: mend it, or delete it to have it made anew.")
    return content


def complete_once(folder: Path, identity: str, build: Callable[[Path], None]) -> Path:
    """Make ``folder`` by ``build`` unless a finished one with the same ``identity`` is there, and return it.

    ``build`` gets a work folder beside ``folder``, which is kept when it fails: what was already downloaded is used by
    the next try. Whatever it leaves in ``<work>/root`` becomes ``folder`` in one step, so a reader never sees half of
    it. Two processes at once: the second waits and then finds the work done.
    """
    stamp = folder / ".complete"
    if is_complete(folder, identity):
        return folder
    with locked(folder.with_name(folder.name + ".lock")):
        if is_complete(folder, identity):
            return folder
        work = folder.with_name(folder.name + ".partial")
        work.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(work / "root", ignore_errors=True)
        build(work)
        (work / "root" / stamp.name).write_text(identity, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        (work / "root").rename(folder)
        shutil.rmtree(work, ignore_errors=True)
    return folder


def is_complete(folder: Path, identity: str) -> bool:
    """Whether ``folder`` was finished by `complete_once` with this ``identity``."""
    try:
        return (folder / ".complete").read_text(encoding="utf-8") == identity
    except (FileNotFoundError, NotADirectoryError):
        return False
