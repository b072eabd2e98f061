"""A bridge as a process, loggers that publish numbered messages, and what Kafka has in the end."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from quantrac.endpoints import KafkaEndpoint, MqttEndpoint
from tests.integration.ingest.dropfolders import DropFolderProcess

PROGRAM = Path(__file__).with_name("bridge_process.py")


def context_of(endpoint: MqttEndpoint) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(endpoint.ca_file))


class BridgeProcess:
    """Starts, kills and stops one bridge; its session is removed from the broker at the end."""

    def __init__(
        self, mqtt: MqttEndpoint, kafka: KafkaEndpoint, raw_topic: str, client_id: str, log: Path, **settings: Any
    ):
        self.mqtt = mqtt
        self.client_id = client_id
        self._told = json.dumps(
            {
                "mqtt": asdict(mqtt),
                "kafka": asdict(kafka),
                "raw_topic": raw_topic,
                "settings": {"client_id": client_id, **settings},
            },
            default=str,
        )
        self.log_path = log
        self._log: IO[bytes] = log.open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the session is subscribed."""
        before = self.log().count('"connected"')
        self.start_only()
        assert self.process is not None
        deadline = time.monotonic() + 30
        while self.log().count('"connected"') == before:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        time.sleep(0.2)

    def start_only(self) -> None:
        """Start without waiting."""
        self.process = subprocess.Popen([sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stderr=self._log)
        assert self.process.stdin is not None
        self.process.stdin.write(self._told.encode())
        self.process.stdin.close()

    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s: float = 30) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout_s)

    def clean_up(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._log.close()


@dataclass
class Logger:
    """Publishes 0, 1, 2, … with QoS 1 and keeps what the broker has not acknowledged, as a data logger does."""

    endpoint: MqttEndpoint
    station: str
    padding: str = ""
    published: int = 0
    _acknowledged: set[int] = field(default_factory=set)
    _connected_s: float = float("inf")

    def __post_init__(self) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"logger-{self.station}", clean_session=False, protocol=paho.MQTTv311
        )
        self.client.username_pw_set(self.endpoint.user, self.endpoint.password)
        self.client.tls_set_context(context_of(self.endpoint))
        self.client.reconnect_delay_set(0.2, 1)
        self.client.max_inflight_messages_set(200)
        self.client.on_publish = lambda _, __, mid, *___: self._acknowledged.add(mid)
        self.client.on_connect = self._on_connect
        self.client.connect(self.endpoint.host, self.endpoint.port)
        self.client.loop_start()

    def _on_connect(self, *_: object) -> None:
        self._connected_s = time.monotonic()

    def _wait_ready(self) -> None:
        """Wait while disconnected, and until paho has sent again what the broker had not acknowledged.

        paho lets new messages overtake those, and the contract asks a logger for the oldest first.
        """
        deadline = time.monotonic() + 60
        while not self.client.is_connected() or time.monotonic() < self._connected_s + 0.3:
            assert time.monotonic() < deadline, "not connected"
            time.sleep(0.02)

    def publish(self, count: int, per_s: float = 0.0) -> None:
        """Publish ``count`` further messages, at most ``per_s`` a second."""
        start = time.monotonic()
        for i in range(count):
            self._wait_ready()
            body = json.dumps({"n": self.published, "padding": self.padding}).encode()
            self.client.publish(f"quantrac/v1/{self.station}/readings", body, qos=1)
            self.published += 1
            if per_s:
                time.sleep(max(0.0, start + (i + 1) / per_s - time.monotonic()))

    def wait_acknowledged(self, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while len(self._acknowledged) < self.published:
            assert time.monotonic() < deadline, f"the broker has {len(self._acknowledged)} of {self.published}"
            time.sleep(0.02)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass(frozen=True)
class Record:
    key: bytes
    value: bytes
    headers: dict[str, bytes]


class RawTopic:
    """What a topic has, read from its beginning."""

    def __init__(self, kafka: KafkaEndpoint, topic: str) -> None:
        self.kafka = kafka
        self.topic = topic

    def records(self) -> list[Record]:
        # Not at the head: this file is loaded before the filters of warnings that kafka-python needs.
        from kafka import KafkaConsumer, TopicPartition

        consumer = KafkaConsumer(
            bootstrap_servers=self.kafka.bootstrap,
            security_protocol=self.kafka.security.value,
            sasl_mechanism="PLAIN",
            sasl_plain_username=self.kafka.user,
            sasl_plain_password=self.kafka.password,
            ssl_cafile=str(self.kafka.ca_file),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            partitions = [TopicPartition(self.topic, p) for p in consumer.partitions_for_topic(self.topic)]
            consumer.assign(partitions)
            consumer.seek_to_beginning()
            ends = consumer.end_offsets(partitions)
            found: list[Record] = []
            while any(consumer.position(p) < ends[p] for p in partitions):
                for batch in consumer.poll(500).values():
                    found += [Record(r.key, r.value, dict(r.headers)) for r in batch]
        finally:
            consumer.close()
        return found

    def numbers(self, stations: list[str]) -> dict[str, list[int]]:
        """Return the numbers of each station's messages in order, repetitions included."""
        found: dict[str, list[int]] = {station: [] for station in stations}
        for record in self.records():
            if record.key.decode() in found:
                found[record.key.decode()].append(json.loads(record.value)["n"])
        return found

    def wait_for(self, loggers: list[Logger], timeout_s: float = 60) -> dict[str, list[int]]:
        """Wait until every number of every logger is there, and return :meth:`numbers`."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.numbers([logger.station for logger in loggers])
            short = {lg.station: lg.published - len(set(found[lg.station])) for lg in loggers}
            if not any(short.values()):
                return found
            assert time.monotonic() < deadline, f"missing after {timeout_s} s: {short}"
            time.sleep(0.5)


@pytest.fixture
def bridge(
    mqtt: Callable[[str], MqttEndpoint], kafka: KafkaEndpoint, unique: str, tmp_path: Path
) -> Iterator[Callable[..., BridgeProcess]]:
    made: list[BridgeProcess] = []

    def make(raw_topic: str, **settings: Any) -> BridgeProcess:
        process = BridgeProcess(
            mqtt(f"bridge-{unique}-{len(made)}"),
            kafka,
            raw_topic,
            f"bridge-{unique}-{len(made)}",
            tmp_path / f"bridge-{len(made)}.log",
            **settings,
        )
        made.append(process)
        return process

    yield make
    for process in made:
        process.clean_up()


@pytest.fixture
def loggers(mqtt: Callable[[str], MqttEndpoint], unique: str) -> Iterator[Callable[..., list[Logger]]]:
    made: list[Logger] = []

    def make(count: int, padding: str = "") -> list[Logger]:
        stations = [f"S{unique}{len(made) + i}" for i in range(count)]
        made.extend(Logger(mqtt(station), station, padding) for station in stations)
        return made[-count:]

    yield make
    for logger in made:
        logger.close()


@pytest.fixture
def in_background() -> Iterator[Callable[[Callable[[], None]], threading.Thread]]:
    """Run something beside the test; an exception in it fails the test."""
    threads: list[threading.Thread] = []
    failures: list[BaseException] = []

    def start(work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as exc:
                failures.append(exc)
                raise

        thread = threading.Thread(target=guarded, daemon=True)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(60)
    assert not failures


@pytest.fixture
def raw(make_topics: Callable[..., tuple[str, ...]], kafka: KafkaEndpoint) -> RawTopic:
    """An empty raw topic of this test alone."""
    (topic,) = make_topics("raw", partitions=3)
    return RawTopic(kafka, topic)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stations"
    made.mkdir(exist_ok=True)  # a file server of the test may have made it
    return made


@pytest.fixture
def dropfolder(kafka: KafkaEndpoint, raw: Any, tmp_path: Path, folder: Path) -> Iterator[Callable[..., Any]]:
    made: list[DropFolderProcess] = []

    def make(state: str = "state", **options: Any) -> DropFolderProcess:
        log = tmp_path / f"dropfolder-{len(made)}.log"
        process = DropFolderProcess(
            kafka, raw.topic, log, **{"folder": folder, "state": tmp_path / f"{state}.sqlite", **options}
        )
        made.append(process)
        return process

    yield make
    for process in made:
        process.clean_up()
