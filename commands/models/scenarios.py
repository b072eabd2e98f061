"""Generates labelled series for ``quantrac models evaluate scenarios``: the simulators' generator, as files.

It stands here because the models may not import the simulators: the evaluation reads the files only.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.protocol import Row
from models.station.scores import StationModel
from quantrac.domain.readings import Status
from quantrac.domain.stations import Station
from quantrac.registry import load_registry, sample_province
from simulators.drawn_scenarios import neighbour_scenario, random_scenario
from simulators.events import EventKind
from simulators.generator import generate
from simulators.labels import Label, TruthLog
from simulators.messages import Message
from simulators.reference_limits import bounds_of
from simulators.scenario import Scenario

_CADENCE = timedelta(minutes=5)
_START = datetime(2026, 3, 2, tzinfo=UTC)
_EVENT_HEADER = ("start", "end", "cls", "type", "sensors", "magnitude")
NEIGHBOURS = 2
"""Stations beside it, with events of their own: what the file says of them is what a worker would know."""


def write_scenarios(out: Path, seed: int, stations: int, days: int, progress: Callable[[str], None]) -> tuple[int, int]:
    """Write ``<n>.csv`` and ``<n>_events.csv`` for some stations of the sample province; return rows and events."""
    out.mkdir(parents=True, exist_ok=True)
    known = sorted(load_registry([sample_province()]).stations, key=lambda s: s.code)
    chosen = random.Random(f"{seed} stations").sample(known, min(stations, len(known)))  # noqa: S311
    rows = events = 0
    for number, station in enumerate(chosen):
        progress(station.code)
        scenario = random_scenario(station, f"{seed} {number}", days)
        truth = TruthLog()
        end = _START + timedelta(days=days)
        messages = list(generate([station], scenario, _START, end, _CADENCE, seed, truth=truth))
        beside = [s for s in known if s.kind is station.kind and s is not station]
        neighbours = random.Random(f"{seed} {number} neighbours").sample(beside, min(NEIGHBOURS, len(beside)))  # noqa: S311
        alarmed = [
            _polluted(s, neighbour_scenario(scenario, s, f"{seed} {number} {s.code}", days), end, seed)
            for s in neighbours
        ]
        rows += _write_series(out / f"s{seed}_{number:02}.csv", station, messages, alarmed)
        events += _write_events(out / f"s{seed}_{number:02}_events.csv", station, truth.labels(_START, end), scenario)
    return rows, events


def _polluted(station: Station, scenario: Scenario, end: datetime, seed: int) -> set[datetime]:
    """Return the instants at which a neighbour's own charts stand in an alarm on the polluting side."""
    model = StationModel(station.sensors)
    instants = set()
    for message in generate([station], scenario, _START, end, _CADENCE, seed):
        scores = model.score_row(Row(message.observed_at, {s.parameter: s.value for s in message.samples}), end)
        if scores is not None and any(s.alarm and s.harmful for s in scores.values()):
            instants.add(message.observed_at)
    return instants


def _write_series(path: Path, station: Station, messages: Sequence[Message], alarmed: Sequence[set[datetime]]) -> int:
    columns = [sensor.parameter for sensor in station.sensors]
    first = {m.observed_at: m for m in sorted(messages, key=lambda m: m.due_at, reverse=True)}
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        statuses = [f"{c}_status" for c in columns]
        bounds = {c: bounds_of(station, c) for c in columns}
        limits = {c: b.maximum for c, b in bounds.items() if b is not None and b.maximum is not None}
        named = [f"{c}_limit" for c in limits]
        given = [repr(v) for v in limits.values()]
        writer.writerow(["observed_at", *columns, *statuses, "neighbours", "neighbours_alarmed", *named])
        for observed_at, message in sorted(first.items()):
            samples = {s.parameter: s for s in message.samples}
            values = [samples[c].value if c in samples else None for c in columns]
            said = [samples[c].status if c in samples else Status.MEASURING for c in columns]
            cells = ["" if v is None else repr(v) for v in values]
            beside = [len(alarmed), sum(observed_at in instants for instants in alarmed)]
            writer.writerow([_stamp(observed_at), *cells, *(str(s.value) for s in said), *beside, *given])
            given = [""] * len(limits)
    return len(first)


def _write_events(path: Path, station: Station, labels: Sequence[Label], scenario: Scenario) -> int:
    mine = [label for label in labels if label.station == station.code]
    magnitudes = {round(e.start): e.magnitude for e in scenario.events if isinstance(e.start, float)}
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_EVENT_HEADER)
        for label in mine:
            last = max(label.start, label.end - timedelta(seconds=1))  # labels end before ``end``
            if label.end - label.start < _CADENCE:
                last = label.start + _CADENCE  # a spike is in the next reading
            if label.kind is EventKind.SILENCE:
                last = label.end + _CADENCE  # a silence is seen in the first row after it
            magnitude = magnitudes[round((label.start - _START).total_seconds())]
            sensors = "|".join(label.parameters)
            writer.writerow([_stamp(label.start), _stamp(last), label.cls, label.kind, sensors, f"{magnitude:g}"])
    return len(mine)


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
