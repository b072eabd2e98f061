"""Sessions at the broker, which stays for the tests after the one that made them."""

from __future__ import annotations

import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from local.servers.mosquitto import Mosquitto
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


def wait_until_kept(mosquitto: Mosquitto) -> None:
    """Wait until ``kill -9`` takes nothing of what the broker has by now: it writes every one to two seconds."""
    store = mosquitto.folder / "data" / "mosquitto.db"
    deadline = time.monotonic() + 15
    for _ in range(2):  # the first one that is seen may have begun before
        before = store.stat().st_mtime_ns if store.exists() else 0
        while not store.exists() or store.stat().st_mtime_ns == before:
            assert time.monotonic() < deadline, f"{store} is not written"
            time.sleep(0.02)


def wait_until_logged(mosquitto: Mosquitto, user: str, connections: int) -> None:
    """Wait until the broker's log, which a process of its own writes, tells of so many connections of a user."""
    deadline = time.monotonic() + 15
    while mosquitto.log_path.read_text("utf-8", errors="replace").count(f" as {user} ") < connections:
        assert time.monotonic() < deadline, f"{mosquitto.log_path} does not tell of {user}"
        time.sleep(0.02)
