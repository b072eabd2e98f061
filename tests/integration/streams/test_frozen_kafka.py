"""A Kafka that is frozen, or away for a night: who looks at it hears so in time, and leaves nothing behind."""

from __future__ import annotations

import gc
import os
import threading
import time

import pytest
from kafka import KafkaConsumer
from kafka.errors import KafkaError

from local.servers.kafka import Kafka
from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError
from quantrac.kafka_clients import opened
from streams.lag import LagProbe
from tests.freezing import frozen

PATIENCE_S = 1.5


def test_a_frozen_broker_is_away_for_a_probe_within_its_patience_and_back_when_it_goes_on(
    kafka_server: Kafka, kafka: KafkaEndpoint, unique: str
) -> None:
    probe = LagProbe(kafka, unique, unique, patience_s=PATIENCE_S)
    with frozen(kafka_server):
        began_s = time.monotonic()
        for _ in range(2):  # the question that is under way, and one for which it has to connect anew
            with pytest.raises(BrokerError):
                probe.committed()
            with pytest.raises(BrokerError):
                probe.ends()
        probe.close()
        with pytest.raises(BrokerError):
            LagProbe(kafka, unique, unique, patience_s=PATIENCE_S)
        assert time.monotonic() - began_s < 20 * PATIENCE_S
    with LagProbe(kafka, unique, unique) as thawed:
        assert thawed.ends() == {}
        assert thawed.cluster_id()


def test_who_does_not_reach_kafka_leaves_no_thread_and_no_file_behind() -> None:
    away = KafkaEndpoint("127.0.0.1:9")

    def held() -> tuple[int, int]:
        gc.collect()
        return threading.active_count(), len(os.listdir("/proc/self/fd"))

    def attempts() -> None:
        with pytest.raises(BrokerError):
            LagProbe(away, "g", "t", patience_s=0.2)
        with pytest.raises(KafkaError):
            opened(KafkaConsumer, away, patience_s=0.2)

    attempts()
    threads, files = held()
    for _ in range(4):
        attempts()
    threads_after, files_after = held()
    assert threads_after == threads
    assert files_after < files + 8, "of four files for each of eight clients"
