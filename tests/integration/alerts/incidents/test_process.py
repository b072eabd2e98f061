"""``quantrac run incidents`` as a process: killed in the middle it tells nothing twice, and a stop ends it cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import Centre

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(centre: Centre, tmp_path: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[bytes]] = []
    environment = os.environ | {
        "QUANTRAC_RUN_DIR": str(tmp_path),
        "QUANTRAC_DATABASE_NOTIFIER_URL": centre.database.notifier,
        "QUANTRAC_INCIDENT_PAGES": "true",
    }

    def run() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "quantrac", "run", "incidents"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()


def _waits_for(rows: int, centre: Centre) -> None:
    deadline = time.monotonic() + 30
    while len(centre.outbox()) < rows:
        assert time.monotonic() < deadline, centre.outbox()
        time.sleep(0.05)


def test_killed_and_started_again_beside_a_second_one(centre: Centre, start: Start) -> None:
    first = start()
    for n in range(8):
        centre.happens(centre.transition(f"S{n}"))
        if n == 4:
            first.kill()
            second, third = start(), start()
    _waits_for(16, centre)
    time.sleep(1.5)  # three more steps of each: none of them may tell anything again
    assert len(centre.outbox()) == 16
    for process in (second, third):
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert centre.sql("SELECT count(*) FROM incidents") == [(8,)]
