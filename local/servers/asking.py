"""Asking a server one question on a connection of its own, with a deadline that holds: no client library has a say."""

from __future__ import annotations

import socket
import ssl
from contextlib import nullcontext
from pathlib import Path


def answer_to(
    question: bytes,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None,
    timeout_s: float,
    farewell: bytes = b"",
) -> bytes:
    """Return the first bytes (four at most) that a server answers; none: it hung up.

    Raises
    ------
    OSError
        It cannot be reached, or says nothing within the time (``TimeoutError``), or cannot be trusted
        (``ssl.SSLError``).
    """
    plain = socket.create_connection((host, port), timeout=timeout_s)
    with plain, nullcontext(plain) if tls is None else tls.wrap_socket(plain, server_hostname=host) as connection:
        connection.sendall(question)
        answer = connection.recv(4)
        connection.sendall(farewell)
        return answer


def answers(question: bytes, host: str, port: int, *, tls: ssl.SSLContext | None, timeout_s: float) -> bool:
    """Whether a server says anything at all, be it a refusal or something that cannot be trusted."""
    try:
        answer_to(question, host, port, tls=tls, timeout_s=timeout_s)
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return True
    except OSError:
        return False
    return True


def context_of(ca_file: Path | None) -> ssl.SSLContext:
    """Return what a connection by TLS needs: the authority that is trusted instead of the system's."""
    return ssl.create_default_context(cafile=ca_file)
