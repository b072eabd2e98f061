"""The truth of a run: which events were injected when, and when each first exceeded a limit. Written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quantrac.domain.stations import VIETNAM
from simulators.atomic import write_atomically
from simulators.events import CLASS_OF_KIND, DEFAULT_MAGNITUDE, EventKind, Occurrence, StationEvent, TruthClass

COLUMNS = ("start", "end", "station", "parameters", "kind", "cls", "detail", "first_exceeding_at")


GRACE = timedelta(seconds=15)
"""How long after the end of an injected event an alert still belongs to it."""


@dataclass(frozen=True, slots=True)
class Label:
    """One injected event: instants are true time, aware UTC; ``end`` is exclusive."""

    start: datetime
    end: datetime
    station: str
    parameters: tuple[str, ...]
    kind: EventKind
    cls: TruthClass
    detail: str
    first_exceeding_at: datetime | None


class TruthLog:
    """Collects the truth while messages are generated."""

    def __init__(self) -> None:
        self._events: list[StationEvent] = []
        self._exceeded: dict[tuple[int, str, int], datetime] = {}

    def announce(self, events: Iterable[StationEvent]) -> None:
        """Add events that are going to be injected; ones that are known already are not added twice."""
        self._events += [e for e in events if e not in self._events]

    def exceeded(self, occurrence: Occurrence, at: datetime) -> None:
        """Note that a reading exceeded its limit during an occurrence; the first call for an occurrence counts."""
        key = (occurrence.event.number, occurrence.event.station, occurrence.index)
        self._exceeded.setdefault(key, at)

    def labels(self, start: datetime, end: datetime) -> list[Label]:
        """Return the labels of all occurrences that overlap an interval, ordered by start and station.

        An occurrence that is still going on at ``end`` keeps its planned end.
        """
        found = [
            self._label(o) for event in self._events for o in event.occurrences(start.timestamp(), end.timestamp())
        ]
        return sorted(found, key=lambda label: (label.start, label.station, label.kind))

    def _label(self, occurrence: Occurrence) -> Label:
        event = occurrence.event
        return Label(
            start=datetime.fromtimestamp(occurrence.start_s, UTC),
            end=datetime.fromtimestamp(occurrence.end_s, UTC),
            station=event.station,
            parameters=event.parameters,
            kind=event.kind,
            cls=CLASS_OF_KIND[event.kind],
            detail=event.detail or _detail(event),
            first_exceeding_at=self._exceeded.get((event.number, event.station, occurrence.index)),
        )


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Write labels as CSV, atomically; stamps are RFC 3339 in Vietnam's time, parameters have ``|`` between."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for x in labels:
        first = _stamp(x.first_exceeding_at) if x.first_exceeding_at else ""
        writer.writerow(
            (_stamp(x.start), _stamp(x.end), x.station, "|".join(x.parameters), x.kind, x.cls, x.detail, first)
        )
    write_atomically(path, text.getvalue())


@dataclass(frozen=True, slots=True)
class Injected:
    """One event of the fleet's own truth."""

    station: str
    parameters: tuple[str, ...]
    kind: str
    cls: str
    start: datetime
    end: datetime
    crossed_at: datetime | None
    """First reading beyond a limit."""

    def caused(self, station: str, parameter: str, since: datetime) -> bool:
        """Whether an alert that holds since an instant lies within the event, at its station and parameters."""
        return self.start <= since <= self.end + GRACE and station == self.station and parameter in self.parameters


def read_labels(path: Path) -> list[Injected]:
    """Return the truth that a fleet has written so far; nothing while there is none."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Injected(
                row["station"],
                tuple(row["parameters"].split("|")),
                row["kind"],
                row["cls"],
                datetime.fromisoformat(row["start"]),
                datetime.fromisoformat(row["end"]),
                datetime.fromisoformat(row["first_exceeding_at"]) if row["first_exceeding_at"] else None,
            )
            for row in csv.DictReader(file)
        ]


def _stamp(instant: datetime) -> str:
    return instant.astimezone(VIETNAM).isoformat(timespec="milliseconds")


def _detail(event: StationEvent) -> str:
    if event.kind is EventKind.POLLUTION_SLUG:
        return f"{event.slug} x{event.magnitude:g} of {event.relative_to}"
    return f"magnitude {event.magnitude:g}" if event.kind in DEFAULT_MAGNITUDE else ""
