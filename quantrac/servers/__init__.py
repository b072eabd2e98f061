"""Local Mosquitto, Kafka, TimescaleDB and mail catcher: fetched once, started as ordinary processes, no root and no containers."""

from quantrac.servers.connections import LocalEndpoints, read_local
from quantrac.servers.kafka_topics import create_topics
from quantrac.servers.local import LocalServers

__all__ = ["LocalEndpoints", "LocalServers", "create_topics", "read_local"]
