"""The connection file of a run folder: how a second shell finds the servers that the first one started."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.servers.files import read_json, write_private
from local.servers.passwords import Passwords
from quantrac.endpoints import (
    DatabaseEndpoint,
    KafkaEndpoint,
    KafkaSecurity,
    MqttEndpoint,
    SmtpEndpoint,
    SmtpSecurity,
)
from quantrac.errors import ServerError

FILE_NAME = "local.json"
DEMO_FOLDER = "demo"
"""Of the run folder: the demo has servers and data of its own, and touches no others."""
VERSION = 3


@dataclass(frozen=True, slots=True)
class LocalEndpoints:
    """How to reach the local servers of a run folder."""

    run_dir: Path
    bridge: MqttEndpoint
    kafka: KafkaEndpoint
    database: DatabaseEndpoint
    smtp: SmtpEndpoint
    mail_dir: Path
    """Where the mail catcher keeps its messages."""

    def mqtt(self, user: str) -> MqttEndpoint:
        """Return how a station, a bridge or ``probe`` reaches the MQTT broker.

        Raises
        ------
        ServerError
            The broker has no such user.
        """
        password = Passwords(self.run_dir).users("mqtt").get(user)
        if password is None:
            raise ServerError(
                f"The local Mosquitto has no user {user!r}: `quantrac servers stations` adds the registered stations, "
                "`quantrac servers bridges ID` adds a bridge."
            )
        broker = self.bridge
        return MqttEndpoint(broker.host, broker.port, user=user, password=password, ca_file=broker.ca_file, tls=True)


def write_local(endpoints: LocalEndpoints) -> None:
    """Write the connection file (mode 600: it holds passwords)."""
    mqtt, kafka, database, smtp = endpoints.bridge, endpoints.kafka, endpoints.database, endpoints.smtp
    content = {
        "version": VERSION,
        "mqtt": {"host": mqtt.host, "port": mqtt.port, "user": mqtt.user, "password": mqtt.password},
        "kafka": {
            "bootstrap": kafka.bootstrap,
            "security": kafka.security.value,
            "user": kafka.user,
            "password": kafka.password,
        },
        "database": asdict(database),
        "smtp": {"host": smtp.host, "port": smtp.port, "sender": smtp.sender, "security": smtp.security.value},
        "ca_file": str(mqtt.ca_file),
        "mail_dir": str(endpoints.mail_dir),
    }
    write_private(endpoints.run_dir / FILE_NAME, json.dumps(content, indent=1))


def remove_local(run_dir: Path) -> None:
    """Remove the connection file: the servers are stopped."""
    (run_dir / FILE_NAME).unlink(missing_ok=True)


def read_local(run_dir: Path) -> LocalEndpoints | None:
    """Return how to reach the servers started in ``run_dir``; ``None`` when none were started, or they were stopped.

    Raises
    ------
    ServerError
        The file is not one of ours.
    """
    path = run_dir / FILE_NAME
    content = read_json(path)
    if not content:
        return None
    try:
        return _parse(run_dir, content)
    except (KeyError, ValueError, TypeError) as exc:
        raise ServerError(
            f"{path} is not a connection file of this version: stop and start the local servers anew."
        ) from exc


def _parse(run_dir: Path, content: dict[str, Any]) -> LocalEndpoints:
    if content["version"] != VERSION:
        raise ValueError(content["version"])
    ca = Path(content["ca_file"])
    kafka, smtp = content["kafka"], content["smtp"]
    return LocalEndpoints(
        run_dir=run_dir,
        bridge=MqttEndpoint(**content["mqtt"], ca_file=ca, tls=True),
        kafka=KafkaEndpoint(**{**kafka, "security": KafkaSecurity(kafka["security"])}, ca_file=ca),
        database=DatabaseEndpoint(**content["database"]),
        smtp=SmtpEndpoint(**{**smtp, "security": SmtpSecurity(smtp["security"])}, ca_file=ca),
        mail_dir=Path(content["mail_dir"]),
    )
