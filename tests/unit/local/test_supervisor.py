"""What ends by itself is started again, sooner or later; what cannot be started just now is tried again."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.processes import Supervisor
from local.up import state_of
from quantrac.clock import ManualClock
from quantrac.errors import ServerError

SECOND = timedelta(seconds=1)


@dataclass
class _Server:
    """Ends when told to, and can be started while there is room on its disk."""

    name: str = "postgres"
    pid: int | None = 1
    log_path: Path = Path("postgres.log")
    refusal: Exception | None = None
    tries: int = 0

    def launch(self) -> None:
        self.tries += 1
        if self.refusal is not None:
            raise self.refusal
        self.pid = 2


@pytest.mark.parametrize(
    "refusal", [OSError(errno.ENOSPC, "No space left on device"), ServerError("Its port is taken.")]
)
def test_a_server_whose_disk_was_full_is_started_when_there_is_room_and_ends_nobody_else(refusal: Exception) -> None:
    clock, server = ManualClock(datetime(2026, 12, 1, tzinfo=UTC)), _Server()
    supervisor = Supervisor([server], clock)  # type: ignore[list-item]

    def lasts(seconds: int) -> None:
        for _ in range(seconds):
            clock.advance(SECOND)
            supervisor.tend()

    lasts(60)
    assert server.tries == 0
    server.pid, server.refusal = None, refusal
    lasts(300)
    assert 8 <= server.tries <= 20  # half a minute apart in the end
    server.refusal = None
    lasts(31)
    assert (server.pid, supervisor.restarts) == (2, 1)


def test_up_names_a_server_that_is_down_and_asks_none() -> None:
    servers = [_Server(), _Server("kafka", None)]
    assert state_of(servers, 0) == ("postgres ok · kafka DOWN", False)  # type: ignore[arg-type]
