"""What the local servers keep when they are killed, and what they say when they cannot start."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
import psutil
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from local.servers import LocalServers, read_local
from local.servers.kafka import Kafka
from local.servers.mail import MailCatcher
from local.servers.mosquitto import Mosquitto
from local.servers.postgres import Postgres
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, MqttEndpoint
from quantrac.errors import ServerError
from tests.sessions import wait_until_kept

Mqtt = Callable[[str], MqttEndpoint]


def client(endpoint: MqttEndpoint, name: str, *, clean: bool = True) -> paho.Client:
    made = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, protocol=paho.MQTTv311)
    made.username_pw_set(endpoint.user, endpoint.password)
    made.tls_set(str(endpoint.ca_file))
    made.connect(endpoint.host, endpoint.port)
    return made


def leave_a_session(endpoint: MqttEndpoint, name: str, topic: str) -> None:
    """Subscribe and go: from now on the broker keeps what comes."""
    subscribed: list[object] = []
    bridge = client(endpoint, name, clean=False)
    bridge.on_subscribe = lambda *args: subscribed.append(args)
    bridge.subscribe(topic, qos=1)
    bridge.loop_start()
    wait_until(lambda: bool(subscribed))
    bridge.disconnect()
    bridge.loop_stop()


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_mosquitto_killed_keeps_what_it_has_written(mosquitto: Mosquitto, mqtt: Mqtt, unique: str) -> None:
    station, topic = f"S_{unique}", f"quantrac/v1/S_{unique}/readings"
    leave_a_session(mqtt("bridge"), f"bridge-{unique}", topic)

    logger = client(mqtt(station), f"logger-{unique}")
    logger.loop_start()
    sent = [logger.publish(topic, str(number), qos=1) for number in range(300)]
    for message in sent:
        message.wait_for_publish(timeout=30)
        assert message.is_published()
    wait_until_kept(mosquitto)
    mosquitto.kill()
    logger.loop_stop()
    assert not mosquitto.is_healthy()

    mosquitto.start()
    received: list[int] = []
    back = client(mqtt("bridge"), f"bridge-{unique}", clean=False)
    back.on_message = lambda _client, _data, message: received.append(int(message.payload))
    back.loop_start()
    wait_until(lambda: len(received) >= 300, timeout_s=30)
    back.disconnect()
    back.loop_stop()
    assert received == list(range(300))


def test_a_queue_of_large_messages_does_not_stop_the_broker(mosquitto: Mosquitto, mqtt: Mqtt, unique: str) -> None:
    # Written anew for each message, a queue of n messages is n * n / 2 messages to write: everybody waits for that.
    messages, size = 100, 250 * 1024
    station, topic = f"S_{unique}", f"quantrac/v1/S_{unique}/readings"
    leave_a_session(mqtt("bridge"), f"bridge-{unique}", topic)
    assert mosquitto.pid is not None
    process = psutil.Process(mosquitto.pid)
    before = process.io_counters().write_chars

    logger = client(mqtt(station), f"logger-{unique}")
    logger.loop_start()
    for sent in [logger.publish(topic, bytes(size), qos=1) for _ in range(messages)]:
        sent.wait_for_publish(timeout=60)
    logger.disconnect()
    logger.loop_stop()
    written = process.io_counters().write_chars - before
    assert written < messages * messages / 8 * size


def test_a_station_writes_below_its_own_name_only(mqtt: Mqtt, unique: str) -> None:
    received: list[str] = []
    bridge = client(mqtt("bridge"), f"reader-{unique}")
    subscribed: list[object] = []
    bridge.on_subscribe = lambda *args: subscribed.append(args)
    bridge.on_message = lambda _client, _data, message: received.append(message.topic)
    bridge.subscribe(f"quantrac/v1/A_{unique}/#", qos=1)
    bridge.loop_start()
    wait_until(lambda: bool(subscribed))

    for station, target in (("B", "A"), ("A", "A")):
        logger = client(mqtt(f"{station}_{unique}"), f"logger-{station}-{unique}")
        logger.loop_start()
        logger.publish(f"quantrac/v1/{target}_{unique}/status", f"by {station}", qos=1).wait_for_publish(10)
        logger.disconnect()
        logger.loop_stop()
    wait_until(lambda: bool(received))
    bridge.disconnect()
    bridge.loop_stop()
    assert received == [f"quantrac/v1/A_{unique}/status"]


def test_nobody_without_a_password(mosquitto: Mosquitto) -> None:
    refused: list[object] = []
    anonymous = paho.Client(CallbackAPIVersion.VERSION2, client_id="anonymous")
    anonymous.tls_set(str(mosquitto.endpoint().ca_file))
    anonymous.on_connect = lambda _client, _data, _flags, reason, _properties: refused.append(reason.is_failure)
    anonymous.connect(mosquitto.host, mosquitto.port)
    anonymous.loop_start()
    wait_until(lambda: bool(refused))
    anonymous.disconnect()
    anonymous.loop_stop()
    assert refused[0] is True


def test_postgres_killed_keeps_what_was_committed(postgres: Postgres, empty_database: DatabaseEndpoint) -> None:
    with psycopg.connect(empty_database.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    pid = postgres.pid
    postgres.kill()
    assert postgres.pid is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(empty_database.owner)
    postgres.start()
    assert postgres.pid != pid
    with psycopg.connect(empty_database.owner) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)


def test_kafka_killed_keeps_its_topics(kafka_server: Kafka, make_topics: Callable[..., tuple[str, ...]]) -> None:
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition

    from quantrac.endpoints import client_options

    (topic,) = make_topics("kept")
    options = client_options(kafka_server.endpoint())
    producer = KafkaProducer(**options, acks="all")
    producer.send(topic, b"reading").get(timeout=20)
    producer.close()
    kafka_server.kill()
    kafka_server.start()
    consumer = KafkaConsumer(**options, auto_offset_reset="earliest", consumer_timeout_ms=20_000)
    consumer.assign([TopicPartition(topic, 0)])
    assert next(consumer).value == b"reading"
    consumer.close()


async def test_aiokafka_logs_in_too(kafka: KafkaEndpoint, make_topics: Callable[..., tuple[str, ...]]) -> None:
    from aiokafka import AIOKafkaProducer

    (topic,) = make_topics("aio")
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap,
        security_protocol=kafka.security.value,
        sasl_mechanism="PLAIN",
        sasl_plain_username=kafka.user,
        sasl_plain_password=kafka.password,
        ssl_context=ssl.create_default_context(cafile=kafka.ca_file),
    )
    await producer.start()
    record = await producer.send_and_wait(topic, b"reading")
    await producer.stop()
    assert record.offset == 0


def test_the_mail_catcher_keeps_and_refuses(mail: MailCatcher) -> None:
    import smtplib
    from email.message import EmailMessage

    endpoint = mail.endpoint()
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = "Cảnh báo COD", "<1@test>"
    message["From"], message["To"] = endpoint.sender, "truc@localhost"
    message.set_content("vượt giới hạn")

    def send() -> None:
        with smtplib.SMTP(endpoint.host, endpoint.port, timeout=5) as smtp:
            smtp.starttls(context=ssl.create_default_context(cafile=endpoint.ca_file))
            smtp.send_message(message)

    mail.refuse("451 4.3.0 later")
    with pytest.raises(smtplib.SMTPDataError, match="later"):
        send()
    mail.accept()
    send()
    (kept,) = mail.mails()
    assert (kept.message_id, kept.subject, kept.recipients) == ("<1@test>", "Cảnh báo COD", ("truc@localhost",))
    assert "vượt giới hạn" in kept.message().get_content()


def test_a_taken_port_is_a_sentence(mail: MailCatcher) -> None:
    mail.stop()
    with (
        socket.create_server(("127.0.0.1", mail.port)),
        pytest.raises(ServerError, match=rf"Port {mail.port}, kept for the local mail, is taken by .*{os.getpid()}"),
    ):
        mail.start()
    mail.start()


CHILD = """
import sys, time
from pathlib import Path
from local.servers import LocalServers, read_local
servers = LocalServers(Path(sys.argv[1]), Path(sys.argv[2]))
for server in (servers.mosquitto, servers.postgres, servers.mail):
    server.start()
print(*(server.pid for server in servers.all if server.pid), flush=True)
time.sleep(600)
"""


def test_servers_end_with_a_killed_parent(local_servers: LocalServers, cache_dir: Path) -> None:
    run_dir = local_servers.run_dir / "orphans"
    command = [sys.executable, "-c", CHILD, str(run_dir), str(cache_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 3
        assert all(os.getsid(pid) != os.getsid(parent.pid) for pid in pids), "Ctrl-C would reach the servers"
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_another_object_finds_and_stops_the_servers(local_servers: LocalServers, cache_dir: Path) -> None:
    run_dir = local_servers.run_dir / "found"
    first = LocalServers(run_dir, cache_dir)
    first.mail.start()
    second = LocalServers(run_dir, cache_dir)
    second.stop()
    assert second.mail.pid == first.mail.pid is not None, "stop() leaves alone what it did not start"
    assert second.stop_all() == ["mail"]
    assert first.mail.pid is None


def test_an_unreachable_mirror_is_a_sentence_and_nothing_half_is_left(tmp_path: Path) -> None:
    from local.servers.debian import are_fetched, fetch_debian
    from local.servers.progress import NoProgress

    with pytest.raises(
        ServerError, match=r"Debian's packages could not be fetched: .*127.0.0.1:9.*QUANTRAC_DEBIAN_MIRROR"
    ):
        fetch_debian(tmp_path, "http://127.0.0.1:9/debian/", NoProgress())
    assert not are_fetched(tmp_path)


def test_a_second_shell_reaches_the_running_servers(servers: LocalServers, unique: str) -> None:
    servers.add_stations([f"S_{unique}"])
    found = read_local(servers.run_dir)
    assert found == servers.endpoints()
    assert found.mqtt(f"S_{unique}") == servers.mqtt(f"S_{unique}")
    with psycopg.connect(found.database.reader) as connection:
        assert connection.execute("SELECT current_database(), current_user").fetchone() == (
            "quantrac",
            "quantrac_reader",
        )


def test_a_server_whose_run_folder_was_removed_is_stopped(tmp_path: Path) -> None:
    catcher = MailCatcher(tmp_path / "run")
    catcher.start()
    pid = catcher.pid
    assert pid is not None
    shutil.rmtree(tmp_path / "run")
    catcher.stop()
    assert not psutil.pid_exists(pid)
