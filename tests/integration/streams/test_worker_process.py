"""Workers as processes of their own: they share the partitions, lose nothing, listen nowhere, and never stay deaf."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psutil
import psycopg
import pytest
from kafka import KafkaProducer

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import document, load_rules, packaged_rules
from local.processes import Part, part
from local.servers import LocalServers
from quantrac import topics
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, client_options
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import RuleDocument, import_limit_sets, import_registry, import_rules
from sql.reports import Reports
from streams.watchdog import EXIT_STATUS

STATIONS = tuple(f"DT_TEST{n:02}_NUOSXL" for n in range(16))
STATION = """
[[station]]
code = "{code}"
effective_from = 2026-01-01
name_vi = "-"
name_en = "-"
kind = "effluent"
operator = "-"
longitude = 105.75
latitude = 10.29
limit_set = "QCVN40-2011-A"
sensor = [{{ parameter = "COD", unit = "mg/L" }}, {{ parameter = "pH", unit = "" }}]
"""
SESSION_TIMEOUT_S = 10.0
REBALANCE_S = 15.0
"""What a rebalance may take beside the session timeout, on a machine that does other things too."""
START_S = 60.0


class Rig:
    """Raw topic and database of one test, and the workers between them."""

    def __init__(self, run_dir: Path, kafka: KafkaEndpoint, database: DatabaseEndpoint, unique: str) -> None:
        self.database, self._run_dir, self._unique = database, run_dir, unique
        self.producer = KafkaProducer(**client_options(kafka), acks="all")
        self.parts: list[Part] = []
        self.sent = 0
        self._seq = {code: itertools.count() for code in STATIONS}
        self._start = datetime.now(UTC) - timedelta(minutes=10)

    def worker(self) -> Part:
        """Start a worker and wait until it is ready."""
        name = f"worker-{self._unique}-{len(self.parts)}"
        made = part(self._run_dir, name, "run", "worker", ready_event="worker_ready")
        self.parts.append(made)
        made.start(START_S)
        return made

    def publish(self, rounds: int = 1) -> None:
        """Send messages of two readings, one of each station a round, and wait until Kafka has them."""
        for _ in range(rounds):
            for code in STATIONS:
                seq = next(self._seq[code])
                body = {
                    "v": 1,
                    "observed_at": (self._start + timedelta(milliseconds=100 * seq)).isoformat(),
                    "session": "s",
                    "seq": seq,
                    "readings": [{"parameter": "COD", "value": 20.0 + seq % 7}, {"parameter": "pH", "value": 7.0}],
                }
                headers = [
                    (topics.HEADER_CONTENT_TYPE, topics.CONTENT_JSON.encode()),
                    (topics.HEADER_MQTT_TOPIC, topics.mqtt_readings(code).encode()),
                    (topics.HEADER_RECEIVED_AT, datetime.now(UTC).isoformat().encode()),
                ]
                self.producer.send(topics.RAW, key=code.encode(), value=msgspec.json.encode(body), headers=headers)
                self.sent += 2
        self.producer.flush()

    def stored(self) -> int:
        """Return the number of stored readings."""
        with psycopg.connect(self.database.owner) as connection:
            row = connection.execute("SELECT count(*) FROM readings").fetchone()
        assert row is not None
        return int(row[0])

    def until_stored(self, longest_s: float) -> float:
        """Wait until everything sent is stored and return how long that took (s)."""
        began_s = time.monotonic()
        while (stored := self.stored()) < self.sent:
            assert time.monotonic() - began_s < longest_s, (
                f"{stored} of {self.sent} readings are stored after {longest_s:g} s. {self.last_words()}"
            )
            time.sleep(0.1)
        return time.monotonic() - began_s

    def last_words(self) -> str:
        """Return the last lines of the workers' logs."""
        lines = [f"{p.name}: {line[:400]}" for p in self.parts for line in p.log_path.read_text().splitlines()[-5:]]
        return "\n".join(["", *lines])

    def complaints(self) -> list[str]:
        """Return what the workers logged as errors or with a traceback."""
        lines = [line for p in self.parts for line in p.log_path.read_text().splitlines()]
        return [x for x in lines if not x.startswith("{") or '"level": "error"' in x or '"exception"' in x]

    def close(self) -> None:
        """Stop the workers."""
        for each in self.parts:
            each.stop()
        self.producer.close()


@pytest.fixture
def path(
    servers: LocalServers,
    database: DatabaseEndpoint,
    fresh_topics: Callable[..., KafkaEndpoint],
    monkeypatch: pytest.MonkeyPatch,
    unique: str,
) -> Iterator[Rig]:
    registry = parse_registry("".join(STATION.format(code=code) for code in STATIONS), "test")
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    rules = load_rules([packaged_rules()])
    import_rules(database.owner, [RuleDocument(r.code, r.effective_from, document(r)) for r in rules])
    monkeypatch.setenv("QUANTRAC_DATABASE_WRITER_URL", database.writer)
    monkeypatch.setenv("QUANTRAC_DATABASE_READER_URL", database.reader)
    opened = Rig(servers.run_dir, fresh_topics(partitions=8), database, unique)
    yield opened
    opened.close()


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


def test_orderly_stops_in_mid_batch_lose_nothing(path: Rig) -> None:
    """Workers are stopped in turn at chance instants while messages come in without a pause.

    published  ==================================
    worker 1   ====t^========t^========t^========
    worker 2   ========t^========t^========t^====
    """
    chance, over = random.Random(7), threading.Event()
    workers = [path.worker(), path.worker()]
    until_both_work(path, workers)

    def publish() -> None:
        while not over.wait(0.05):
            path.publish(4)

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for worker in workers * 3:
            time.sleep(chance.uniform(0.2, 1.5))
            worker.stop()
            worker.start(START_S)
    finally:
        over.set()
        publisher.join()
    path.until_stored(START_S)
    assert path.stored() == path.sent
    with Reports(path.database.reader) as reports:
        assert reports.sequence_gaps() == []
        totals = reports.ledger_totals()
    assert (totals.received, totals.stored, totals.dead_letter) == (path.sent, path.sent, 0)
    assert path.complaints() == []


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
