"""How to reach each outside system: what a connection needs, and nothing of who configured it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from quantrac.kafka_tls import HANDSHAKE_S, KafkaTlsContext

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that nobody else reaches or listens to."""


class KafkaSecurity(StrEnum):
    """Kafka's ``security.protocol``."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SmtpSecurity(StrEnum):
    """How an SMTP connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class MqttEndpoint:
    """An MQTT broker and the user to log in as; with a ``ca_file`` (or ``tls``) the connection is TLS."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Certificate authority to trust instead of the system's."""
    tls: bool = False

    @property
    def encrypted(self) -> bool:
        """Whether the connection is TLS."""
        return self.tls or self.ca_file is not None


@dataclass(frozen=True, slots=True)
class KafkaEndpoint:
    """A Kafka cluster and the user to log in as (SASL mechanism PLAIN where the security protocol has SASL)."""

    bootstrap: str
    """``host:port`` of one or more brokers, with commas between."""
    security: KafkaSecurity = KafkaSecurity.PLAINTEXT
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


def client_options(endpoint: KafkaEndpoint, handshake_s: float = HANDSHAKE_S) -> dict[str, Any]:
    """Return the connection options that every client of kafka-python takes (producer, consumer, admin)."""
    options: dict[str, Any] = {
        "bootstrap_servers": endpoint.bootstrap.split(","),
        "security_protocol": endpoint.security.value,
    }
    if endpoint.security in (KafkaSecurity.SASL_PLAINTEXT, KafkaSecurity.SASL_SSL):
        options |= {
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": endpoint.user,
            "sasl_plain_password": endpoint.password,
        }
    if endpoint.security in (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL):
        options["ssl_context"] = KafkaTlsContext(endpoint.ca_file, handshake_s)
    return options


@dataclass(frozen=True, slots=True)
class DatabaseEndpoint:
    """One PostgreSQL database, once per role; each is a libpq connection URI."""

    owner: str = field(repr=False)
    """Migrations and imports of stations, limits and rules."""
    writer: str = field(repr=False)
    """Workers."""
    notifier: str = field(repr=False)
    """Delivers what is in the outbox."""
    desk: str = field(repr=False)
    """What officers do: acknowledge alerts, record causes."""
    trainer: str = field(repr=False)
    """Reads the history to train models on."""
    intake: str = field(repr=False)
    """Bridge and drop folder: the account of what was first held, and the stations' descriptions."""
    reader: str = field(repr=False)
    """Dashboards, status, sharing."""
    web: str = field(repr=False)
    """The centre's page: what its accounts may see and do."""


DATABASE_ROLES = tuple(f.name for f in fields(DatabaseEndpoint))
"""Names of the roles, without the ``quantrac_`` that each begins with at the server."""


@dataclass(frozen=True, slots=True)
class SmtpEndpoint:
    """A mail server and the sender's address."""

    host: str
    port: int
    sender: str
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
