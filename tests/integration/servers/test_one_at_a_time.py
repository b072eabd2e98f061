"""Who starts and stops a server while another process does, or while `quantrac up` watches over it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.alone import alone
from local.processes import Supervisor
from local.servers.mail import MailCatcher
from quantrac.clock import SystemClock

PATIENCE_S = 60.0


class _Slow(MailCatcher):
    """Takes a while before its process begins, as Kafka and PostgreSQL do."""

    def _prepare(self) -> None:
        time.sleep(0.5)


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Callable[[], _Slow]]:
    """Return the same mail catcher as another process sees it."""
    made: list[_Slow] = []

    def make() -> _Slow:
        made.append(_Slow(tmp_path / "run"))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def _together(*jobs: Callable[[], object]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)


def _running(run_dir: Path) -> list[int]:
    return [p.pid for p in psutil.process_iter(["cmdline"]) if str(run_dir / "mail") in (p.info["cmdline"] or [])]


def test_two_that_start_one_server_start_it_once(tmp_path: Path, catcher: Callable[[], _Slow]) -> None:
    first, second = catcher(), catcher()
    _together(first.start, second.start)
    assert sorted([first.started_here, second.started_here]) == [False, True]
    assert first.is_healthy()
    assert _running(tmp_path / "run") == [first.pid] == [second.pid]


def test_who_stops_and_starts_a_server_beside_its_supervisor_leaves_one_that_both_know(
    tmp_path: Path, catcher: Callable[[], _Slow]
) -> None:
    watched, by_hand = catcher(), catcher()
    watched.start()
    supervisor, over = Supervisor([watched], SystemClock()), threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            supervisor.tend()

    def by_turns() -> None:
        for _ in range(5):
            by_hand.stop()
            time.sleep(0.5)  # the pause of the supervisor
            by_hand.start()
        over.set()

    _together(watch, by_turns)
    assert _running(tmp_path / "run") == [by_hand.pid] == [watched.pid]
    assert by_hand.is_healthy()


def test_servers_of_a_run_folder_that_another_process_watches_are_not_stopped_by_hand(
    tmp_path: Path, catcher: Callable[[], _Slow]
) -> None:
    def stop() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "quantrac", "servers", "stop"],
            env=os.environ | {"QUANTRAC_RUN_DIR": str(tmp_path / "run")},
            capture_output=True,
            text=True,
            check=False,
        )

    mail = catcher()
    mail.start()
    with alone(tmp_path / "run"):
        done = stop()
        assert done.returncode == 1
        assert f"process {os.getpid()} runs, or stops, everything in" in done.stderr
        assert mail.is_healthy()
    done = stop()
    assert (done.returncode, done.stdout) == (0, "Stopped: mail.\n")
    assert mail.pid is None
