"""Sharing on a real Kafka: what one batch of stations says goes out in one piece for each partition."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka.record import MemoryRecords

from local.servers.kafka import Kafka
from quantrac import topics
from quantrac.domain.readings import CheckedReading, Flag, Reading
from quantrac.endpoints import KafkaEndpoint
from streams.processor import Shared
from streams.sharing import Sharer

AT = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
STATIONS, SENSORS, PARTITIONS = 150, 40, 4
"""So many that another thread gets its turn before all is written."""

PARAMETERS = [f"P{n}" for n in range(SENSORS)]


@pytest.fixture
def _many_threads() -> Iterator[None]:
    """Let threads take turns as often as in a worker that has others at work, too."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def batches_of(log: Path) -> list[int]:
    """Return how many records each batch in a segment of Kafka's log has."""
    records = MemoryRecords(log.read_bytes())
    sizes = []
    while (batch := records.next_batch()) is not None:
        sizes.append(sum(1 for _ in batch))
    return sizes


@pytest.mark.usefixtures("_many_threads")
def test_a_batch_goes_out_in_one_piece_for_each_partition(
    fresh_topics: Callable[..., KafkaEndpoint], kafka_server: Kafka
) -> None:
    sharer = Sharer(fresh_topics(partitions=PARTITIONS), topics.MAX_MESSAGE_BYTES)
    readings = [Reading(f"DT_{n:03d}", p, AT, AT, 58.0) for n in range(STATIONS) for p in ("COD", "pH", "TSS")]
    sharer.start()
    for reached in (1, 2):  # the first one waits for Kafka as a whole
        shared = Shared(reached={0: reached})
        shared.add(CheckedReading(reading, Flag.GOOD) for reading in readings)
        sharer.offer(shared)
        deadline = time.monotonic() + 30
        while sharer.reached() != {0: reached}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    sharer.close(10)
    logs = [next((kafka_server.folder / "data" / f"{topics.READINGS}-{n}").glob("*.log")) for n in range(PARTITIONS)]
    sizes = [batches_of(log) for log in logs]
    assert sum(map(sum, sizes)) == 2 * STATIONS
    assert [len(of_partition) for of_partition in sizes] == [2] * PARTITIONS
