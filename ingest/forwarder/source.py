"""Station files in the raw topic: the pieces that the drop folder wrote, from where the database's progress stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from quantrac import topics
from quantrac.domain.forwarding import FilePiece
from quantrac.endpoints import KafkaEndpoint, client_options
from quantrac.errors import BrokerError


def cluster_id(kafka: KafkaEndpoint) -> str:
    """Return the cluster's id.

    Raises
    ------
    BrokerError
        Kafka is away.
    """
    try:
        admin = KafkaAdminClient(**client_options(kafka))
        try:
            return str(admin.describe_cluster()["cluster_id"])
        finally:
            admin.close()
    except KafkaError as exc:
        raise _away(kafka, exc) from exc


class RawFiles:
    """Reads the raw topic; every method raises ``BrokerError`` when Kafka is away."""

    def __init__(self, kafka: KafkaEndpoint, topic: str, progress: Mapping[int, int]) -> None:
        self._kafka = kafka
        try:
            self._consumer: Any = KafkaConsumer(
                **client_options(kafka), enable_auto_commit=False, auto_offset_reset="earliest", group_id=None
            )
            partitions = [TopicPartition(topic, p) for p in sorted(self._consumer.partitions_for_topic(topic) or ())]
            self._consumer.assign(partitions)
            ends = self._consumer.end_offsets(partitions)
            # A new target gets what comes from now on; a station's past is its owner's to send again.
            self.started = {p.partition: ends[p] for p in partitions if p.partition not in progress}
            for partition in partitions:
                self._consumer.seek(partition, progress.get(partition.partition, ends[partition]))
        except KafkaError as exc:
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
                if piece is not None:
                    pieces.append(piece)
        return pieces, progress

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()


def piece_of(record: Any) -> FilePiece | None:
    """Return the piece of a station file that a Kafka record holds; ``None`` for anything else."""
    headers = {key: value.decode("utf-8", "replace") for key, value in record.headers if value is not None}
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


def _away(kafka: KafkaEndpoint, exc: KafkaError) -> BrokerError:
    return BrokerError(f"Kafka at {kafka.bootstrap} cannot be read: {type(exc).__name__}.", retryable=True)
