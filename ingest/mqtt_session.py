"""The MQTT side of the bridge: one connection of a persistent session, driven by one thread."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from typing import Any, NamedTuple, cast

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from quantrac.endpoints import MqttEndpoint
from quantrac.errors import BrokerError

_FOR_EVER_S = 0xFFFF_FFFF
"""Session expiry: never (MQTT 5.0, section 3.1.2.11.2)."""
_KEEPALIVE_S = 30
_CONNECT_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0
_PUBACK = b"\x40\x02"
"""Head of a PUBACK without properties: success (MQTT 5.0, section 3.4)."""
_DISCONNECT = b"\xe0\x00"
"""Normal disconnection; the session stays (MQTT 5.0, section 3.14)."""
_RETAINED_ONCE = 1
"""Retain handling: retained messages when the subscription is new, not at each connection (MQTT 5.0, 3.8.3.1)."""


class Incoming(NamedTuple):
    """A message as it came; ``packet_id`` is ``None`` for QoS 0. ``topic`` is empty when it is not UTF-8."""

    packet_id: int | None
    topic: str
    payload: bytes
    dup: bool


class _ClosedError(BrokerError):
    """The broker has closed the connection."""


class MqttSession:
    """One connection. Every call belongs to the same thread, so an acknowledgement can never go to another connection.

    A connection that is lost raises ``BrokerError`` from whatever was called, and the object is done with.
    """

    def __init__(
        self,
        mqtt: MqttEndpoint,
        client_id: str,
        filters: tuple[str, ...],
        window: int,
        former_filters: tuple[str, ...] = (),
    ) -> None:
        self._mqtt = mqtt
        self._filters = filters
        self._former_filters = former_filters
        """Of an older version, kept in the session: with them every message would come twice."""
        self._window = window
        self._arrived: list[Incoming] = []
        self._lost: str | None = None
        self._up = False
        self.continued = False
        """Whether the broker still had the session, and so whatever came for it meanwhile."""
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=paho.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.connect_timeout = _CONNECT_TIMEOUT_S
        if mqtt.user is not None:
            client.username_pw_set(mqtt.user, mqtt.password)
        if mqtt.encrypted:
            client.tls_set_context(
                ssl.create_default_context(cafile=None if mqtt.ca_file is None else str(mqtt.ca_file))
            )
        self._client = client

    def connect(self) -> None:
        """Connect to the persistent session; messages may arrive as soon as this returns.

        Raises
        ------
        BrokerError
            The broker cannot be reached, or refuses the connection.
        """
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _FOR_EVER_S
        # The broker holds back what exceeds this: the bound of our memory, kept by protocol instead of by dropping.
        properties.ReceiveMaximum = self._window
        try:
            self._client.connect(
                self._mqtt.host, self._mqtt.port, keepalive=_KEEPALIVE_S, clean_start=False, properties=properties
            )
        except (OSError, ssl.SSLError) as exc:
            raise BrokerError(f"The MQTT broker at {self._address} cannot be reached: {exc}.", retryable=True) from exc
        while not self._up:
            if not self.wait(_CONNECT_TIMEOUT_S, None):
                self.drop()
                raise BrokerError(f"The MQTT broker at {self._address} does not answer CONNECT.", retryable=True)
            self._checked(self._client.loop_read())

    def wait(self, timeout_s: float, wake: socket.socket | None) -> bool:
        """Wait until the broker sends something, an unfinished write can go on, or ``wake`` is readable."""
        sock = self._client.socket()
        if sock is None or self._lost is not None:
            raise self._lost_error("the connection is closed")
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True  # already decrypted: the operating system does not know of it
        writing = [sock] if self._client.want_write() else []
        ready, writable, _ = select.select([sock] if wake is None else [sock, wake], writing, [], timeout_s)
        if writable:
            self._checked(self._client.loop_write())
        return bool(ready or writable)

    def read(self, limit: int) -> list[Incoming]:
        """Return the messages that are there, at most ``limit``, without waiting.

        What came before the connection was lost is returned; the loss is raised by the next call.
        """
        arrived = self._arrived
        while len(arrived) < limit:
            before = len(arrived)
            code = self._client.loop_read()
            if not arrived:
                self._checked(code)
            if len(arrived) == before or self._lost is not None:
                break
        self._arrived = []
        return arrived

    def acknowledge(self, packet_ids: list[int]) -> bool:
        """Send a PUBACK for each packet id, in this order, all in one write; return whether it went out.

        A broker that was killed takes nothing, but what it had sent is still to be read, and it may have acknowledged
        that without writing it down: the loss is raised by :meth:`read`, after the last of it.

        One write is one TLS record, which Mosquitto takes in as a whole before it saves its queue (durable profile:
        after every turn of its loop, all of it). Acknowledged one by one, a queue of 20,000 messages drains at 40 a
        second, hence the packets by hand.
        """
        try:
            self._write(b"".join(_PUBACK + packet_id.to_bytes(2, "big") for packet_id in packet_ids))
        except _ClosedError:
            return False
        return True

    def _write(self, packets: bytes) -> None:
        sock = cast("socket.socket | None", self._client.socket())
        if sock is None or self._lost is not None:
            raise self._lost_error("the connection is closed")
        while self._client.want_write():  # never into the middle of a packet of paho's
            self._checked(self._client.loop_write())
        while packets:
            try:
                packets = packets[sock.send(packets) :]
            except (BlockingIOError, ssl.SSLWantWriteError) as exc:
                if not select.select([], [sock], [], _CONNECT_TIMEOUT_S)[1]:
                    raise self._lost_error("the broker takes nothing") from exc
            except OSError as exc:
                raise self._lost_error(str(exc), _ClosedError) from exc

    def keep_alive(self) -> None:
        """Send what the keep-alive asks for; to be called every few seconds."""
        self._checked(self._client.loop_misc())

    def close(self) -> None:
        """Disconnect in good order: every PUBACK has reached the broker, which keeps the session and its messages.

        A socket that is closed while messages lie unread in it is reset, and the reset may overtake the PUBACKs: the
        broker would send again what is stored. So the end is said first, and read until the broker closes.
        (paho closes the socket in the same breath as it writes DISCONNECT, hence the packet by hand.)
        """
        sock = cast("socket.socket | None", self._client.socket())
        if sock is None or self._lost is not None:
            return
        self._write(_DISCONNECT)
        with contextlib.suppress(OSError):
            sock.settimeout(_CLOSE_TIMEOUT_S)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65_536):
                pass
        self.drop()

    def drop(self) -> None:
        """Close the connection without a word; the broker sends again what was not acknowledged."""
        self._lost = self._lost or "dropped"
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    @property
    def _address(self) -> str:
        return f"{self._mqtt.host}:{self._mqtt.port}"

    def _checked(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._lost is not None:
            raise self._lost_error(paho.error_string(code))

    def _lost_error(self, why: str, kind: type[BrokerError] = BrokerError) -> BrokerError:
        return kind(
            f"The connection to the MQTT broker at {self._address} is lost: {self._lost or why}.", retryable=True
        )

    def _on_connect(self, client: paho.Client, _: Any, flags: paho.ConnectFlags, reason: ReasonCode, __: Any) -> None:
        if reason.is_failure:
            self._lost = f"it refused the bridge's user {self._mqtt.user!r} or its session ({reason})"
            return
        self._up, self.continued = True, flags.session_present
        options = SubscribeOptions(qos=1, retainHandling=_RETAINED_ONCE)
        client.subscribe([(topic, options) for topic in self._filters])
        if self._former_filters:
            client.unsubscribe(list(self._former_filters))

    def _on_subscribe(self, _: paho.Client, __: Any, ___: int, reasons: list[ReasonCode], ____: Any) -> None:
        refused = [topic for topic, reason in zip(self._filters, reasons, strict=True) if reason.is_failure]
        if refused:
            self._lost = f"it refused the subscription to {', '.join(refused)}; the bridge's user needs to read them"

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        self._lost = self._lost or str(reason)

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        packet_id = message.mid if message.qos else None
        self._arrived.append(Incoming(packet_id, topic, bytes(message.payload), message.dup))
