"""Numbers 2 and 15 of the promises: what a station's password can do at the broker, and what the broker tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from local.servers.denials import denials
from local.servers.mosquitto import MAX_PACKET_BYTES, Mosquitto
from local.servers.mqtt_probe import can_log_in
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import ServerError
from tests.sessions import wait_until_kept, wait_until_logged

Mqtt = Callable[[str], MqttEndpoint]


class Client:
    """A client of MQTT 5 whose session outlives its connection, unless it asks for a clean one."""

    def __init__(self, endpoint: MqttEndpoint, client_id: str, *, clean: bool = False, protocol: Any = paho.MQTTv5):
        self.received: list[str] = []
        self.reasons: list[Any] = []
        self.connected: list[Any] = []
        self.lost: list[Any] = []
        self.subscribed: list[object] = []
        options: dict[str, Any] = {} if protocol is paho.MQTTv5 else {"clean_session": clean}
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            reconnect_on_failure=False,
            **options,
        )
        self.client.username_pw_set(endpoint.user, endpoint.password)
        self.client.tls_set(str(endpoint.ca_file))
        self.client.on_message = lambda _c, _d, message: self.received.append(message.payload.decode())
        self.client.on_subscribe = lambda *args: self.subscribed.append(args)
        self.client.on_publish = lambda _c, _d, _mid, reason, _p: self.reasons.append(reason)
        self.client.on_connect = lambda _c, _d, _f, reason, _p: self.connected.append(reason)
        self.client.on_disconnect = lambda _c, _d, _f, reason, _p: self.lost.append(reason)
        if protocol is paho.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 0 if clean else 3600
            self.client.connect(endpoint.host, endpoint.port, clean_start=clean, properties=properties)
        else:
            self.client.connect(endpoint.host, endpoint.port)
        self.client.loop_start()
        wait_until(lambda: bool(self.connected))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def client(*arguments: Any, **options: Any) -> Iterator[Client]:
    made = Client(*arguments, **options)
    try:
        yield made
    finally:
        made.close()


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def subscribe(bridge: MqttEndpoint, topic: str) -> None:
    with client(bridge, str(bridge.user)) as first:
        first.client.subscribe(topic, qos=1)
        wait_until(lambda: bool(first.subscribed))


@pytest.mark.parametrize("clean", [True, False])
def test_number_2_a_stations_password_does_not_empty_the_bridges_queue(mqtt: Mqtt, unique: str, clean: bool) -> None:
    """bridge:  subscribes ... away ......................... back: has all five
    station:                   five messages
    thief:                                  connects as bridge-...
    """
    bridge, topic = mqtt("bridge"), f"quantrac/v1/S_{unique}/readings"
    subscribe(bridge, topic)
    with client(mqtt(f"S_{unique}"), "logger") as station:
        for number in range(5):
            station.client.publish(topic, str(number), qos=1).wait_for_publish(10)
    with client(mqtt(f"T_{unique}"), str(bridge.user), clean=clean) as thief:
        time.sleep(1)
        stolen = list(thief.received)
    with client(bridge, str(bridge.user)) as back:
        wait_until(lambda: len(back.received) == 5)
        assert back.received == ["0", "1", "2", "3", "4"]
    assert stolen == []


def test_number_2_a_station_does_not_end_anothers_connection(mqtt: Mqtt, unique: str) -> None:
    with client(mqtt(f"A_{unique}"), f"A_{unique}") as station, client(mqtt(f"B_{unique}"), f"A_{unique}"):
        time.sleep(0.5)
        assert station.lost == []


def test_number_2_the_health_probe_leaves_the_bridges_session_alone(
    mqtt: Mqtt, mosquitto: Mosquitto, unique: str
) -> None:
    with client(mqtt("bridge"), "any") as bridge:
        assert all(mosquitto.is_healthy() for _ in range(5))
        time.sleep(0.3)
        assert bridge.lost == []


def test_number_2_the_probe_hears_nothing_and_two_bridges_have_two_sessions(mqtt: Mqtt, unique: str) -> None:
    first, second = mqtt(f"bridge-{unique}-1"), mqtt(f"bridge-{unique}-2")
    with client(first, "same") as one, client(second, "same") as two:
        time.sleep(0.3)
        assert (one.lost, two.lost) == ([], [])


def test_number_2_a_packet_beyond_the_limit_ends_its_own_connection_alone(mqtt: Mqtt, unique: str) -> None:
    topic = f"quantrac/v1/S_{unique}/readings"
    with client(mqtt(f"O_{unique}"), "x") as other, client(mqtt(f"S_{unique}"), "x", protocol=paho.MQTTv311) as station:
        station.client.publish(topic, b"x" * (MAX_PACKET_BYTES - 1000), qos=1).wait_for_publish(10)
        station.client.publish(topic, b"x" * MAX_PACKET_BYTES, qos=1)
        wait_until(lambda: bool(station.lost))
        assert other.lost == []


@pytest.mark.parametrize("leaf", ["reading", "Readings", "readings/", "a/b/c"])
def test_number_15_a_misspelt_topic_of_ones_own_reaches_the_bridge(mqtt: Mqtt, unique: str, leaf: str) -> None:
    bridge = mqtt("bridge")
    subscribe(bridge, "quantrac/v1/+/#")
    with client(mqtt(f"S_{unique}"), "x", protocol=paho.MQTTv311) as station:
        station.client.publish(f"quantrac/v1/S_{unique}/{leaf}", unique, qos=1).wait_for_publish(10)
    with client(bridge, "any") as back:
        wait_until(lambda: unique in back.received)


def test_number_15_a_denied_message_is_counted(mqtt: Mqtt, mosquitto: Mosquitto, unique: str) -> None:
    topic = f"quantrac/v1/A_{unique}/readings"
    for _ in range(3):
        with client(mqtt(f"B_{unique}"), "x", protocol=paho.MQTTv311) as station:
            station.client.publish(f"quantrac/v1/B_{unique}/readings", "58", qos=1).wait_for_publish(10)
            station.client.publish(topic, "400", qos=1)
            wait_until(lambda: bool(station.lost))
    wait_until(lambda: denials(mosquitto.run_dir)[f"B_{unique}", topic] == 3)
    assert all("Received PUBLISH" not in line for line in mosquitto.log_path.read_text("utf-8").splitlines())


def test_number_10_a_password_is_rotated_and_revoked_while_the_broker_runs(
    mqtt: Mqtt, mosquitto: Mosquitto, unique: str
) -> None:
    code, pid = f"S_{unique}", mosquitto.pid
    old = mqtt(code)
    with client(old, "x") as stolen, client(mqtt(f"O_{unique}"), "x") as other:
        new = mosquitto.rotate(code)
        assert new == mosquitto.endpoint(code).password != old.password
        assert not can_log_in(old)
        wait_until(lambda: bool(stolen.lost))
        assert can_log_in(mosquitto.endpoint(code))
        mosquitto.revoke(code)
        assert not can_log_in(MqttEndpoint(old.host, old.port, code, new, old.ca_file))
        assert other.lost == []
    with pytest.raises(ServerError, match="no user"):
        mosquitto.rotate(code)
    assert mosquitto.pid == pid


def test_a_bridge_that_is_away_misses_nothing_whatever_is_done_to_users_meanwhile(
    mqtt: Mqtt, mosquitto: Mosquitto, unique: str
) -> None:
    code, bridge = f"S_{unique}", mqtt("bridge")
    mqtt(code)

    def send(text: str) -> None:
        with client(mosquitto.endpoint(code), "x") as station:
            station.client.publish(f"quantrac/v1/{code}/readings", text, qos=1).wait_for_publish(10)

    subscribe(bridge, f"quantrac/v1/{code}/#")
    wait_until_kept(mosquitto)
    mosquitto.kill()
    mosquitto.start()
    mosquitto.add_stations((f"N_{unique}",))
    send("a station was added after the broker's restart")
    assert bridge.user is not None
    mosquitto.rotate(bridge.user)
    send("the bridge's password was changed")
    with client(mosquitto.endpoint(bridge.user), "any") as back:
        wait_until(lambda: len(back.received) == 2)
        wait_until_logged(mosquitto, bridge.user, 2)  # when it subscribed, and now
        pid = mosquitto.pid
        mosquitto.add_stations((f"M_{unique}",))
        send("a station was added while the bridge was there")
        wait_until(lambda: len(back.received) == 3)
        assert (mosquitto.pid, back.lost) == (pid, [])
