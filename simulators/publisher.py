"""Send messages through the links of many stations from one thread, each when it is due."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex

from quantrac.clock import Clock
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import BrokerError
from simulators.link import StationLink
from simulators.messages import Message
from simulators.report import PublishReport

_TURN_S = 0.05
"""Longest wait of one turn: a stop, a lost link or a due message is seen within this time."""
_GATHER_S = 0.005
"""Pause of each turn: without it every packet of a large fleet is a turn of its own, and dearer for it."""
_TEND_EVERY_S = 0.2
_PULL_AT_ONCE = 500
"""Messages taken from the generator in one turn, so that sockets are served in between."""


@dataclass(frozen=True, slots=True)
class PublisherLimits:
    """Bounds of a publisher."""

    window: int = 200
    """Messages in flight per station; the broker's Receive Maximum counts when it is smaller."""
    max_held: int = 50_000
    """Messages that all loggers together hold; when full, no more are generated until some are acknowledged."""
    connect_s: float = 30.0
    """How long the first connection may take before the run is given up."""
    drain_s: float = 30.0
    """How long to wait at the end for the broker's acknowledgements."""


class Publisher:
    """Publishes an iterator of messages as a fleet of loggers.

    Parameters
    ----------
    endpoints
        Broker and login of each station that can occur in the messages.
    network_lost
        Tells whether the simulated network of a station is down at present.
    each_second
        Called about once a second, and once at the end, with the report.
    stop
        Asked in each turn; once it is true, no more messages are taken.
    """

    def __init__(
        self,
        endpoints: Mapping[str, MqttEndpoint],
        *,
        clock: Clock,
        limits: PublisherLimits | None = None,
        network_lost: Callable[[str], bool] = lambda _station: False,
        each_second: Callable[[PublishReport], None] = lambda _report: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._limits = limits or PublisherLimits()
        self._network_lost = network_lost
        self._each_second = each_second
        self._stop = stop
        self.report = PublishReport(started_at=clock.now())
        self._selector = selectors.DefaultSelector()
        session = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}-{token_hex(3)}"
        self._links = {
            station: StationLink(
                station, endpoint, clock=clock, selector=self._selector, report=self.report, session=session,
                window=self._limits.window,
            )
            for station, endpoint in endpoints.items()
        }  # fmt: skip
        self._tended_s = float("-inf")
        self._told_s = float("-inf")
        self._next: Message | None = None

    def run(self, messages: Iterator[Message]) -> PublishReport:
        """Publish until the messages end or a stop is asked for, wait for acknowledgements, say farewell.

        Raises
        ------
        BrokerError
            When no station could connect in time, or a login is refused.
        """
        try:
            self._await_first_connection()
            while not self._stop() and self._take_due(messages):
                self._turn(_TURN_S)
            self._drain()
            for link in self._links.values():
                link.close()
        finally:
            self.report.state = "finished"
            self._each_second(self.report)
            self._selector.close()
        return self.report

    def _await_first_connection(self) -> None:
        deadline_s = self._clock.monotonic_s() + self._limits.connect_s
        while self._links and not any(link.ready for link in self._links.values()) and not self._stop():
            self._turn(_TURN_S)
            if self._clock.monotonic_s() > deadline_s:
                why = next((x.trouble for x in self._links.values() if x.trouble), "no answer")
                raise BrokerError(
                    f"No station could connect within {self._limits.connect_s:g} s: {why}. Start the MQTT broker, or "
                    "mend its host and port in the settings.",
                    retryable=True,
                )

    def _take_due(self, messages: Iterator[Message]) -> bool:
        """Put the messages that are due into their loggers' buffers; false when there are none left."""
        now = self._clock.now()
        room = min(_PULL_AT_ONCE, self._limits.max_held - sum(link.held for link in self._links.values()))
        while room > 0:
            if self._next is None:
                self._next = next(messages, None)
                if self._next is None:
                    return False
            if self._next.due_at > now:
                return True
            self._links[self._next.station].put(self._next)
            self._next = None
            room -= 1
        return True

    def _turn(self, longest_s: float) -> None:
        for link in self._links.values():
            link.pump()
        time.sleep(_GATHER_S)
        for key, mask in self._selector.select(self._wait_s(longest_s)):
            key.data.on_ready(mask)
        now_s = self._clock.monotonic_s()
        if now_s - self._tended_s >= _TEND_EVERY_S:
            self._tended_s = now_s
            for link in self._links.values():
                link.lose_network(self._network_lost(link.station))
                link.tend()
        if now_s - self._told_s >= 1.0:
            self._told_s = now_s
            self._each_second(self.report)

    def _wait_s(self, longest_s: float) -> float:
        if self._next is None:
            return longest_s
        return min(longest_s, max(0.0, (self._next.due_at - self._clock.now()).total_seconds()))

    def _drain(self) -> None:
        self.report.state = "stopping"
        deadline_s = self._clock.monotonic_s() + self._limits.drain_s
        while any(link.held for link in self._links.values()) and self._clock.monotonic_s() < deadline_s:
            self._turn(_TURN_S)
