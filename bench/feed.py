"""Fills the raw topic directly, as the bridge would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from kafka import KafkaProducer

from quantrac import topics
from quantrac.clock import Clock
from quantrac.domain.stations import Station
from quantrac.endpoints import KafkaEndpoint, client_options
from simulators.encoder import encode_readings
from simulators.generator import Plan, messages_of
from simulators.labels import TruthLog


def fill(kafka: KafkaEndpoint, stations: Sequence[Station], messages: int, clock: Clock) -> int:
    """Write ``messages`` messages of the near past into the raw topic and return how many readings they hold."""
    now = clock.now()
    cadence_s = 1.0
    span = timedelta(seconds=cadence_s * messages / len(stations))
    plan = Plan(
        stations=tuple(stations), events=(), start=now - span, end=now, cadence_s=cadence_s, seed=1, spread=True
    )
    producer = KafkaProducer(**client_options(kafka), acks="all", linger_ms=20)
    readings = 0
    sequence: Counter[str] = Counter()
    for message in messages_of(plan, TruthLog()):
        headers = [
            (topics.HEADER_CONTENT_TYPE, topics.CONTENT_JSON.encode()),
            (topics.HEADER_MQTT_TOPIC, topics.mqtt_readings(message.station).encode()),
            (topics.HEADER_RECEIVED_AT, clock.now().isoformat(timespec="microseconds").encode()),
        ]
        payload = encode_readings(message, session="bench", seq=sequence[message.station], sent_at=now)
        sequence[message.station] += 1
        producer.send(topics.RAW, key=message.station.encode(), value=payload, headers=headers)
        readings += len(message.samples)
    producer.flush()
    producer.close()
    return readings
