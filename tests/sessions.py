"""Sessions that a test leaves behind at the broker, which stays for the tests after it."""

from __future__ import annotations

import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from quantrac.endpoints import MqttEndpoint


def forget_session(mqtt: MqttEndpoint, client_id: str) -> None:
    """Remove a persistent session, so that it does not collect the messages of later tests."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5)
    client.username_pw_set(mqtt.user, mqtt.password)
    client.tls_set(ca_certs=str(mqtt.ca_file))
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 0
    client.connect(mqtt.host, mqtt.port, clean_start=True, properties=properties)
    deadline = time.monotonic() + 5
    while not client.is_connected() and time.monotonic() < deadline:
        client.loop(0.1)
    client.disconnect()
