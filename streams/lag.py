"""What waits in Kafka: log ends and the group's committed offsets, asked from the broker and not from Faust."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

import stamina
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    UnknownTopicOrPartitionError,
)
from kafka.structs import OffsetAndMetadata

from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError
from quantrac.kafka_clients import opened
from quantrac.telemetry import quiet

_COORDINATOR_MOVES = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
"""A new broker makes its coordinator at the first question about a group, and answers so meanwhile."""


class LagProbe:
    """Two connections to the broker that answer how far a group is behind on one topic."""

    def __init__(self, endpoint: KafkaEndpoint, group: str, topic: str, *, patience_s: float = 30.0) -> None:
        self._group, self._topic = group, topic
        try:
            with quiet("kafka"), ExitStack() as made:
                self._admin = opened(KafkaAdminClient, endpoint, patience_s=patience_s)
                made.callback(self._admin.close)
                self._consumer = opened(KafkaConsumer, endpoint, patience_s=patience_s, enable_auto_commit=False)
                made.pop_all()
        except (KafkaError, OSError) as exc:
            raise _unreachable(endpoint.bootstrap, exc) from exc
        self._bootstrap = endpoint.bootstrap

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both connections."""
        self._consumer.close()
        self._admin.close()

    def cluster_id(self) -> str:
        """Return the cluster's id: offsets mean something only within one cluster."""
        try:
            return str(self._admin.describe_cluster()["cluster_id"])
        except KafkaError as exc:
            raise _unreachable(self._bootstrap, exc) from exc

    def topic_id(self) -> str:
        """Return the topic's id: a topic that was made anew has another one. Empty: there is no such topic.

        Raises
        ------
        BrokerError
            The broker does not answer.
        """
        try:
            found = self._admin.describe_topics([self._topic])
        except KafkaError as exc:
            raise _unreachable(self._bootstrap, exc) from exc
        error = found[0]["error_code"] if found else UnknownTopicOrPartitionError.errno
        if error == UnknownTopicOrPartitionError.errno:
            return ""
        if error:
            raise BrokerError(
                f"Kafka at {self._bootstrap} does not describe {self._topic} (error {error}).", retryable=True
            )
        return str(found[0]["topic_id"])

    def starts(self) -> dict[int, int]:
        """Return the offset of the oldest record that Kafka still has, by partition."""
        try:
            partitions = self._consumer.partitions_for_topic(self._topic) or set()
            starts = self._consumer.beginning_offsets([TopicPartition(self._topic, p) for p in partitions])
        except KafkaError as exc:
            raise _unreachable(self._bootstrap, exc) from exc
        return {tp.partition: int(offset) for tp, offset in starts.items()}

    def ends(self) -> dict[int, int]:
        """Return the offset that the next record will get, by partition; empty when the topic does not exist."""
        try:
            partitions = self._consumer.partitions_for_topic(self._topic) or set()
            ends = self._consumer.end_offsets([TopicPartition(self._topic, p) for p in partitions])
        except KafkaError as exc:
            raise _unreachable(self._bootstrap, exc) from exc
        return {tp.partition: int(offset) for tp, offset in ends.items()}

    def committed(self) -> dict[int, int]:
        """Return the group's committed offsets, by partition; a partition without one is absent."""
        try:
            offsets = self._group_offsets()
        except KafkaError as exc:
            raise _unreachable(self._bootstrap, exc) from exc
        return {
            tp.partition: int(meta.offset)
            for tp, meta in offsets.items()
            if tp.topic == self._topic and meta.offset >= 0
        }

    def members(self) -> int:
        """Return how many consumers the group has now."""
        try:
            return len(self._admin.describe_groups([self._group])[self._group]["members"])
        except KafkaError as exc:
            raise _unreachable(self._bootstrap, exc) from exc

    @stamina.retry(on=_COORDINATOR_MOVES, attempts=None, timeout=10.0, wait_initial=0.2, wait_max=1.0)
    def _group_offsets(self) -> dict[TopicPartition, OffsetAndMetadata]:
        found: dict[TopicPartition, OffsetAndMetadata] = self._admin.list_group_offsets([self._group])[self._group]
        return found

    def waiting(self) -> dict[int, int]:
        """Return how many records are not yet acknowledged, by partition."""
        committed = self.committed()
        return {partition: max(0, end - committed.get(partition, 0)) for partition, end in self.ends().items()}


def _unreachable(bootstrap: str, exc: Exception) -> BrokerError:
    return BrokerError(
        f"Kafka at {bootstrap} does not answer ({type(exc).__name__}). Is it running? `quantrac doctor` checks it.",
        retryable=True,
    )
