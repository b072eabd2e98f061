"""Local Mosquitto, Kafka, TimescaleDB and mail catcher: ordinary processes, without root and without containers."""

from quantrac.servers.connections import LocalEndpoints, read_local
from quantrac.servers.kafka_topics import create_topics
from quantrac.servers.local import LocalServers

__all__ = ["LocalEndpoints", "LocalServers", "create_topics", "read_local"]
