"""What a centre would hear: a subscriber with the bridge's rights, independent of ``ingest``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from quantrac.domain.stations import Station
from quantrac.endpoints import MqttEndpoint
from tests.factories import station


class Listener:
    """Everything that arrives for the stations of one test."""

    def __init__(self, endpoint: MqttEndpoint, stations: list[Station], name: str) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.states: list[tuple[str, str, bool]] = []
        self._topics = [(f"quantrac/v1/{s.code}/{leaf}", 1) for s in stations for leaf in ("readings", "status")]
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"listener-{name}", protocol=MQTTv5)
        self._client.username_pw_set(endpoint.user, endpoint.password)
        self._client.tls_set(ca_certs=str(endpoint.ca_file))
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics)
        self._client.on_subscribe = lambda *_: setattr(self, "subscribed", True)
        self._client.on_message = self._take
        self.subscribed = False
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 600
        self._client.connect(endpoint.host, endpoint.port, clean_start=False, properties=properties)
        self._client.loop_start()
        self.wait(lambda: self.subscribed)

    def _take(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        station, leaf = message.topic.split("/")[2:]
        body = json.loads(message.payload)
        if leaf == "readings":
            assert body["station"] == station
            self.payloads.append(body)
        else:
            self.states.append((station, body["state"], message.retain))

    @property
    def unique(self) -> set[tuple[str, str, int]]:
        return {(p["station"], p["session"], p["seq"]) for p in list(self.payloads)}

    def wait(self, what: Callable[[], bool], longest_s: float = 20) -> None:
        deadline = time.monotonic() + longest_s
        while not what():
            assert time.monotonic() < deadline, f"heard {len(self.payloads)} payloads and {self.states}"
            time.sleep(0.02)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def stations(unique: str) -> list[Station]:
    parameters = ("COD", "TSS", "NH4", "pH")
    return [station(f"DT_{unique}{i}_NUOSXL", parameters, limit_set="QCVN40-2011-A") for i in range(3)]


@pytest.fixture
def listener(mqtt: Callable[[str], MqttEndpoint], stations: list[Station], unique: str) -> Iterator[Listener]:
    heard = Listener(mqtt("bridge"), stations, unique)
    yield heard
    heard.close()
