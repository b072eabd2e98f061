"""Number 12: processes that start while their servers are away wait quietly, and go on when these come."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from local.processes import Part, part
from local.servers import LocalServers
from quantrac.endpoints import DATABASE_ROLES, DatabaseEndpoint, KafkaEndpoint

PATIENCE_S = 90.0
PROCESSES = {"worker": "worker_ready", "bridge": "connected", "notifier": "server_back", "incidents": "server_back"}


def heard(each: Part, event: str) -> int:
    return sum(found.get("event") == event for found in each.events())


def wait_for(parts: list[Part], event: Callable[[Part], str]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while missing := [each for each in parts if not heard(each, event(each))]:
        assert time.monotonic() < deadline_s, missing[0].log_path.read_text()[-2000:]
        assert [each.name for each in parts if each.pid is None] == []
        time.sleep(0.1)


@pytest.mark.timeout(400)
def test_12_processes_that_start_before_their_servers_wait_with_one_line(
    servers: LocalServers,
    database: DatabaseEndpoint,
    fresh_topics: Callable[..., KafkaEndpoint],
    unique: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh_topics(partitions=4)
    for role in DATABASE_ROLES:
        monkeypatch.setenv(f"QUANTRAC_DATABASE_{role.upper()}_URL", getattr(database, role))
    away = (servers.mosquitto, servers.kafka_server, servers.postgres)
    for server in away:
        server.kill()
    parts = [part(servers.run_dir, f"{name}-{unique}", "run", name) for name in PROCESSES]
    try:
        for each in parts:
            each.launch()
        wait_for(parts, lambda _: "server_away")
        time.sleep(5.0)  # long enough for several attempts of each
        for server in away:
            server.start()
        wait_for(parts, lambda each: PROCESSES[each.name.partition("-")[0]])
        for each in parts:
            told = [str(found["server"]) for found in each.events() if found.get("event") == "server_away"]
            assert len(told) == len(set(told)), told
            assert "Traceback" not in each.log_path.read_text()
    finally:
        for each in parts:
            each.stop()
