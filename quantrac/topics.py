"""Names of the MQTT and Kafka topics, and the headers of a raw Kafka record: the one place that spells them."""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.errors import SettingsError

MQTT_ROOT = "quantrac/v1"

RAW = "quantrac.raw"
"""Original payloads as they came, key = station. The evidence: never changed, never compacted."""
READINGS = "quantrac.readings"
"""Flagged readings after they were committed, key = station. Open to other consumers."""
DEAD_LETTERS = "quantrac.dead-letters"
"""What could not be used, original bytes, key = station. The database holds the same rows."""

HEADER_CONTENT_TYPE = "content-type"
HEADER_MQTT_TOPIC = "mqtt-topic"
HEADER_RECEIVED_AT = "received-at"
"""ISO 8601 with microseconds, UTC."""
HEADER_BRIDGE = "bridge-id"

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""Largest Kafka record. Above the broker's own limit of an MQTT message (4 MiB), so that whatever the broker accepts
reaches the raw topic; what is larger than a station's payload may be becomes a dead letter in the worker."""

CONTENT_JSON = "application/vnd.quantrac.readings+json;v=1"
CONTENT_STATUS = "application/vnd.quantrac.status+json;v=1"


def mqtt_readings(station: str) -> str:
    """Return the MQTT topic to which a station's logger publishes its readings.

    >>> mqtt_readings("DT_KCNSADEC_NUOSXL")
    'quantrac/v1/DT_KCNSADEC_NUOSXL/readings'
    """
    return f"{MQTT_ROOT}/{station}/readings"


def mqtt_status(station: str) -> str:
    """Return the MQTT topic of a station's retained birth and will messages."""
    return f"{MQTT_ROOT}/{station}/status"


def station_of_mqtt(topic: str) -> str:
    """Return the station's code in a readings or status topic; the empty string when the topic has another shape.

    >>> station_of_mqtt("quantrac/v1/DT_KCNSADEC_NUOSXL/readings")
    'DT_KCNSADEC_NUOSXL'
    >>> station_of_mqtt("quantrac/v1/a/b/readings")
    ''
    """
    parts = topic.split("/")
    return parts[2] if len(parts) == 4 and "/".join(parts[:2]) == MQTT_ROOT else ""


@dataclass(frozen=True, slots=True)
class KafkaTopic:
    """A Kafka topic as it has to exist before anything starts."""

    name: str
    partitions: int
    replication: int
    config: tuple[tuple[str, str], ...] = ()


def kafka_topics(partitions: int, replication: int, max_message_bytes: int) -> tuple[KafkaTopic, ...]:
    """Return the topics to be created, with their retention: raw and dead letters are kept for ever."""
    if partitions < 1 or replication < 1:
        raise SettingsError("QUANTRAC_KAFKA_PARTITIONS and QUANTRAC_KAFKA_REPLICATION must be at least 1.")
    size = ("max.message.bytes", str(max_message_bytes))
    keep = ("retention.ms", "-1")
    return (
        KafkaTopic(RAW, partitions, replication, (size, keep)),
        KafkaTopic(READINGS, partitions, replication, (size, ("retention.ms", str(7 * 86_400_000)))),
        KafkaTopic(DEAD_LETTERS, 1, replication, (size, keep)),
    )
