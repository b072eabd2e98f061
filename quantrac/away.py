"""Servers that are away: told once when one goes, and once when it is back; nothing in between."""

from __future__ import annotations

import time

from quantrac.telemetry import get_logger

_log = get_logger(__name__)


class Away:
    """Which servers a process waits for just now, by name."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}

    def gone(self, server: str, error: object) -> None:
        """Note that a server does not answer."""
        if server not in self._since_s:
            self._since_s[server] = time.monotonic()
            _log.warning("server_away", server=server, error=str(error), next="it is waited for; nothing is lost")

    def back(self, server: str) -> None:
        """Note that a server answers."""
        since_s = self._since_s.pop(server, None)
        if since_s is not None:
            _log.info("server_back", server=server, away_s=round(time.monotonic() - since_s, 1))
