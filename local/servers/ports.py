"""Ports of the local servers: chosen free at the first start, the same ever after."""

from __future__ import annotations

import json
import random
import socket
from functools import cache
from pathlib import Path

from local.servers.files import locked, read_json, write_private
from quantrac.errors import ServerError

HOST = "127.0.0.1"
HOST_V6 = "::1"
FIRST_PORT, LAST_PORT = 20_000, 32_000
"""Below the range from which Linux takes ports for outgoing connections (32768 up): none of those gets in the way."""
TRIES = 200


class Ports:
    """The port of each server, kept in ``ports.json`` of the run folder."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "ports.json"
        self._lock = run_dir / ".ports.lock"

    def get(self, server: str) -> int:
        """Return the server's port, chosen now among the free ones if it has none yet."""
        with locked(self._lock):
            ports = read_json(self._path)
            if server not in ports:
                ports[server] = _free_port(taken=set(ports.values()))
                write_private(self._path, json.dumps(ports, indent=1, sort_keys=True))
        return int(ports[server])

    def known(self, server: str) -> int | None:
        """Return the port that was chosen for a server; ``None``: it never had one."""
        port = read_json(self._path).get(server)
        return None if port is None else int(port)

    def require_free(self, server: str) -> int:
        """Return the server's port when nothing listens on it.

        Raises
        ------
        ServerError
            Another program has the port.
        """
        port = self.get(server)
        if not is_free(port):
            raise ServerError(
                f"Port {port}, kept for the local {server}, is taken by {_holder(port)}: stop that program, or "
                f'delete the line "{server}" from {self._path} so that another port is chosen.'
            )
        return port


@cache
def addresses() -> tuple[str, ...]:
    """Return the loopback addresses of this machine: that of IPv4, and that of IPv6 where there is one."""
    return (HOST, HOST_V6) if _can_bind(HOST_V6, 0) else (HOST,)


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of every loopback address."""
    return all(_can_bind(address, port) for address in addresses())


def _can_bind(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return False
    return True


def is_listening(port: int, timeout_s: float = 1.0) -> bool:
    """Whether something accepts connections on ``port`` of the loopback address."""
    try:
        socket.create_connection((HOST, port), timeout=timeout_s).close()
    except OSError:
        return False
    return True


def _free_port(taken: set[int]) -> int:
    choose = random.SystemRandom()
    for _ in range(TRIES):
        port = choose.randint(FIRST_PORT, LAST_PORT)
        if port not in taken and is_free(port):
            return port
    raise ServerError(
        f"No free port was found between {FIRST_PORT} and {LAST_PORT}: stop programs that you do not need."
    )


def _holder(port: int) -> str:
    import psutil

    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid]
        pids = [c.pid for c in listening if c.laddr and getattr(c.laddr, "port", 0) == port]
        names = [f"{psutil.Process(pid).name()} (process {pid})" for pid in pids]
    except psutil.Error:
        names = []
    return names[0] if names else "another program"
