"""``quantrac run incidents`` as a process: killed in the middle it tells nothing twice, and a stop ends it cleanly.

It is woken by the worker's commit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.incidents.step import IncidentStep, StepOptions
from quantrac.domain.notifications import Channel

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


def test_a_change_is_told_without_waiting_for_the_next_look(centre: Centre) -> None:
    """A look in five minutes, a page in seconds: the commit of the alert wakes the step, again and again."""
    options = StepOptions(common=((Channel.EMAIL, "truc-ban@so.vn"),), pause_s=300.0)
    step, stop = IncidentStep(centre.store, options, centre.clock), threading.Event()
    running = threading.Thread(target=step.run, args=(stop,))
    running.start()
    try:
        time.sleep(1.0)  # it has looked, found nothing, and waits
        for n in range(3):
            centre.happens(centre.transition(f"S{n}"))
            _waits_for(2 * (n + 1), centre)
    finally:
        stop.set()
        centre.happens(centre.transition("S9"))  # wakes it, so that it sees that it is to end
        running.join(30)
    assert not running.is_alive()
