"""What waits beyond a quota on its whole way through a worker process: from memory once, from Kafka after a kill."""

from __future__ import annotations

import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

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


def assert_each_is_stored_once(path: Rig) -> None:
    with Reports(path.database.reader) as reports:
        counts = list(reports.ledger().values())
        assert reports.flooding() == []
    assert sum(c.stored for c in counts) == sum(c.received for c in counts) == path.sent
    assert path.complaints() == []


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
    assert_each_is_stored_once(path)


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
    assert_each_is_stored_once(path)


def test_what_waits_through_a_rebalance_is_read_once(small_quota: Rig) -> None:
    """worker 1   ====|====        it gives half of its partitions away, and forgets what it has kept
    worker 2       ...|====
    published    |||||||||||||     four a second of each station: nearly all waits
    """
    path, joined = small_quota, threading.Event()

    def publish_until_joined() -> None:
        while not joined.wait(1.0):
            path.publish(4)
        path.publish(4)

    first = path.worker()
    with ThreadPoolExecutor(1) as pool:
        publishing = pool.submit(publish_until_joined)
        try:
            second = path.worker()
            until_s = time.monotonic() + START_S
            while sum(deferred_read(second).values()) == 0:
                assert time.monotonic() < until_s, path.last_words()
                time.sleep(0.2)
        finally:
            joined.set()
        publishing.result()
    path.until_stored(START_S)
    assert sum(deferred_read(first).values()) > 0
    assert_each_is_stored_once(path)
