"""What was published: counted when the broker has acknowledged, written as JSON while the run goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from simulators.atomic import write_atomically
from simulators.encoder import stamp
from simulators.messages import Message

_EXCEEDINGS_KEPT = 1000


@dataclass(slots=True)
class StationCount:
    """Counters of one station."""

    generated_messages: int = 0
    generated_readings: int = 0
    published_messages: int = 0
    published_readings: int = 0
    refused_messages: int = 0
    refused_readings: int = 0
    reconnects: int = 0
    connected: bool = False
    last_observed_at: datetime | None = None

    @property
    def pending_messages(self) -> int:
        """Messages that the logger holds: not yet sent, or sent and not acknowledged."""
        return self.generated_messages - self.published_messages - self.refused_messages


@dataclass(frozen=True, slots=True)
class Exceeding:
    """The first message of a stretch in which an injected process event exceeds a limit."""

    station: str
    parameters: tuple[str, ...]
    observed_at: datetime
    published_at: datetime


@dataclass(slots=True)
class PublishReport:
    """Counters of a run. "Published" is what was acknowledged by the broker with success."""

    started_at: datetime
    state: str = "running"
    stations: dict[str, StationCount] = field(default_factory=dict)
    duplicate_messages: int = 0
    duplicates_injected: int = 0
    """Readings in acknowledged messages that repeat an observation."""
    backfilled_messages: int = 0
    unrouted_messages: int = 0
    """Acknowledged by the broker with the remark that nobody subscribes: they are lost to the centre."""
    resent_messages: int = 0
    """Acknowledged once more, after a reconnect: not counted as published again."""
    refusals: dict[str, int] = field(default_factory=dict)
    exceedings: list[Exceeding] = field(default_factory=list)
    _exceeding_now: set[str] = field(default_factory=set)

    @property
    def published_messages(self) -> int:
        """Acknowledged messages of all stations."""
        return sum(s.published_messages for s in self.stations.values())

    @property
    def published_readings(self) -> int:
        """Readings in acknowledged messages of all stations."""
        return sum(s.published_readings for s in self.stations.values())

    @property
    def pending_messages(self) -> int:
        """Messages that the loggers hold."""
        return sum(s.pending_messages for s in self.stations.values())

    @property
    def pending_readings(self) -> int:
        """Readings in the messages that the loggers hold."""
        return sum(s.generated_readings - s.published_readings - s.refused_readings for s in self.stations.values())

    @property
    def refused_messages(self) -> int:
        """Messages that the broker has refused for good."""
        return sum(s.refused_messages for s in self.stations.values())

    def generated(self, message: Message) -> None:
        """Count a message that its logger now holds."""
        count = self.stations.setdefault(message.station, StationCount())
        count.generated_messages += 1
        count.generated_readings += len(message.samples)

    def sent(self, message: Message, at: datetime) -> None:
        """Note that a message is handed to the network for the first time."""
        if not message.exceeding:
            if not message.backfill:
                self._exceeding_now.discard(message.station)
            return
        if message.station not in self._exceeding_now and len(self.exceedings) < _EXCEEDINGS_KEPT:
            self._exceeding_now.add(message.station)
            self.exceedings.append(Exceeding(message.station, message.exceeding, message.observed_at, at))

    def acknowledged(self, message: Message, *, routed: bool) -> None:
        """Count a message that the broker has acknowledged with success."""
        count = self.stations[message.station]
        count.published_messages += 1
        count.published_readings += len(message.samples)
        if count.last_observed_at is None or message.observed_at > count.last_observed_at:
            count.last_observed_at = message.observed_at
        self.unrouted_messages += not routed
        self.backfilled_messages += message.backfill
        if message.duplicate:
            self.duplicate_messages += 1
            self.duplicates_injected += len(message.samples)

    def resent(self) -> None:
        """Count a message that was acknowledged before and is acknowledged again."""
        self.resent_messages += 1

    def refused(self, message: Message, reason: str) -> None:
        """Count a message that the broker will never take."""
        count = self.stations[message.station]
        count.refused_messages += 1
        count.refused_readings += len(message.samples)
        self.refusals[reason] = self.refusals.get(reason, 0) + 1

    def as_json(self, now: datetime) -> dict[str, object]:
        """Return the report as it is written to its file."""
        exceedings = [_exceeding(e) for e in self.exceedings]
        return {
            "state": self.state,
            "started_at": stamp(self.started_at),
            "updated_at": stamp(now),
            "published_messages": self.published_messages,
            "published_readings": self.published_readings,
            "duplicate_messages": self.duplicate_messages,
            "duplicates_injected": self.duplicates_injected,
            "backfilled_messages": self.backfilled_messages,
            "pending_messages": self.pending_messages,
            "pending_readings": self.pending_readings,
            "refused_messages": self.refused_messages,
            "refusals": self.refusals,
            "unrouted_messages": self.unrouted_messages,
            "resent_messages": self.resent_messages,
            "first_exceeding": exceedings[0] if exceedings else None,
            "exceedings": exceedings,
            "per_station": {code: _station(count) for code, count in sorted(self.stations.items())},
        }


def write_report(path: Path, report: PublishReport, now: datetime) -> None:
    """Write the report as JSON, atomically."""
    write_atomically(path, json.dumps(report.as_json(now), indent=1) + "\n")


def _exceeding(e: Exceeding) -> dict[str, object]:
    return {
        "station": e.station,
        "parameter": e.parameters[0],
        "parameters": list(e.parameters),
        "observed_at": stamp(e.observed_at),
        "published_at": stamp(e.published_at),
    }


def _station(count: StationCount) -> dict[str, object]:
    return {
        "published_messages": count.published_messages,
        "published_readings": count.published_readings,
        "pending_messages": count.pending_messages,
        "refused_messages": count.refused_messages,
        "reconnects": count.reconnects,
        "connected": count.connected,
        "last_observed_at": stamp(count.last_observed_at) if count.last_observed_at else None,
    }
