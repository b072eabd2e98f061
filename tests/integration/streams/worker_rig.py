"""Raw topic and database of one test, and workers as processes of their own between them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
from kafka import KafkaProducer

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import document, load_rules, packaged_rules
from local.processes import Part, part
from local.servers import create_topics
from local.servers.kafka_topics import delete_topics
from quantrac import topics
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, client_options
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import RuleDocument, import_limit_sets, import_registry, import_rules
from sql.reports import Reports

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
START_S = 120.0


class Rig:
    """Raw topic and database of one test, and the workers between them."""

    def __init__(self, run_dir: Path, kafka: KafkaEndpoint, database: DatabaseEndpoint, unique: str) -> None:
        self.kafka, self.database, self._run_dir, self._unique = kafka, database, run_dir, unique
        self.producer = KafkaProducer(**client_options(kafka), acks="all")
        self.parts: list[Part] = []
        self.sent = 0
        self._seq = {code: itertools.count() for code in STATIONS}
        self._start = datetime.now(UTC) - timedelta(minutes=20)

    def worker(self) -> Part:
        """Start a worker and wait until it is ready."""
        name = f"worker-{self._unique}-{len(self.parts)}"
        made = part(self._run_dir, name, "run", "worker", ready_event="worker_ready")
        self.parts.append(made)
        made.start(START_S)
        return made

    def publish(self, rounds: int = 1, *, cod: float = 20.0, every_s: float = 0.1) -> None:
        """Send messages of two readings, one of each station a round, and wait until Kafka has them."""
        for _ in range(rounds):
            for code in STATIONS:
                seq = next(self._seq[code])
                body = {
                    "v": 1,
                    "observed_at": (self._start + timedelta(seconds=every_s * seq)).isoformat(),
                    "session": "s",
                    "seq": seq,
                    "readings": [{"parameter": "COD", "value": cod + seq % 7}, {"parameter": "pH", "value": 7.0}],
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

    def command(self, *arguments: str) -> str:
        """Run a command of the operator, and return what it says."""
        environment = os.environ | {"QUANTRAC_RUN_DIR": str(self._run_dir)}
        command = [sys.executable, "-m", "quantrac", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def until_ended(self, worker: Part, longest_s: float) -> None:
        """Wait until a worker has ended by itself."""
        began_s = time.monotonic()
        while worker.pid is not None:
            assert time.monotonic() - began_s < longest_s, f"{worker.name} goes on. {self.last_words()}"
            time.sleep(0.1)

    def remake_topic(self) -> None:
        """Delete the raw topic with all its records, and make one of the same name."""
        topic = next(t for t in topics.kafka_topics(8, 1, topics.MAX_MESSAGE_BYTES) if t.name == topics.RAW)
        delete_topics(self.kafka, (topic.name,))
        create_topics(self.kafka, (topic,))

    def breaks(self) -> list[tuple[str, int, int, int]]:
        """Return kind, partition and offsets of each noticed break of the log, the oldest first."""
        with Reports(self.database.reader) as reports:
            return [(b.kind, b.partition, b.first, b.beyond) for b in reversed(reports.log_breaks())]

    def last_words(self) -> str:
        """Return the last lines of the workers' logs."""
        lines = [f"{p.name}: {line[:400]}" for p in self.parts for line in p.log_path.read_text().splitlines()[-5:]]
        return "\n".join(["", *lines])

    def complaints(self) -> list[str]:
        """Return what the workers logged as errors or with a traceback, but for each connection of Kafka's clients.

        Those call it an error when a try to connect takes longer than their patience, as on a busy machine.
        """
        lines = [line for p in self.parts for line in p.log_path.read_text().splitlines()]
        ours = [x for x in lines if '"logger": "kafka.' not in x]
        return [x for x in ours if not x.startswith("{") or '"level": "error"' in x or '"exception"' in x]

    def close(self) -> None:
        """Stop the workers."""
        for each in self.parts:
            each.stop()
        self.producer.close()


def register(database: DatabaseEndpoint) -> None:
    """Import the stations, the packaged limits and rules."""
    registry = parse_registry("".join(STATION.format(code=code) for code in STATIONS), "test")
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    rules = load_rules([packaged_rules()])
    import_rules(database.owner, [RuleDocument(r.code, r.effective_from, document(r)) for r in rules])
