"""Number 11 of the promises: the whole path over IPv6 alone, from a logger's message to an officer's mail."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import paho.mqtt.client as paho
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import document, load_rules, packaged_rules
from local.processes import Part, part
from local.servers import LocalServers
from local.servers.mail import MailCatcher
from local.servers.ports import HOST_V6, addresses
from quantrac.domain.stations import Registry
from quantrac.endpoints import DATABASE_ROLES, DatabaseEndpoint, KafkaEndpoint
from quantrac.registry import registry_sha256
from quantrac.topics import mqtt_readings
from sql.catalogue import RuleDocument, import_limit_sets, import_registry, import_rules
from tests.factories import station

pytestmark = pytest.mark.skipif(HOST_V6 not in addresses(), reason="this machine has no ::1")


def wait_until(condition: Callable[[], bool], said: Callable[[], str], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.2)


@pytest.fixture
def over_v6(
    servers: LocalServers,
    database: DatabaseEndpoint,
    fresh_topics: Callable[..., KafkaEndpoint],
    monkeypatch: pytest.MonkeyPatch,
    unique: str,
) -> Iterator[tuple[Part, ...]]:
    """Bridge, worker and notifier, which are told of no other address than ::1."""
    fresh_topics()
    mqtt, kafka, smtp = servers.mqtt(), servers.kafka(), servers.smtp()
    settings = {
        "MQTT_HOST": HOST_V6,
        "MQTT_PORT": mqtt.port,
        "MQTT_PASSWORD": mqtt.password,
        "MQTT_CA_FILE": mqtt.ca_file,
        "KAFKA_BOOTSTRAP": kafka.bootstrap.replace("127.0.0.1", f"[{HOST_V6}]"),
        "KAFKA_USER": kafka.user,
        "KAFKA_PASSWORD": kafka.password,
        "KAFKA_CA_FILE": kafka.ca_file,
        "SMTP_HOST": HOST_V6,
        "SMTP_PORT": smtp.port,
        "SMTP_CA_FILE": smtp.ca_file,
    }
    for role in DATABASE_ROLES:
        settings[f"DATABASE_{role.upper()}_URL"] = getattr(database, role).replace("127.0.0.1", f"[{HOST_V6}]")
    for name, value in settings.items():
        monkeypatch.setenv(f"QUANTRAC_{name}", str(value))
    parts = (
        part(servers.run_dir, f"bridge-{unique}", "run", "bridge", ready_event="connected"),
        part(servers.run_dir, f"worker-{unique}", "run", "worker", ready_event="worker_ready"),
        part(servers.run_dir, f"incidents-{unique}", "run", "incidents", ready_event="incidents_ready"),
        part(servers.run_dir, f"notifier-{unique}", "run", "notifier"),
    )
    with contextlib.ExitStack() as ends:
        for each in parts:
            each.start(60)
            ends.callback(each.stop)
        yield parts


@pytest.fixture
def code(servers: LocalServers, database: DatabaseEndpoint, unique: str) -> str:
    """A station with limits, rules and a user at the broker."""
    made = station(f"DT_{unique}_NUOSXL", ("COD", "pH"), limit_set="QCVN40-2011-A")
    registry = Registry((made,), 1)
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    import_rules(
        database.owner,
        [RuleDocument(r.code, r.effective_from, document(r)) for r in load_rules([packaged_rules()])],
    )
    servers.add_stations([made.code])
    return made.code


def _message(at: datetime, seq: int) -> bytes:
    readings = [{"parameter": "COD", "value": 400.0 + seq}, {"parameter": "pH", "value": 7.0 + seq / 100}]
    return msgspec.json.encode(
        {"v": 1, "observed_at": at.isoformat(), "session": "s", "seq": seq, "readings": readings}
    )


def test_number_11_the_whole_path_over_ipv6(
    code: str, over_v6: tuple[Part, ...], servers: LocalServers, database: DatabaseEndpoint, mail: MailCatcher
) -> None:
    logger = paho.Client(CallbackAPIVersion.VERSION2, client_id=code, protocol=paho.MQTTv311)
    endpoint = servers.mqtt(code)
    logger.username_pw_set(endpoint.user, endpoint.password)
    logger.tls_set(str(endpoint.ca_file))
    logger.connect(HOST_V6, endpoint.port)
    logger.loop_start()
    start = datetime.now(UTC) - timedelta(minutes=20)
    for seq in range(5):
        sent = logger.publish(mqtt_readings(code), _message(start + timedelta(minutes=5 * seq), seq), qos=1)
        sent.wait_for_publish(20)
    logger.disconnect()
    logger.loop_stop()

    def stored() -> int:
        with psycopg.connect(database.reader.replace("127.0.0.1", f"[{HOST_V6}]")) as connection:
            row = connection.execute("SELECT count(*), inet_server_addr()::text FROM readings").fetchone()
        assert row is not None
        assert "::1" in row[1]
        return int(row[0])

    def said() -> str:
        return "\n".join(line for each in over_v6 for line in each.log_path.read_text().splitlines()[-5:])

    wait_until(lambda: stored() == 10, said)
    wait_until(lambda: any(code in caught.subject or "COD" in caught.subject for caught in mail.mails()), said)
