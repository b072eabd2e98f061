"""Local Mosquitto, Kafka, TimescaleDB and mail catcher: ordinary processes, without root and without containers."""

from local.servers.connections import LocalEndpoints, read_local
from local.servers.kafka_topics import create_topics
from local.servers.local import LocalServers

__all__ = ["LocalEndpoints", "LocalServers", "create_topics", "read_local"]
