from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.servers.connections import LocalEndpoints, read_local, remove_local, write_local
from local.servers.mail import read_index
from local.servers.mailcatcher import FolderHandler
from local.servers.mqtt_probe import connect_packet
from local.servers.passwords import Passwords
from quantrac.clock import ManualClock
from quantrac.endpoints import (
    DATABASE_ROLES,
    DatabaseEndpoint,
    KafkaEndpoint,
    KafkaSecurity,
    MqttEndpoint,
    SmtpEndpoint,
    SmtpSecurity,
)
from quantrac.errors import ServerError

MAIL = b"Message-ID: <7@quantrac>\r\nSubject: =?utf-8?q?V=C6=B0=E1=BB=A3t?=\r\n\r\nCOD 150\r\n"


def endpoints(run_dir: Path) -> LocalEndpoints:
    ca = run_dir / "tls" / "ca.pem"
    return LocalEndpoints(
        run_dir=run_dir,
        bridge=MqttEndpoint("127.0.0.1", 1, user="bridge", password="b", ca_file=ca, tls=True),
        kafka=KafkaEndpoint("127.0.0.1:2", KafkaSecurity.SASL_SSL, user="quantrac", password="k", ca_file=ca),
        database=DatabaseEndpoint(*(f"postgresql://{role}" for role in DATABASE_ROLES)),
        smtp=SmtpEndpoint("127.0.0.1", 3, sender="q@localhost", security=SmtpSecurity.STARTTLS, ca_file=ca),
        mail_dir=run_dir / "mail",
    )


def test_a_second_shell_reads_what_the_first_wrote(tmp_path: Path) -> None:
    assert read_local(tmp_path) is None
    write_local(endpoints(tmp_path))
    assert read_local(tmp_path) == endpoints(tmp_path)
    assert stat.S_IMODE((tmp_path / "local.json").stat().st_mode) == 0o600
    remove_local(tmp_path)
    assert read_local(tmp_path) is None


@pytest.mark.parametrize("text", ['{"version": 1}', '{"version": 99}', "[]"])
def test_a_foreign_connection_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.json").write_text(text)
    with pytest.raises(ServerError, match=r"local\.json is not a"):
        read_local(tmp_path)


def test_stations_log_in_with_their_own_password(tmp_path: Path) -> None:
    password = Passwords(tmp_path).get("mqtt", "S1")
    station = endpoints(tmp_path).mqtt("S1")
    assert (station.user, station.password, station.port) == ("S1", password, 1)
    with pytest.raises(ServerError, match="no user 'S2'"):
        endpoints(tmp_path).mqtt("S2")


def test_mails_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2026, 11, 23, 3, 5, tzinfo=UTC))
    handler = FolderHandler(tmp_path, clock)
    handler.store("q@localhost", ["a@localhost", "b@localhost"], MAIL)
    clock.advance(timedelta(seconds=2))
    handler.store("q@localhost", ["a@localhost"], b"no headers at all")
    with (tmp_path / "index.jsonl").open("a") as index:
        index.write('{"received_at": "half of a li')
    first, second = read_index(tmp_path)
    assert (first.message_id, first.subject, first.recipients) == (
        "<7@quantrac>",
        "Vượt",
        ("a@localhost", "b@localhost"),
    )
    assert second.received_at - first.received_at == timedelta(seconds=2)
    assert first.path.read_bytes() == MAIL
    assert first.message().get_content().strip() == "COD 150"
    assert json.loads((tmp_path / "index.jsonl").read_text().splitlines()[0])["from"] == "q@localhost"


def test_no_mails_before_the_first(tmp_path: Path) -> None:
    assert read_index(tmp_path) == []


def test_connect_packet() -> None:
    # MQTT 3.1.1, 3.1: type 1; length; "MQTT", level 4; user name, password, clean session; keep-alive 10.
    packet = connect_packet("id", "user", "pass")
    assert packet == bytes.fromhex("101a00044d51545404c2000a") + b"\x00\x02id\x00\x04user\x00\x04pass"
    # 2.2.3: 128 is written as 80 01.
    assert connect_packet("i" * 112, "", "")[:3] == bytes.fromhex("108001")
