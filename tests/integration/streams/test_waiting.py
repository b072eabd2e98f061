"""What waits beyond a quota on its whole way through a worker process: from memory once, from Kafka after a kill."""

from __future__ import annotations

import time
import urllib.request

import pytest

from local.processes import Part
from sql.reports import Reports
from tests.integration.streams.worker_rig import REBALANCE_S, SESSION_TIMEOUT_S, START_S, STATIONS, Rig

ROUNDS = 60


def deferred_read(worker: Part) -> dict[str, int]:
    """Return how many records that waited a worker has read, by where from."""
    url = next(str(event["metrics"]) for event in worker.events() if event.get("event") == "started")
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (loopback)
        lines = answer.read().decode().splitlines()
    counts = {"memory": 0, "kafka": 0}
    for line in lines:
        if line.startswith("quantrac_worker_deferred_total{"):
            counts[line.split('"')[1]] = int(float(line.split()[1]))
    return counts


@pytest.fixture
def small_quota(path: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A quota of twenty messages at once, then one in ten seconds."""
    monkeypatch.setenv("QUANTRAC_STATION_MESSAGES_PER_S", "0.1")
    return path


def test_what_waits_is_read_from_memory_and_once(small_quota: Rig) -> None:
    path = small_quota
    worker = path.worker()
    path.publish(ROUNDS)
    path.until_stored(START_S)
    beyond = len(STATIONS) * (ROUNDS - 2)  # two go ahead at once
    until_s = time.monotonic() + 10.0
    while (read := deferred_read(worker)) != {"memory": beyond, "kafka": 0}:
        assert time.monotonic() < until_s, read
        time.sleep(0.1)
    with Reports(path.database.reader) as reports:
        assert sum(counts.stored for counts in reports.ledger().values()) == path.sent
        assert sum(counts.received for counts in reports.ledger().values()) == path.sent
    assert path.complaints() == []


def test_a_killed_worker_s_kept_records_come_from_kafka(small_quota: Rig) -> None:
    """worker 1   ====x            killed once it has read some of what waits
    worker 2       ...======
    published   |960 messages
    """
    path = small_quota
    worker = path.worker()
    path.publish(ROUNDS)
    until_s = time.monotonic() + START_S
    while deferred_read(worker)["memory"] == 0:
        assert time.monotonic() < until_s, path.last_words()
        time.sleep(0.01)
    worker.kill()
    stored = path.stored()
    assert stored < path.sent, "nothing waits any more: more must be published"
    second = path.worker()
    path.until_stored(SESSION_TIMEOUT_S + REBALANCE_S)
    assert deferred_read(second)["kafka"] > 0
    with Reports(path.database.reader) as reports:
        assert sum(counts.stored for counts in reports.ledger().values()) == path.sent
        assert sum(counts.received for counts in reports.ledger().values()) == path.sent
    assert path.complaints() == []
