"""A hostile logger: one station that publishes whatever it likes, as fast as it likes or the broker takes it."""

from __future__ import annotations

import itertools
import json
import math
import threading
from collections.abc import Callable
from datetime import datetime

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from quantrac.clock import Clock
from quantrac.endpoints import MqttEndpoint
from quantrac.topics import mqtt_readings
from simulators.probe import connected

IN_FLIGHT = 100
"""Messages that the broker has not acknowledged yet; a flood need not be fair to its own machine's memory."""
LARGE_BYTES = 256 * 1024
Payload = Callable[[int, datetime], bytes]
"""What is sent as the n-th message, now."""


def large_nonsense(number: int, _now: datetime) -> bytes:
    """Return as many bytes as the contract lets through, and no JSON."""
    return f"{number:09}".encode().ljust(LARGE_BYTES, b"x")


def many_refusals(number: int, now: datetime) -> bytes:
    """Return a message of the largest size in which every reading is refused."""
    readings = [{"parameter": f"X{number}_{n}", "value": 1, "unit": "x" * 100} for n in range(1500)]
    return json.dumps({"v": 1, "observed_at": now.isoformat(), "readings": readings}).encode()[:LARGE_BYTES]


def small_nonsense(number: int, _now: datetime) -> bytes:
    """Return a short message without a reading."""
    return b'{"v": 1, "n": %d}' % number


def new_sessions(number: int, now: datetime) -> bytes:
    """Return a good reading under a session that nobody has used, as a logger that restarts for every message."""
    body = {"v": 1, "observed_at": now.isoformat(), "session": f"s{number}", "seq": number}
    return json.dumps(body | {"readings": [{"parameter": "pH", "value": 7.0 + number % 10 / 100}]}).encode()


FLOODS: dict[str, Payload] = {
    "large nonsense": large_nonsense,
    "many refusals": many_refusals,
    "small nonsense": small_nonsense,
    "new sessions": new_sessions,
}


def flood(
    endpoint: MqttEndpoint,
    station: str,
    payload: Payload,
    stop: threading.Event,
    *,
    clock: Clock,
    per_s: float = math.inf,
) -> int:
    """Publish until ``stop`` is set, at most ``per_s`` messages a second; return how many the broker has acknowledged.

    Raises
    ------
    BrokerError
        The broker does not let the station in.
    """
    client = Client(CallbackAPIVersion.VERSION2, client_id=station, protocol=MQTTv5)
    room, acknowledged = threading.Semaphore(IN_FLIGHT), itertools.count()

    def published(*_: object) -> None:
        next(acknowledged)
        room.release()

    client.on_publish = published
    connected(client, endpoint, station)
    try:
        began_s = clock.monotonic_s()
        for number in itertools.count():
            if stop.wait(max(0.0, number / per_s - (clock.monotonic_s() - began_s))):
                break
            if room.acquire(timeout=0.2):
                client.publish(mqtt_readings(station), payload(number, clock.now()), qos=1)
    finally:
        client.disconnect()
        client.loop_stop()
    return next(acknowledged)
