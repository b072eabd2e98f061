"""Asking an MQTT broker whether a user may log in, with the two packets that this needs and no client library."""

from __future__ import annotations

import os
import ssl
import struct

from local.servers.asking import answer_to, answers, context_of
from quantrac.endpoints import MqttEndpoint

ACCEPTED = b"\x20\x02\x00\x00"
"""CONNACK of MQTT 3.1.1 (section 3.2): no session present, return code 0."""
DISCONNECT = b"\xe0\x00"


def connect_packet(client_id: str, user: str, password: str) -> bytes:
    """Return the CONNECT packet of MQTT 3.1.1 (section 3.1): clean session, no will, keep-alive 10 s.

    >>> connect_packet("c", "u", "p").hex()
    '101300044d51545404c2000a000163000175000170'
    """
    body = _text("MQTT") + bytes((4, 0b1100_0010)) + struct.pack("!H", 10)
    body += _text(client_id) + _text(user) + _text(password)
    return b"\x10" + _remaining_length(len(body)) + body


def can_log_in(endpoint: MqttEndpoint, timeout_s: float = 5.0) -> bool:
    """Whether the broker accepts the endpoint's user and password now."""
    try:
        answer = answer_to(
            _packet(endpoint),
            endpoint.host,
            endpoint.port,
            tls=_tls(endpoint),
            timeout_s=timeout_s,
            farewell=DISCONNECT,
        )
    except OSError:
        return False
    return answer == ACCEPTED


def mqtt_answers(endpoint: MqttEndpoint, timeout_s: float) -> bool:
    """Whether the broker says anything at all."""
    return answers(_packet(endpoint), endpoint.host, endpoint.port, tls=_tls(endpoint), timeout_s=timeout_s)


def _packet(endpoint: MqttEndpoint) -> bytes:
    return connect_packet(f"quantrac-probe-{os.getpid()}", endpoint.user or "", endpoint.password or "")


def _tls(endpoint: MqttEndpoint) -> ssl.SSLContext | None:
    return context_of(endpoint.ca_file) if endpoint.encrypted else None


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _remaining_length(length: int) -> bytes:
    """Return a length as MQTT writes it (section 2.2.3): seven bits a byte, the lowest first."""
    encoded = bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | (128 if length else 0))
        if not length:
            return bytes(encoded)
