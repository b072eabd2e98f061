"""One logger's MQTT connection: a buffer, a bounded window in flight, and a re-send after each reconnect.

What was not acknowledged is sent again, and so are the last acknowledged messages: a broker that was killed may have
lost them. They are new PUBLISHes with the session, seq and bytes of the first, by which the centre knows them.

paho's client is driven from outside (``loop_read``, ``loop_write``, ``loop_misc``): a thread for each station would
cost more than the work itself.
"""

from __future__ import annotations

import selectors
import socket
from collections import deque
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from quantrac.clock import Clock
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import BrokerError
from quantrac.topics import mqtt_readings, mqtt_status
from simulators.encoder import encode_birth, encode_readings, encode_will
from simulators.messages import Message
from simulators.report import PublishReport, StationCount
from simulators.resend import LastAcknowledged

_KEEPALIVE_S = 30
_SESSION_EXPIRY_S = 86_400
"""How long the broker keeps the session of a logger that is away; afterwards unacknowledged messages are new ones."""
_CONNECT_TIMEOUT_S = 3.0
"""A connection attempt blocks all stations of the process, so it must be short."""
_CONNACK_TIMEOUT_S = 10.0
_BACKOFF_FIRST_S, _BACKOFF_LAST_S = 0.2, 5.0
_QUOTA_PAUSE_S = 0.5
_NO_SUBSCRIBER, _QUOTA_EXCEEDED, _TAKEN_OVER = 0x10, 0x97, 0x8E
_LOGIN_REFUSED = frozenset({0x86, 0x87, 0x8A, 0x8C})


@dataclass(slots=True)
class _Outgoing:
    message: Message
    payload: bytes | None = None
    """Encoded when it is sent first, so that a re-send repeats session, seq and bytes."""
    published: bool = False
    """Whether the broker has acknowledged it before: then it is on its way again, and counted already."""


class StationLink:
    """The connection of one station's logger.

    Parameters
    ----------
    window
        Messages in flight at most; the broker's Receive Maximum counts when it is smaller.
    session
        Name of this run of the logger; ``seq`` counts its messages.
    """

    def __init__(
        self,
        station: str,
        endpoint: MqttEndpoint,
        *,
        clock: Clock,
        selector: selectors.BaseSelector,
        report: PublishReport,
        session: str,
        window: int,
    ) -> None:
        self.station = station
        self._endpoint = endpoint
        self._clock = clock
        self._selector = selector
        self._report = report
        self._count = report.stations.setdefault(station, StationCount())
        self._session = session
        self._seq = 0
        self._window_wanted = window
        self._window = window
        self._topic = mqtt_readings(station)
        self._queue: deque[_Outgoing] = deque()
        self._in_flight: dict[int, _Outgoing] = {}
        self._last_acknowledged = LastAcknowledged[_Outgoing]()
        self._status_mids: set[int] = set()
        self._connected = False
        self._ever_connected = False
        self._network_lost = False
        self._birth_due = False
        self._writing = False
        self._next_attempt_s = 0.0
        self._backoff_s = _BACKOFF_FIRST_S
        self._connack_deadline_s = 0.0
        self._paused_until_s = 0.0
        self._fatal: str | None = None
        self.trouble: str | None = None
        """Why there is no connection at present, in words."""
        self._client = self._make_client()

    @property
    def held(self) -> int:
        """Messages that are not acknowledged yet."""
        return len(self._queue) + len(self._in_flight)

    @property
    def ready(self) -> bool:
        """Whether the broker has accepted the connection."""
        return self._connected

    def put(self, message: Message) -> None:
        """Take a message into the logger's buffer."""
        self._queue.append(_Outgoing(message))
        self._report.generated(message)

    def pump(self) -> None:
        """Send what the window has room for."""
        if not self._connected:
            return
        if self._birth_due:
            self._birth_due = False
            self._publish_status(encode_birth(self._clock.now()))
        if self._queue and self._clock.monotonic_s() >= self._paused_until_s:
            while self._connected and self._queue and len(self._in_flight) < self._window:
                self._send(self._queue.popleft())
        self._watch_writes()

    def on_ready(self, mask: int) -> None:
        """Serve the socket after the selector has named it."""
        if mask & selectors.EVENT_READ:
            self._read()
        if mask & selectors.EVENT_WRITE:
            self._client.loop_write()
        self._watch_writes()
        self._raise_fatal()

    def tend(self) -> None:
        """Keep the connection alive, or make one; to be called a few times a second."""
        now_s = self._clock.monotonic_s()
        if self._client.socket() is not None:
            if not self._connected and now_s > self._connack_deadline_s:
                self.trouble = "the broker does not answer"
                self._break()
            self._client.loop_misc()
        elif not self._network_lost and now_s >= self._next_attempt_s:
            self._connect(now_s)
        self._raise_fatal()

    def lose_network(self, lost: bool) -> None:
        """Cut the connection without a farewell, so that the broker publishes the will; or allow it again."""
        if lost and not self._network_lost:
            self._break()
        if not lost and self._network_lost:
            self._next_attempt_s = 0.0
        self._network_lost = lost

    def close(self) -> None:
        """Say farewell so that the broker publishes the will: the station is offline, and known to be so."""
        if self._client.socket() is None:
            return
        self._client.disconnect(reasoncode=ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))
        self._client.loop_write()
        self._break()

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"quantrac-logger-{self.station}", protocol=MQTTv5)
        client.max_inflight_messages_set(0)  # the window is ours: paho's own would hide what is not sent yet
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.username_pw_set(self._endpoint.user, self._endpoint.password)
        if self._endpoint.encrypted:
            client.tls_set(ca_certs=str(self._endpoint.ca_file) if self._endpoint.ca_file else None)
        client.will_set(mqtt_status(self.station), encode_will(), qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        return client

    def _connect(self, now_s: float) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        self._connack_deadline_s = now_s + _CONNACK_TIMEOUT_S
        self._schedule_retry(now_s)
        try:
            self._client.connect(
                self._endpoint.host, self._endpoint.port, _KEEPALIVE_S, clean_start=False, properties=properties
            )
        except OSError as exc:
            self.trouble = f"{self._endpoint.host}:{self._endpoint.port} cannot be reached ({exc})"
        self._watch_writes()

    def _schedule_retry(self, now_s: float) -> None:
        self._next_attempt_s = now_s + self._backoff_s
        self._backoff_s = min(2 * self._backoff_s, _BACKOFF_LAST_S)

    def _break(self) -> None:
        sock = self._client.socket()
        if sock is None:
            return
        try:
            sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        except OSError as exc:
            self.trouble = f"the connection was gone already ({exc})"
        self._client.loop_read()

    def _read(self) -> None:
        while True:
            self._client.loop_read()
            pending = getattr(self._client.socket(), "pending", None)
            if pending is None or not pending():  # TLS may hold records that the selector cannot see
                return

    def _send(self, outgoing: _Outgoing) -> None:
        if outgoing.payload is None:
            message = outgoing.message
            now = self._clock.now()
            outgoing.payload = encode_readings(
                message, sent_at=now + message.clock_offset, session=self._session, seq=self._seq
            )
            self._seq += 1
            self._report.sent(message, now)
        info = self._client.publish(self._topic, outgoing.payload, qos=1)
        self._in_flight[info.mid] = outgoing

    def _publish_status(self, payload: bytes) -> None:
        info = self._client.publish(mqtt_status(self.station), payload, qos=1, retain=True)
        self._status_mids.add(info.mid)

    def _watch_writes(self) -> None:
        sock = self._client.socket()
        wanted = self._client.want_write()
        if sock is None or wanted == self._writing:
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        self._selector.modify(sock, events, self)
        self._writing = wanted

    def _on_socket_open(self, _client: Client, _userdata: Any, sock: Any) -> None:
        self._selector.register(sock, selectors.EVENT_READ, self)
        self._writing = False

    def _on_socket_close(self, _client: Client, _userdata: Any, sock: Any) -> None:
        self._selector.unregister(sock)

    def _on_connect(
        self, client: Client, _userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self.trouble = f"the broker refuses the login: {reason}"
            if reason.value in _LOGIN_REFUSED and not self._ever_connected:
                self._fatal = (
                    f"The broker {self._endpoint.host}:{self._endpoint.port} refuses station {self.station} as user "
                    f"{self._endpoint.user!r} ({reason}): create the user, or mend its password in the run folder."
                )
            return
        self._count.reconnects += self._ever_connected
        self._connected = self._ever_connected = self._count.connected = True
        self._birth_due = True
        self._backoff_s = _BACKOFF_FIRST_S
        self.trouble = None
        receive_maximum = getattr(properties, "ReceiveMaximum", 65_535)
        self._window = max(1, min(self._window_wanted, receive_maximum - 1))
        again = self._last_acknowledged.take()
        if not flags.session_present or len(again) + len(self._in_flight) > self._window:
            self._take_back(client, again)
            return
        for outgoing in again:  # paho sends those in flight after this callback: the order stays
            self._send(outgoing)

    def _take_back(self, client: Client, again: list[_Outgoing]) -> None:
        """Put messages back into the buffer, in order: the broker knows nothing of those in flight any more."""
        client.drop_out_messages()
        self._status_mids.clear()
        self._queue.extendleft(reversed([*again, *self._in_flight.values()]))
        self._in_flight.clear()

    def _on_disconnect(
        self, _client: Client, _userdata: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Any
    ) -> None:
        self._connected = self._count.connected = False
        self.trouble = self.trouble or f"the connection broke: {reason}"
        self._next_attempt_s = max(self._next_attempt_s, self._clock.monotonic_s() + _BACKOFF_FIRST_S)
        if reason.value == _TAKEN_OVER:
            self._fatal = (
                f"Another logger has connected as station {self.station}, so this one stops: end the other simulate "
                "or replay first, or leave the station out."
            )

    def _on_publish(self, _client: Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        if mid in self._status_mids:
            self._status_mids.discard(mid)
            return
        outgoing = self._in_flight.pop(mid, None)
        if outgoing is None:
            return
        if reason.value == _QUOTA_EXCEEDED:
            self._queue.appendleft(outgoing)
            self._paused_until_s = self._clock.monotonic_s() + _QUOTA_PAUSE_S
        elif reason.is_failure:
            if not outgoing.published:
                self._report.refused(outgoing.message, str(reason))
        else:
            self._acknowledged(outgoing, routed=reason.value != _NO_SUBSCRIBER)

    def _acknowledged(self, outgoing: _Outgoing, *, routed: bool) -> None:
        if outgoing.published:
            self._report.resent()
        else:
            self._report.acknowledged(outgoing.message, routed=routed)
        outgoing.published = True
        self._last_acknowledged.add(outgoing, self._clock.monotonic_s())

    def _raise_fatal(self) -> None:
        if self._fatal is not None:
            raise BrokerError(self._fatal, retryable=False)
