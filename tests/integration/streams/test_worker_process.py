"""Workers as processes of their own: they share the partitions, lose nothing, listen nowhere, and never stay deaf."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaProducer

from local.processes import Part
from local.servers import LocalServers
from quantrac import topics
from quantrac.endpoints import client_options
from streams.watchdog import EXIT_STATUS
from tests.integration.streams.worker_rig import REBALANCE_S, SESSION_TIMEOUT_S, START_S, Rig


def records_taken(worker: Part) -> float:
    """Return how many records a worker has committed, from its metrics."""
    url = next(str(event["metrics"]) for event in worker.events() if event.get("event") == "started")
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (loopback)
        lines = answer.read().decode().splitlines()
    return sum(float(x.split()[1]) for x in lines if x.startswith("quantrac_worker_records_total "))


def until_both_work(path: Rig, workers: list[Part]) -> None:
    deadline_s = time.monotonic() + START_S
    while True:
        before = [records_taken(worker) for worker in workers]
        path.publish()
        path.until_stored(REBALANCE_S + SESSION_TIMEOUT_S)
        if all(records_taken(worker) > then for worker, then in zip(workers, before, strict=True)):
            return
        assert time.monotonic() < deadline_s, f"One worker does everything: {before}. {path.last_words()}"


def test_a_killed_worker_s_stations_move_to_the_other(path: Rig) -> None:
    """Two workers share 16 stations; one is killed.

    worker 1   ======x
    worker 2   ======.........10 s.........=======   the stations of worker 1, once its session has run out
    published       |16 stations
    """
    workers = [path.worker(), path.worker()]
    until_both_work(path, workers)
    workers[0].kill()
    path.publish()
    took_s = path.until_stored(SESSION_TIMEOUT_S + REBALANCE_S)
    print(f"\nstations of a killed worker are read again after {took_s:.1f} s")  # noqa: T201
    assert path.stored() == path.sent
    assert path.complaints() == []


def test_partitions_that_are_added_under_a_running_worker_are_taken_within_a_minute(path: Rig) -> None:
    path.worker()
    path.publish()
    path.until_stored(START_S)
    with closing(KafkaAdminClient(**client_options(path.kafka))) as admin:
        admin.create_partitions({topics.RAW: 24})
    path.producer.close()
    path.producer = KafkaProducer(**client_options(path.kafka), acks="all")  # it knows of them at once
    path.publish()
    path.until_stored(60.0)
    assert path.stored() == path.sent
    assert path.breaks() == []


def test_nothing_listens_but_the_metrics_on_loopback(path: Rig) -> None:
    worker = path.worker()
    assert worker.pid is not None
    connections = psutil.Process(worker.pid).net_connections(kind="inet")
    listening = [c.laddr for c in connections if c.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}
    assert len({address.port for address in listening}) == 1
    assert listening[0].port != 6066  # Faust's web server


def test_a_deaf_worker_ends_with_status_70(path: Rig, servers: LocalServers, tmp_path: Path) -> None:
    script = Path(__file__).parent / "deaf_worker.py"
    environment = os.environ | {"QUANTRAC_RUN_DIR": str(servers.run_dir), "QUANTRAC_WATCHDOG_S": "3"}
    path.publish()
    log = tmp_path / "log"
    with log.open("wb") as file:
        deaf = subprocess.Popen([sys.executable, script], env=environment, stderr=file)
    try:
        status = deaf.wait(START_S)
    except subprocess.TimeoutExpired:
        pytest.fail(f"It goes on, deaf as it is: {log.read_text()[-3000:]}")
    finally:
        deaf.kill()
    assert status == EXIT_STATUS, log.read_text()[-3000:]
    assert '"event": "deaf"' in log.read_text()
    assert path.stored() == 0
    path.worker()  # the supervisor's next one
    path.until_stored(SESSION_TIMEOUT_S + REBALANCE_S)


def test_a_worker_that_was_stopped_for_a_while_is_not_deaf(path: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """worker      ==s.......c====   stopped (SIGSTOP) for four times the watchdog's patience, beyond its session too
    published     |  |
    """
    monkeypatch.setenv("QUANTRAC_WATCHDOG_S", "4")
    worker = path.worker()
    path.publish()
    path.until_stored(START_S)
    assert worker.pid is not None
    process = psutil.Process(worker.pid)
    process.suspend()
    try:
        path.publish()
        time.sleep(16)
    finally:
        process.resume()
    path.until_stored(SESSION_TIMEOUT_S + REBALANCE_S)
    assert path.stored() == path.sent
    assert worker.pid == process.pid, path.last_words()
    assert not [event for event in worker.events() if event.get("event") == "deaf"]
