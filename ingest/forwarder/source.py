"""What the raw topic has to be forwarded, from where the database's progress stands: files, and messages as files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ingest.forwarder.stationfile import file_of
from ingest.payloads import Decoded, InstantBounds, content_type_of, decoder_of
from ingest.payloads.versions import by_version, version_at
from quantrac import topics
from quantrac.clock import Clock
from quantrac.domain.forwarding import FilePiece
from quantrac.domain.stations import Registry, Station
from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError, StoreError
from quantrac.kafka_clients import opened

_REGISTRY_S = 60.0


def cluster_id(kafka: KafkaEndpoint) -> str:
    """Return the cluster's id.

    Raises
    ------
    BrokerError
        Kafka is away.
    """
    try:
        admin = opened(KafkaAdminClient, kafka)
        try:
            return str(admin.describe_cluster()["cluster_id"])
        finally:
            admin.close()
    except KafkaError as exc:
        raise _away(kafka, exc) from exc


class RawFiles:
    """Reads the raw topic; every method raises ``BrokerError`` when Kafka is away."""

    def __init__(
        self, kafka: KafkaEndpoint, topic: str, progress: Mapping[int, int], messages: AsFiles | None = None
    ) -> None:
        self._kafka, self._messages = kafka, messages
        try:
            self._consumer: Any = opened(
                KafkaConsumer, kafka, enable_auto_commit=False, auto_offset_reset="earliest", group_id=None
            )
        except (KafkaError, OSError) as exc:
            raise _away(kafka, exc) from exc
        try:
            partitions = [TopicPartition(topic, p) for p in sorted(self._consumer.partitions_for_topic(topic) or ())]
            self._consumer.assign(partitions)
            ends = self._consumer.end_offsets(partitions)
            # A new target gets what comes from now on; a station's past is its owner's to send again.
            self.started = {p.partition: ends[p] for p in partitions if p.partition not in progress}
            for partition in partitions:
                self._consumer.seek(partition, progress.get(partition.partition, ends[partition]))
        except KafkaError as exc:
            self._consumer.close()
            raise _away(kafka, exc) from exc

    def poll(self, timeout_s: float) -> tuple[list[FilePiece], dict[int, int]]:
        """Return the pieces that came, and the offset after the last record of each partition."""
        try:
            batches = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=500)
        except KafkaError as exc:
            raise _away(self._kafka, exc) from exc
        pieces, progress = [], {}
        for batch in batches.values():
            for record in batch:
                progress[record.partition] = record.offset + 1
                piece = piece_of(record)
                if piece is None and self._messages is not None:
                    piece = self._messages.piece_of(record)
                if piece is not None:
                    pieces.append(piece)
        return pieces, progress

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()


class AsFiles:
    """Makes a station file of the readings of each MQTT message, in the circular's layout."""

    def __init__(self, registry: Callable[[], Registry], clock: Clock) -> None:
        self._load, self._clock = registry, clock
        self._registry = Registry(())
        self._due_s = float("-inf")

    def piece_of(self, record: Any) -> FilePiece | None:
        """Return the file of a record; ``None`` for what is no readings, or none that can be used.

        One record gives one file, several instants in it if need be. What was refused is no reading: it is told to the
        station, not to another authority.
        """
        headers = _headers(record)
        content_type, topic = headers.get(topics.HEADER_CONTENT_TYPE, ""), headers.get(topics.HEADER_MQTT_TOPIC, "")
        code = topics.station_of_mqtt(topic)
        if topic != topics.mqtt_readings(code) or headers.get(topics.HEADER_BRIDGE) == topics.REPLAY:
            return None
        received_at = _received_at(headers, record)
        registry = self._current()
        station = registry.station(code, received_at)
        if station is None:
            return None
        decoder = decoder_of(content_type_of(content_type, station.logger.message_format))
        if decoder is None:
            return None

        def read(version: Station, bounds: InstantBounds) -> Decoded:
            return decoder(record.value or b"", code, version, received_at, bounds)

        found = by_version(registry, code, station, InstantBounds(), read)
        files = [
            file_of(readings, {s.parameter: s.unit for s in version.sensors})
            for version, group in groupby(found.decoded.readings, lambda r: version_at(found.versions, r.observed_at))
            if (readings := [r for r in group if r.parameter in version.sensor_of])
        ]
        if not files:
            return None
        name, content = files[-1][0], b"".join(lines for _, lines in files)
        return FilePiece(
            partition=record.partition,
            record_offset=record.offset,
            station=station.code,
            file_name=f"{station.code}/{name}",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            offset=0,
            content=content,
            received_at=received_at,
            made=True,
        )

    def _current(self) -> Registry:
        """Return the registry, loaded at most a minute ago; the one before while the database is away."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._due_s:
            try:
                self._registry = self._load()
            except StoreError:
                if not self._registry.stations:
                    raise
            self._due_s = now_s + _REGISTRY_S
        return self._registry


def _headers(record: Any) -> dict[str, str]:
    return {key: value.decode("utf-8", "replace") for key, value in record.headers if value is not None}


def _received_at(headers: Mapping[str, str], record: Any) -> datetime:
    try:
        return datetime.fromisoformat(headers[topics.HEADER_RECEIVED_AT]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def piece_of(record: Any) -> FilePiece | None:
    """Return the piece of a station file that a Kafka record holds; ``None`` for anything else."""
    headers = _headers(record)
    if headers.get(topics.HEADER_CONTENT_TYPE) != topics.CONTENT_TT10 or topics.HEADER_FILE_NAME not in headers:
        return None
    try:
        return FilePiece(
            partition=record.partition,
            record_offset=record.offset,
            station=(record.key or b"").decode("utf-8", "replace"),
            file_name=headers[topics.HEADER_FILE_NAME],
            size=int(headers[topics.HEADER_FILE_SIZE]),
            sha256=headers[topics.HEADER_FILE_SHA256],
            offset=int(headers[topics.HEADER_FILE_OFFSET]),
            content=record.value or b"",
            received_at=datetime.fromisoformat(headers[topics.HEADER_RECEIVED_AT]).astimezone(UTC),
        )
    except (KeyError, ValueError):
        return None  # written by something else: not a file of the drop folder


def _away(kafka: KafkaEndpoint, exc: KafkaError | OSError) -> BrokerError:
    return BrokerError(f"Kafka at {kafka.bootstrap} cannot be read: {type(exc).__name__}.", retryable=True)
