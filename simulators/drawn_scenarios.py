"""Draws the events of a labelled scenario: one after another, every kind that leaves a trace in the values.

Left out are ``network_loss`` (the logger sends everything afterwards, with its old stamps) and ``duplicates`` (the
ledger counts an observation once): a series by time of observation shows neither.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from quantrac.domain.stations import Station
from simulators.events import EventKind, SlugType
from simulators.faults import affected, strongest_response
from simulators.reference_limits import bounds_of
from simulators.scenario import Scenario, parse_scenario

QUIET_DAYS = 7
"""Days at the beginning without an event: what a new station has at best."""
_GAP_H = (14.0, 44.0)
"""Hours from the end of one event to the start of the next."""
_HIDDEN_SLUG = (3.0, 5.0)
"""Multiple of the usual level of a slug that capped values or a masking calibration hide: well over the limit."""

_RAINED_ON, _PARK_WIDE = 0.7, 0.3
"""Share of a station's rains that reach a neighbour, and of its slugs that foul the whole park. Design, no measure."""
_VISIBLE = 0.5
"""Least response of some sensor, relative to the slug's leading parameter."""

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
    ("instrument_fault", 0.7, (0.5, 6.0), None),
    ("calibration", 1.0, (0.5, 1.5), None),
    ("silence", 0.8, (0.5, 5.0), None),
    ("clock_skew", 0.3, (1.0, 4.0), (900.0, 3600.0)),
    ("capped", 0.4, (8.0, 30.0), (0.93, 0.98)),
    ("copied_day", 0.4, (12.0, 24.0), None),
    ("dilution", 0.4, (4.0, 12.0), (1.5, 3.0)),
    ("masking_calibration", 0.4, (8.0, 30.0), (0.8, 0.95)),
)
_WATER = {"pollution_slug", "rain", "dilution"}
_WHOLE = {"silence", "clock_skew"}
_HIDING = {"capped", "masking_calibration"}


@dataclass(frozen=True, slots=True)
class _When:
    start_h: float
    hours: float


def random_scenario(station: Station, seed: str, days: int) -> Scenario:
    """Return a scenario with one event after another, drawn from the seed; the first week is quiet."""
    draw = random.Random(seed)  # noqa: S311
    parts: list[str] = []
    hour = QUIET_DAYS * 24.0
    while True:
        kind, hours, magnitude = _draw_kind(draw, station)
        hour += draw.uniform(*_GAP_H)
        if hour + hours > days * 24.0:
            return parse_scenario("\n".join(parts), f"scenario drawn from {seed}")
        parts += _events(draw, station, kind, _When(hour, hours), magnitude)
        hour += hours


def neighbour_scenario(scenario: Scenario, station: Station, seed: str, days: int) -> Scenario:
    """Return what happens at a neighbour: events of its own, and those of a station's that reach it as well.

    Rain is local, and a slug may be of a whole park: neither tells by itself what the neighbours' alarms mean.
    """
    draw = random.Random(seed)  # noqa: S311
    own = random_scenario(station, f"{seed} own", days)
    reaching = {EventKind.RAIN: _RAINED_ON, EventKind.POLLUTION_SLUG: _PARK_WIDE}
    shared = [e for e in scenario.events if draw.random() < reaching.get(e.kind, 0.0)]
    events = (*own.events, *(replace(e, station=station.code) for e in shared))
    return replace(own, events=tuple(replace(e, number=n) for n, e in enumerate(events, start=1)))


def visible_slugs(station: Station) -> list[str]:
    """Return the kinds of slug that a station can see as one.

    They move at least two sensors (others could not be told from a fault), and one of them at least half as much as
    the slug's leading parameter (a dye that no sensor for colour or COD sees is no slug of that size here).
    """
    measured = {sensor.parameter for sensor in station.sensors}
    return [
        s.value
        for s in SlugType
        if len(measured & affected(EventKind.POLLUTION_SLUG, s)) > 1 and strongest_response(s, measured) >= _VISIBLE
    ]


def limited(station: Station) -> list[str]:
    """Return the parameters of a station with an upper limit that an organic slug can reach."""
    moved = affected(EventKind.POLLUTION_SLUG, SlugType.ORGANIC)
    bounds = {s.parameter: bounds_of(station, s.parameter) for s in station.sensors if s.parameter in moved}
    return [p for p, b in bounds.items() if b is not None and b.maximum is not None and p not in {"pH", "Temp"}]


def _draw_kind(draw: random.Random, station: Station) -> tuple[str, float, float | None]:
    measured = {s.parameter for s in station.sensors}
    left_out = set() if limited(station) else set(_HIDING)
    if "Flow" not in measured:
        left_out.add("dilution")
    kinds = [k for k in _KINDS if k[0] not in left_out]
    kind, _, hours, magnitude = draw.choices(kinds, [k[1] for k in kinds])[0]
    return kind, draw.uniform(*hours), None if magnitude is None else draw.uniform(*magnitude)


def _events(draw: random.Random, station: Station, kind: str, when: _When, magnitude: float | None) -> list[str]:
    """Return one event as TOML; with what it hides, where it hides something."""
    if kind == "pollution_slug":
        slug = draw.choice(visible_slugs(station))
        return [_event(kind, station.code, when, magnitude=magnitude, slug=slug)]
    if kind in _HIDING:
        hidden = _When(when.start_h + 1.0, max(min(when.hours - 2.0, draw.uniform(4.0, 10.0)), 2.0))
        slug = _event("pollution_slug", station.code, hidden, magnitude=draw.uniform(*_HIDDEN_SLUG), slug="organic")
        return [slug, _event(kind, station.code, when, limited(station), magnitude)]
    parameters = [s.parameter for s in station.sensors]
    if kind == "copied_day":
        chosen = parameters if draw.random() < 0.5 else [draw.choice(parameters)]
        return [_event(kind, station.code, when, chosen)]
    chosen = [] if kind in _WATER | _WHOLE else [draw.choice(parameters)]
    return [_event(kind, station.code, when, chosen, magnitude)]


def _event(
    kind: str,
    station: str,
    when: _When,
    parameters: list[str] | None = None,
    magnitude: float | None = None,
    *,
    slug: str | None = None,
) -> str:
    start_s, duration_s = round(when.start_h * 3600), round(when.hours * 3600)
    lines = ["[[event]]", f'kind = "{kind}"', f'station = "{station}"', f'start = "{start_s}s"']
    if duration_s:
        lines.append(f'duration = "{duration_s}s"')
    if magnitude is not None:
        lines.append(f"magnitude = {magnitude:.3f}")
    if slug is not None:
        lines.append(f'slug = "{slug}"')
    if parameters:
        lines.append("parameters = [" + ", ".join(f'"{p}"' for p in parameters) + "]")
    return "\n".join(lines)
