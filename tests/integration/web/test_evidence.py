"""Evidence made on the page: sealed and verified, audited, and refused in words to whom it does not belong."""

from __future__ import annotations

import base64
import csv
import gc
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaProducer

from alerts.evidence.keys import new_key
from alerts.evidence.seal import verify
from local.servers.kafka import Kafka
from quantrac.domain.accounts import Role
from quantrac.domain.evidence import EvidenceFacts, RawBytes
from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.topics import HEADER_MQTT_TOPIC, mqtt_readings
from streams.raw_of_readings import raw_of
from streams.raw_reader import RawReader

from .conftest import Site, serving
from .town import QUIET, SLUG

# kafka-python leaves the socket of a try to connect that was refused to the collector of garbage.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)


class Log:
    """The raw log as the page sees it: a topic of real Kafka once there is one, and until then one record."""

    kafka: KafkaEndpoint | None = None
    topic = ""

    def __call__(self, facts: EvidenceFacts) -> list[RawBytes]:
        if self.kafka is None:
            first = facts.readings[0]
            place = (first["raw_partition"], first["raw_offset"])
            return [RawBytes(*place, first["received_at"], "text/plain", "t", b"sent")]
        with RawReader(self.kafka, self.topic) as reader:
            return raw_of(reader, ((r["raw_partition"], r["raw_offset"]) for r in facts.readings))


LOG = Log()


@pytest.fixture
def raw_log(
    site: Site, kafka: KafkaEndpoint, make_topics: Callable[..., tuple[str, ...]], number: int
) -> Iterator[list[bytes]]:
    """What the stations sent, in real Kafka at the places that the readings name."""
    ((most,),) = site.sql("SELECT max(raw_offset) FROM readings")
    sent = [f'{{"message": {n}}}'.encode() for n in range(int(str(most)) + 1)]
    (LOG.topic,) = make_topics("raw")
    producer = KafkaProducer(**client_options(kafka), acks="all")
    for payload in sent:
        producer.send(LOG.topic, value=payload, headers=[(HEADER_MQTT_TOPIC, mqtt_readings(SLUG).encode())])
    producer.flush()
    producer.close()
    LOG.kafka = kafka
    yield sent
    LOG.kafka = None


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "evidence.pem"


@pytest.fixture(scope="module")
def public(key: Path) -> str:
    return new_key(key)


@pytest.fixture(scope="module")
def sealing(site: Site, scripts: Path, key: Path, public: str) -> Iterator[Site]:
    """The page with a key, on the same database."""
    with serving(scripts, site.database, logins_at_once=10_000, evidence_key=key, raw_of=LOG) as url:
        yield replace(site, url=url)


def test_an_officer_downloads_a_file_that_verifies_and_the_audit_has_it(
    sealing: Site, number: int, public: str, tmp_path: Path
) -> None:
    login = sealing.new(person="an")
    browser = sealing.logged_in(login)
    assert "Hồ sơ bằng chứng" in browser.get(f"/incidents/{number}").text
    answer = browser.post(f"/incidents/{number}/evidence")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="su-co-{number}.zip"'
    file = tmp_path / "su-co.zip"
    file.write_bytes(answer.content)
    verdict = verify(file, public)
    assert verdict.problem is None
    assert verdict.manifest is not None
    assert (verdict.manifest["made_by"], verdict.manifest["raw_records"]) == (login, 1)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        notifications = archive.read("notifications.json").decode()
        readings = archive.read("readings.csv").decode("utf-8-sig").splitlines()
    assert [n["person"] for n in json.loads(notifications)]
    assert "an@so.vn" not in notifications
    assert len(readings) > 100
    made = [e for e in sealing.audit() if e["action"] == "evidence made" and e.get("account") == login]
    assert [e["actor"] for e in made] == ["quantrac_web"]
    detail = made[0]["detail"]
    assert isinstance(detail, dict)
    assert (detail["size"], detail["file"]) == (len(answer.content), f"su-co-{number}.zip")
    shown = browser.get(f"/incidents/{number}").text
    assert detail["sha256"] in shown
    assert login in shown


def test_the_file_holds_the_bytes_out_of_kafka_and_says_so_when_kafka_is_away(
    sealing: Site, number: int, raw_log: list[bytes], kafka_server: Kafka, public: str, tmp_path: Path
) -> None:
    browser = sealing.logged_in(sealing.new())
    whole = zipfile.ZipFile(io.BytesIO(browser.post(f"/incidents/{number}/evidence").content))
    records = [json.loads(line) for line in whole.read("raw.jsonl").splitlines()]
    assert records
    for record in records:
        payload = raw_log[record["offset"]]
        assert base64.b64decode(record["payload"]) == payload
        assert record["sha256"] == hashlib.sha256(payload).hexdigest()
    hashes = {(r["partition"], r["offset"]): r["sha256"] for r in records}
    for row in csv.DictReader(io.StringIO(whole.read("readings.csv").decode("utf-8-sig"))):
        assert row["kafka_sha256"] == hashes[int(row["raw_partition"]), int(row["raw_offset"])]
    assert "original records are missing" not in whole.read("summary.html").decode()

    kafka_server.stop()
    try:
        refused = browser.post(f"/incidents/{number}/evidence")
        assert refused.status_code == 503
        assert "Kafka chưa trả lời" in refused.text
        without = browser.post(f"/incidents/{number}/evidence", {"raw": "0"})
    finally:
        kafka_server.start()
    gc.collect()
    file = tmp_path / "without.zip"
    file.write_bytes(without.content)
    verdict = verify(file, public)
    assert (verdict.problem, without.status_code) == (None, 200)
    assert verdict.manifest is not None
    assert verdict.manifest["raw_records_missing"] == len(records)
    with zipfile.ZipFile(file) as archive:
        assert archive.read("raw.jsonl") == b""
        assert f"{len(records)} original records are missing" in archive.read("summary.html").decode()


@pytest.mark.parametrize(("role", "stations", "status"), [
    (Role.VIEWER, (), 403),
    (Role.OPERATOR, (SLUG,), 403),
    (Role.OPERATOR, (QUIET,), 403),
    (Role.OFFICER, (QUIET,), 404),
    (Role.OFFICER, (SLUG,), 200),
])  # fmt: skip
def test_it_belongs_to_officers_who_see_all_of_it(
    sealing: Site, number: int, role: Role, stations: tuple[str, ...], status: int
) -> None:
    login = sealing.new(role, stations)
    assert sealing.logged_in(login).post(f"/incidents/{number}/evidence").status_code == status
    audited = [e for e in sealing.audit() if e["action"] == "evidence made" and e.get("account") == login]
    assert len(audited) == (status == 200)


def test_without_a_key_the_page_says_what_to_do_instead(site: Site, number: int) -> None:
    browser = site.logged_in(site.new())
    assert f"quantrac evidence make {number}" in browser.get(f"/incidents/{number}").text
    refused = browser.post(f"/incidents/{number}/evidence")
    assert refused.status_code == 409
    assert "QUANTRAC_EVIDENCE_KEY_FILE" in refused.text


def test_a_key_that_others_may_read_is_not_used(site: Site, number: int, scripts: Path, tmp_path: Path) -> None:
    spoiled = tmp_path / "evidence.pem"
    new_key(spoiled)
    spoiled.chmod(0o644)
    with serving(scripts, site.database, logins_at_once=10_000, evidence_key=spoiled) as url:
        browser = replace(site, url=url).logged_in(site.new())
        refused = browser.post(f"/incidents/{number}/evidence")
    assert refused.status_code == 503
    assert str(spoiled) not in refused.text


def test_the_page_itself_reads_neither_mails_nor_codes(site: Site, number: int) -> None:
    with psycopg.connect(site.database.web, autocommit=True) as connection:
        for column in ("text", "subject", "recipient", "html", "last_error"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {column} FROM outbox".encode())
        with psycopg.connect(site.database.owner) as owner:
            owner.execute(
                "INSERT INTO outbox (message_id, channel, recipient, subject, text, incident_id) "
                "VALUES ('t1', 'email', 'an@so.vn', 's', %s, %s)", (f"https://p/ack/{'a' * 52} x", number))  # fmt: skip
        rows = connection.execute("SELECT text FROM incident_notifications(%s)", (number,)).fetchall()
    assert "https://p/ack/*** x" in {text for (text,) in rows}
    assert not [text for (text,) in rows if "a" * 20 in text]
