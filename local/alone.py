"""One process at a time starts and stops what a run folder holds."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from local.servers.accounts import make_run_dir
from quantrac.errors import ServerError
from quantrac.terminal import say

FILE = "in-use.lock"
PATIENCE_S = 90.0
"""Longer than everything takes to stop in order."""
_POLL_S = 0.2


@contextmanager
def alone(run_dir: Path, stop: threading.Event | None = None, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold a run folder for as long as this lasts; one that another process holds is waited for.

    What that one is stopping would look like servers that run already, and be gone a moment later.

    Raises
    ------
    ServerError
        It is still held after ``patience_s``, or when ``stop`` is set.
    """
    stop = stop or threading.Event()
    make_run_dir(run_dir)
    ends_s, told = monotonic() + patience_s, False
    with (run_dir / FILE).open("a+", encoding="utf-8") as file:
        while not _taken(file.fileno()):
            file.seek(0)
            holder = f"process {file.read().strip()} runs, or stops, everything in {run_dir}"
            if monotonic() > ends_s or stop.is_set():
                raise ServerError(f"{holder}. End it (Ctrl-C in its terminal), or name another QUANTRAC_RUN_DIR.")
            if not told:
                say(f"Waiting until {run_dir} is free: {holder}.", err=True)
                told = True
            stop.wait(_POLL_S)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
