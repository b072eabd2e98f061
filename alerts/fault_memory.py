"""What the watch of the system knows while the database cannot keep it: a file in the run folder, over a restart."""

from __future__ import annotations

import fcntl
import json
import os
import weakref
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from alerts.system_faults import FaultState
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
LOOKED_WITHIN = timedelta(minutes=2)
"""A watch that looked so long ago says nothing of the time since: what it saw begins anew."""


class FaultMemory:
    """The file of one watch; without a path it remembers nothing. No trouble with it ends the watch."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._failed = self._ours = False

    def ours(self) -> bool:
        """Whether it is ours: of the watches of one run folder the first has it until its process ends."""
        if self._path is None or self._ours:
            return True
        try:
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return True  # without its folder it remembers nothing, and tells
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        except OSError:
            os.close(lock)
            return True  # a folder that knows no locks
        weakref.finalize(self, os.close, lock)
        self._ours = True
        return True

    def recall(self, now: datetime) -> FaultState:
        """Return what was told, and, where the last look was a moment ago, since when what lasts was seen."""
        if self._path is None or not self._path.exists():
            return FaultState()
        try:
            noted = json.loads(self._path.read_text(encoding="utf-8"))
            since, mailed = (_instants(noted[name]) for name in ("since", "mailed"))
            lately = now - _instant(noted["noted_at"]) <= LOOKED_WITHIN
            return FaultState(since if lately else {}, mailed, owed=noted.get("owed") is True)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            _log.warning("faults_not_recalled", file=str(self._path), error=repr(exc))
            return FaultState()

    def note(self, state: FaultState, now: datetime) -> None:
        """Note what is known."""
        if self._path is None:
            return
        noted = {"noted_at": now.isoformat(), "since": _texts(state.since), "mailed": _texts(state.mailed),
                 "owed": state.owed}  # fmt: skip
        written = self._path.with_suffix(".new")
        try:
            written.write_text(json.dumps(noted), encoding="utf-8")
            written.replace(self._path)
            self._failed = False
        except OSError as exc:
            self._tell(exc)

    def forget(self) -> None:
        """Note that the database has it all."""
        if self._path is None or not self._path.exists():
            return
        try:
            self._path.unlink()
        except OSError as exc:
            self._tell(exc)

    def _tell(self, error: OSError) -> None:
        if not self._failed:
            _log.warning("faults_not_remembered", file=str(self._path), error=str(error))
        self._failed = True


def _instants(noted: Mapping[str, str]) -> dict[str, datetime]:
    return {str(name): _instant(at) for name, at in noted.items()}


def _instant(noted: str) -> datetime:
    at = datetime.fromisoformat(noted)
    if at.tzinfo is None:
        raise ValueError(f"{noted} has no offset from UTC")
    return at


def _texts(instants: Mapping[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in instants.items()}
