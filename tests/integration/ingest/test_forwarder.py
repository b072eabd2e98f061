"""Files from the drop folder on to another authority: byte for byte, in order, once, with proof of each."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import psycopg
import pytest

from ingest.forwarder.forwarder import ForwarderOptions, run
from ingest.forwarder.targets import FolderTarget, SftpTarget, Target, TargetOptions, target_of
from local.servers.fileservers import SftpServer
from quantrac import topics
from quantrac.domain.forwarding import FilePiece, Proof
from quantrac.domain.stations import Registry
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, client_options
from quantrac.errors import BrokerError, StoreError, TargetAwayError
from quantrac.registry import parse_registry
from sql.forwarding_store import ForwardingStore, forwarding_lines
from tests.integration.ingest.dropfolders import REGISTRY, lines, stamp_of, wait_for, write

CODE = "TRAM-BD-001"
SOURCE = "raw@test"


class Running:
    """A forwarder in a thread of its own."""

    def __init__(
        self,
        kafka: KafkaEndpoint,
        topic: str,
        store: ForwardingStore,
        target: Target,
        registry: Callable[[], Registry] | None = None,
    ) -> None:
        self._stop = threading.Event()
        self._store = store
        options = ForwarderOptions(files_per_s=500.0)
        arguments = (kafka, store, target, options, self._stop)
        self._thread = threading.Thread(target=run, args=arguments, kwargs={"raw_topic": topic, "registry": registry})
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        self._store.close()
        assert not self._thread.is_alive()


@pytest.fixture
def forwarding(kafka: KafkaEndpoint, raw: Any, database: DatabaseEndpoint) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def start(target: Target, name: str = "ministry", registry: Callable[[], Registry] | None = None) -> Running:
        store = ForwardingStore(database.writer, name, SOURCE)
        made.append(Running(kafka, raw.topic, store, target, registry))
        deadline = time.monotonic() + 20
        while not store_progress(database):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return made[-1]

    yield start
    for each in made:
        each.stop()


def store_progress(database: DatabaseEndpoint) -> list[Any]:
    with psycopg.connect(database.owner) as connection:
        return connection.execute("SELECT * FROM kafka_progress").fetchall()


def rows(database: DatabaseEndpoint) -> list[Any]:
    sql = "SELECT file_name, sha256, tries, accepted_at IS NOT NULL, content IS NULL FROM forwarded_files ORDER BY id"
    with psycopg.connect(database.owner) as connection:
        return connection.execute(sql).fetchall()


def wait_accepted(database: DatabaseEndpoint, count: int, timeout_s: float = 40) -> list[Any]:
    deadline = time.monotonic() + timeout_s
    while True:
        found = rows(database)
        if sum(accepted for _, _, _, accepted, _ in found) >= count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_a_file_whose_reader_was_stopped_in_the_middle_holds_up_no_other(database: DatabaseEndpoint) -> None:
    store, now = ForwardingStore(database.writer, "ministry", SOURCE), datetime(2026, 11, 29, tzinfo=UTC)
    first = FilePiece(0, 5, CODE, "a.txt", 6, "0" * 64, 0, b"abc", now)
    store.add([first], {0: 6})
    assert store.take(10, now) == []
    anew = replace(first, record_offset=7)
    store.add([anew, replace(anew, record_offset=8, offset=3, content=b"def"), first], {0: 9})
    assert [(f.content, f.tries) for f in store.take(10, now)] == [(b"abcdef", 0)]
    (line,) = forwarding_lines(database.reader)
    assert (line.waiting, line.given_up) == (1, 1)
    assert "read it anew" in str(line.last_error)
    store.close()


class Recording:
    """A real target that notes the order, and can be told to be away."""

    def __init__(self, inner: Target) -> None:
        self.inner, self.away, self.order = inner, False, list[str]()

    def put(self, path: str, content: bytes) -> Proof:
        if self.away:
            raise BrokerError("away", retryable=True)
        proof = self.inner.put(path, content)
        self.order.append(path)
        return proof

    def close(self) -> None:
        self.inner.close()


def test_files_arrive_in_order_with_proof_and_once(
    forwarding: Any, dropfolder: Any, folder: Path, raw: Any, database: DatabaseEndpoint, tmp_path: Path
) -> None:
    #  files      1..30, large      forwarder stopped, 31..40       forwarder started
    #  ministry   1..30, large                                      31..40
    ministry = tmp_path / "ministry"
    ministry.mkdir()
    target = Recording(FolderTarget(ministry))
    first = forwarding(target)
    dropfolder().start()
    expected = {}
    for minute in range(30):
        name = f"{CODE}_{stamp_of(minute)}.txt"
        write(folder, f"{CODE}/{name}", lines(minute))
        expected[f"{CODE}/2026/11/23/{name}"] = lines(minute)
    large = b"".join(lines(minute) for minute in range(5000))
    write(folder, f"{CODE}/{CODE}_{stamp_of(200)}.txt", large)
    expected[f"{CODE}/2026/11/23/{CODE}_{stamp_of(200)}.txt"] = large
    found = wait_accepted(database, 31)
    assert {Path(n).name: sha for n, sha, *_ in found} == {
        Path(p).name: hashlib.sha256(c).hexdigest() for p, c in expected.items()
    }
    assert all(tries == 1 and forgotten for _, _, tries, _, forgotten in found)
    first.stop()
    for minute in range(30, 40):
        write(folder, f"{CODE}/{CODE}_{stamp_of(minute)}.txt", lines(minute))
        expected[f"{CODE}/2026/11/23/{CODE}_{stamp_of(minute)}.txt"] = lines(minute)
    deadline = time.monotonic() + 20
    while len({r.headers["file-name"] for r in raw.records()}) < 41:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    forwarding(target)
    wait_accepted(database, 41)
    assert {str(p.relative_to(ministry)): p.read_bytes() for p in ministry.rglob("*.txt")} == expected
    assert len(target.order) == 41
    sent = [
        r.headers["file-name"].decode().rpartition("/")[2] for r in raw.records() if r.headers["file-offset"] == b"0"
    ]
    assert [Path(p).name for p in target.order] == sent


def test_a_target_that_is_away_gets_everything_later_and_the_tries_are_counted(
    forwarding: Any, dropfolder: Any, folder: Path, database: DatabaseEndpoint, tmp_path: Path
) -> None:
    target = Recording(FolderTarget(tmp_path))
    target.away = True
    forwarding(target)
    dropfolder().start()
    for minute in range(5):
        write(folder, f"{CODE}/{CODE}_{stamp_of(minute)}.txt", lines(minute))
    deadline = time.monotonic() + 20
    while not any(tries for _, _, tries, _, _ in rows(database)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (line,) = forwarding_lines(database.reader)
    assert (line.target, line.station, line.accepted, line.given_up, line.last_error) == (
        "ministry",
        CODE,
        0,
        0,
        "away",
    )
    target.away = False
    found = wait_accepted(database, 5)  # the first pause is 10 s, and the others wait for the first
    assert [tries for _, _, tries, _, _ in found] == [2, 1, 1, 1, 1]
    assert target.order == sorted(target.order)


def test_a_second_forwarder_of_a_target_waits(database: DatabaseEndpoint) -> None:
    first, second, other = (ForwardingStore(database.writer, name, SOURCE) for name in ("a", "a", "b"))
    assert first.progress() == other.progress() == {}
    with pytest.raises(StoreError, match="Another forwarder") as refused:
        second.progress()
    assert refused.value.retryable
    first.close()
    assert second.progress() == {}
    second.close()
    other.close()


async def _known_hosts(server: SftpServer, path: Path) -> Path:
    key = await asyncssh.get_server_host_key(server.host, server.port)
    assert key is not None
    public = key.export_public_key().decode().strip()
    path.write_text(f"[{server.host}]:{server.port} {public}\n")
    return path


async def test_an_sftp_server_takes_files_and_a_stranger_gets_none(tmp_path: Path) -> None:
    server = SftpServer(tmp_path)
    server.start()
    try:
        account = server.account("ministry")
        hosts = await _known_hosts(server, tmp_path / "known_hosts")
        place = f"sftp://ministry@{server.host}:{server.port}/in"
        options = TargetOptions(place, account.password, None, hosts)

        def forward() -> None:
            target = target_of(options)
            assert isinstance(target, SftpTarget)
            target.put("a/b.txt", b"first")
            target.put("a/b.txt", b"second")
            target.close()

        await asyncio.to_thread(forward)
        arrived = server.drop_folder / "ministry" / "in" / "a"
        assert {p.name: p.read_bytes() for p in arrived.iterdir()} == {"b.txt": b"second"}
        shutil.rmtree(server.folder)  # another host answers at this address now
        server.stop()
        server.start()

        def stranger() -> None:
            target = target_of(options)
            with pytest.raises(TargetAwayError, match="whether its key was changed"):
                target.put("a/c.txt", b"x")
            target.close()

        await asyncio.to_thread(stranger)
    finally:
        server.stop()


def test_what_was_there_before_the_first_start_is_not_forwarded(
    forwarding: Any, dropfolder: Any, folder: Path, raw: Any, database: DatabaseEndpoint, tmp_path: Path
) -> None:
    dropfolder().start()
    write(folder, f"{CODE}/{CODE}_{stamp_of(0)}.txt", lines(0))
    wait_for(raw, 1)
    forwarding(FolderTarget(tmp_path))
    write(folder, f"{CODE}/{CODE}_{stamp_of(1)}.txt", lines(1))
    assert [Path(n).name for n, *_ in wait_accepted(database, 1)] == [f"{CODE}_{stamp_of(1)}.txt"]


def test_mqtt_messages_go_on_as_files_each_once_beside_the_files(
    forwarding: Any, kafka: KafkaEndpoint, raw: Any, database: DatabaseEndpoint, tmp_path: Path
) -> None:
    from kafka import KafkaProducer  # not at the head: see RawTopic

    forwarding(FolderTarget(tmp_path), registry=lambda: parse_registry(REGISTRY, "test"))
    producer = KafkaProducer(**client_options(kafka), acks="all")
    for minute in (0, 5, 5, 10):  # the transport delivers the second one again
        at = datetime(2026, 11, 23, 3, minute, tzinfo=UTC)
        readings = [{"parameter": "COD", "value": 58.0 + minute}, {"parameter": "pH", "value": 7.21, "status": "01"}]
        body = json.dumps({"v": 1, "observed_at": at.isoformat(), "readings": readings}).encode()
        headers = {
            topics.HEADER_CONTENT_TYPE: topics.CONTENT_JSON,
            topics.HEADER_MQTT_TOPIC: topics.mqtt_readings(CODE),
            topics.HEADER_RECEIVED_AT: at.isoformat(),
        }
        producer.send(raw.topic, body, CODE.encode(), [(k, v.encode()) for k, v in headers.items()])
    producer.close()
    wait_accepted(database, 3)
    arrived = {p.name: p.read_bytes() for p in tmp_path.rglob("TRAM*.txt")}
    assert arrived == {
        f"{CODE}_{stamp_of(minute)}.txt": (
            f"COD\t{58 + minute}\tmg/L\t{stamp_of(minute)}\t00\r\npH\t7.21\t\t{stamp_of(minute)}\t01\r\n".encode()
        )
        for minute in (0, 5, 10)
    }
    assert len(rows(database)) == 3
