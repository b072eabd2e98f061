"""Names of the MQTT and Kafka topics, and the headers of a raw Kafka record: the one place that spells them."""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.errors import SettingsError

MQTT_ROOT = "quantrac/v1"
_BELOW_ROOT = f"{MQTT_ROOT}/"

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
"""Which process wrote the record: a bridge, a drop folder, a replay."""
HEADER_RECEIPT = "receipt"
"""Origin and running number of the message: see ``quantrac.domain.receipts``."""
HEADER_FILE_NAME = "file-name"
"""Path below the drop folder, UTF-8, with ``/`` between; what cannot be shown is escaped."""
HEADER_FILE_SIZE = "file-size"
"""Size of the whole file in bytes."""
HEADER_FILE_SHA256 = "file-sha256"
"""Digest of the whole file in hex."""
HEADER_FILE_OFFSET = "file-offset"
"""Where in the file the record's bytes begin: a large file comes in several records, cut between lines."""
REPLAY = "replay"
"""In the place of the bridge's id: an officer sent the message through the pipeline again."""

STAMPED_BY = "message.timestamp.type"
"""Of a topic's configuration: whose clock stamps its records."""
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""Largest Kafka record. Above the broker's own limit of an MQTT message (4 MiB), so that whatever the broker accepts
reaches the raw topic; what is larger than a station's payload may be becomes a dead letter in the worker."""

CONTENT_JSON = "application/vnd.quantrac.readings+json;v=1"
CONTENT_TT10 = "text/vnd.quantrac.tt10"
"""Station file of TT 10/2021/TT-BTNMT, Phụ lục 15."""
CONTENT_SENML_JSON = "application/senml+json"
CONTENT_SENML_CBOR = "application/senml+cbor"
CONTENT_FLAT_JSON = "application/vnd.quantrac.flat+json"
"""One JSON object, or one a line; the station's mapping says what the fields mean."""
CONTENT_CSV = "text/csv"
CONTENT_REFUSED_FILE = "application/vnd.quantrac.refused-file+json;v=1"
"""Not a file's bytes but why they were not read: a link, a device, a file too large, a name without a station."""
CONTENT_STATUS = "application/vnd.quantrac.status+json;v=1"
CONTENT_UNKNOWN = "application/octet-stream"
"""Of a message on a topic of a station that is neither of the two: misspelt, say."""


def mqtt_readings(station: str) -> str:
    """Return the MQTT topic to which a station's logger publishes its readings.

    >>> mqtt_readings("DT_KCNSADEC_NUOSXL")
    'quantrac/v1/DT_KCNSADEC_NUOSXL/readings'
    """
    return f"{MQTT_ROOT}/{station}/readings"


def file_topic(station: str) -> str:
    """Return what stands in the place of the MQTT topic for a station's file.

    >>> file_topic("DT_KCNSADEC_NUOSXL")
    'quantrac/v1/DT_KCNSADEC_NUOSXL/files'
    """
    return f"{MQTT_ROOT}/{station}/files"


def mqtt_status(station: str) -> str:
    """Return the MQTT topic of a station's retained birth and will messages."""
    return f"{MQTT_ROOT}/{station}/status"


def station_of_mqtt(topic: str) -> str:
    """Return the station's code in a topic below a station's name; the empty string when the topic has another shape.

    >>> station_of_mqtt("quantrac/v1/DT_KCNSADEC_NUOSXL/readings")
    'DT_KCNSADEC_NUOSXL'
    >>> station_of_mqtt("quantrac/v1/a/b/readings"), station_of_mqtt("other/v1/a/readings")
    ('a', '')
    """
    root, code = topic[: len(_BELOW_ROOT)], topic[len(_BELOW_ROOT) :]
    return code.partition("/")[0] if root == _BELOW_ROOT else ""


def content_of_mqtt(topic: str) -> str:
    """Return the content type of what is published to a topic.

    >>> content_of_mqtt("quantrac/v1/A/status") == CONTENT_STATUS, content_of_mqtt("quantrac/v1/A/reading")
    (True, 'application/octet-stream')
    """
    station = station_of_mqtt(topic)
    return {mqtt_readings(station): CONTENT_JSON, mqtt_status(station): CONTENT_STATUS}.get(topic, CONTENT_UNKNOWN)


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
    # Kafka's own clock beside the bridge's: of several bridges one may have a wrong one.
    stamped = (STAMPED_BY, "LogAppendTime")
    return (
        KafkaTopic(RAW, partitions, replication, (size, keep, stamped)),
        KafkaTopic(READINGS, partitions, replication, (size, ("retention.ms", str(7 * 86_400_000)))),
        KafkaTopic(DEAD_LETTERS, 1, replication, (size, keep)),
    )
