"""A logger that says one thing at an instant of the caller's choosing: it is connected beforehand."""

from __future__ import annotations

import threading
from types import TracebackType

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from quantrac.endpoints import MqttEndpoint
from quantrac.errors import BrokerError
from quantrac.topics import mqtt_readings

CONNECT_S = 10.0


def connected(client: Client, endpoint: MqttEndpoint, station: str) -> None:
    """Connect as a station, with its loop running.

    Raises
    ------
    BrokerError
        The broker does not let the station in.
    """
    if endpoint.encrypted:
        client.tls_set(ca_certs=None if endpoint.ca_file is None else str(endpoint.ca_file))
    client.username_pw_set(endpoint.user, endpoint.password)
    let_in = threading.Event()
    client.on_connect = lambda *_: let_in.set()
    client.connect(endpoint.host, endpoint.port)
    client.loop_start()
    if not let_in.wait(CONNECT_S):
        client.loop_stop()
        raise BrokerError(f"The broker does not let {station} in within {CONNECT_S:g} s.", retryable=True)


class Probe:
    """A station's own connection."""

    def __init__(self, endpoint: MqttEndpoint, station: str) -> None:
        self._station = station
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=station, protocol=MQTTv5)
        connected(self._client, endpoint, station)

    def say(self, payload: bytes) -> None:
        """Publish, and wait until the broker has acknowledged it."""
        self._client.publish(mqtt_readings(self._station), payload, qos=1).wait_for_publish(CONNECT_S)

    def __enter__(self) -> Probe:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _raised: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
