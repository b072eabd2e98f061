"""Generates labelled series for ``quantrac models evaluate scenarios``: the simulators' generator, as files.

It stands here because the models may not import the simulators: the evaluation reads the files only.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quantrac.domain.readings import Status
from quantrac.domain.stations import Station
from quantrac.registry import load_registry, sample_province
from simulators.events import EventKind, SlugType
from simulators.faults import affected
from simulators.generator import generate
from simulators.labels import Label, TruthLog
from simulators.messages import Message
from simulators.scenario import Scenario, parse_scenario

_CADENCE = timedelta(minutes=5)
_QUIET_DAYS = 7
"""Days at the beginning without an event: what a new station has at best."""
_GAP_H = (14.0, 44.0)
"""Hours from the end of one event to the start of the next."""
_START = datetime(2026, 3, 2, tzinfo=UTC)
_EVENT_HEADER = ("start", "end", "cls", "type", "sensors")

# kind, weight, hours it lasts (from, to), magnitude (from, to); None leaves the simulator's own
_KINDS: tuple[tuple[str, float, tuple[float, float], tuple[float, float] | None], ...] = (
    ("pollution_slug", 5.0, (2.0, 7.0), (1.6, 4.0)),
    ("rain", 1.0, (3.0, 9.0), (2.0, 5.0)),
    ("stuck", 1.5, (2.0, 10.0), None),
    ("spike", 1.0, (0.0, 0.0), (2.0, 6.0)),
    ("drift", 1.0, (18.0, 60.0), (0.8, 2.0)),
    ("fouling", 0.7, (24.0, 72.0), (0.3, 0.8)),
    ("offset", 1.0, (2.0, 12.0), (0.3, 1.0)),
    ("noise", 0.7, (2.0, 8.0), (0.2, 0.6)),
    ("drop_out", 1.0, (0.5, 4.0), None),
    ("calibration", 1.0, (0.5, 1.5), None),
    ("capped", 0.4, (8.0, 30.0), None),
    ("dilution", 0.4, (4.0, 12.0), (1.5, 3.0)),
)
_WATER = {"pollution_slug", "rain", "dilution"}


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
        labels = truth.labels(_START, end)
        rows += _write_series(out / f"s{seed}_{number:02}.csv", station, messages)
        events += _write_events(out / f"s{seed}_{number:02}_events.csv", station, labels)
    return rows, events


def random_scenario(station: Station, seed: str, days: int) -> Scenario:
    """Return a scenario with one event after another, drawn from the seed; the first week is quiet."""
    draw = random.Random(seed)  # noqa: S311
    parts: list[str] = []
    hour = _QUIET_DAYS * 24.0
    while True:
        kind, hours, magnitude = _draw_kind(draw)
        hour += draw.uniform(*_GAP_H)
        if hour + hours > days * 24.0:
            return parse_scenario("\n".join(parts), f"scenario drawn from {seed}")
        parts.append(_event(draw, station, kind, (hour, hours), magnitude))
        hour += hours


def _draw_kind(draw: random.Random) -> tuple[str, float, float | None]:
    kind, _, hours, magnitude = draw.choices(_KINDS, [k[1] for k in _KINDS])[0]
    return kind, draw.uniform(*hours), None if magnitude is None else draw.uniform(*magnitude)


def _event(draw: random.Random, station: Station, kind: str, when: tuple[float, float], magnitude: float | None) -> str:
    start_s, duration_s = round(when[0] * 3600), round(when[1] * 3600)
    lines = ["[[event]]", f'kind = "{kind}"', f'station = "{station.code}"', f'start = "{start_s}s"']
    if duration_s:
        lines.append(f'duration = "{duration_s}s"')
    if magnitude is not None:
        lines.append(f"magnitude = {magnitude:.3f}")
    if kind == "pollution_slug":
        lines.append(f'slug = "{draw.choice(visible_slugs(station))}"')
    if kind not in _WATER:
        lines.append(f'parameters = ["{draw.choice([s.parameter for s in station.sensors])}"]')
    return "\n".join(lines)


def visible_slugs(station: Station) -> list[str]:
    """Return the kinds of slug that move at least two sensors of a station: others could not be told from a fault."""
    measured = {sensor.parameter for sensor in station.sensors}
    return [s.value for s in SlugType if len(measured & affected(EventKind.POLLUTION_SLUG, s)) > 1]


def _write_series(path: Path, station: Station, messages: Sequence[Message]) -> int:
    columns = [sensor.parameter for sensor in station.sensors]
    first = {m.observed_at: m for m in sorted(messages, key=lambda m: m.due_at, reverse=True)}
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["observed_at", *columns, *(f"{c}_status" for c in columns)])
        for observed_at, message in sorted(first.items()):
            samples = {s.parameter: s for s in message.samples}
            values = [samples[c].value if c in samples else None for c in columns]
            statuses = [samples[c].status if c in samples else Status.MEASURING for c in columns]
            cells = ["" if v is None else repr(v) for v in values]
            writer.writerow([_stamp(observed_at), *cells, *(str(s.value) for s in statuses)])
    return len(first)


def _write_events(path: Path, station: Station, labels: Sequence[Label]) -> int:
    mine = [label for label in labels if label.station == station.code]
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_EVENT_HEADER)
        for label in mine:
            last = max(label.start, label.end - timedelta(seconds=1))  # labels end before ``end``
            if label.end - label.start < _CADENCE:
                last = label.start + _CADENCE  # a spike is in the next reading
            sensors = "|".join(label.parameters)
            writer.writerow([_stamp(label.start), _stamp(last), str(label.cls), str(label.kind), sensors])
    return len(mine)


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
