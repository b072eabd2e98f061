"""Scenario files: TOML that says which events hit which station, when, and how hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from quantrac.domain.stations import DRILL_PREFIX, Station, StationKind
from quantrac.errors import RuleError
from quantrac.tomltable import Table, read_text
from simulators.durations import seconds_of
from simulators.events import (
    DEFAULT_MAGNITUDE,
    MESSAGE_KINDS,
    WATER_KINDS,
    EventKind,
    RelativeTo,
    SlugType,
    StationEvent,
)
from simulators.faults import affected

SCENARIO_FOLDER = Path(__file__).parent / "scenarios"
_TOP_KEYS = frozenset({"title", "seed", "length", "signals", "event"})
_SIGNAL_KEYS = frozenset({"sample_hold_s", "noise_scale", "speed"})
_EVENT_KEYS = frozenset(
    {
        "kind", "station", "parameters", "start", "duration", "magnitude", "onset", "tail", "slug", "relative_to",
        "repeat_every", "repeat_count", "copy_age", "detail",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventRule:
    """One ``[[event]]`` of a scenario file, not yet bound to stations and to the clock."""

    number: int
    kind: EventKind
    station: str
    parameters: tuple[str, ...]
    start: float | datetime
    """Seconds after the start of the run (negative: before it, for a backfill), or an aware instant."""
    duration_s: float
    magnitude: float
    onset_s: float | None
    tail_s: float | None
    slug: SlugType
    relative_to: RelativeTo
    period_s: float
    repeats: int | None
    copy_s: float
    detail: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file after all checks that need no registry."""

    source: str
    title: str = ""
    seed: int | None = None
    sample_hold_s: float | None = None
    noise_scale: float = 1.0
    speed: float = 1.0
    """How much faster than the clock the water and the analysers live; events keep the clock's time."""
    length_s: float | None = None
    """How long its events take in all; ``None``: it does not say."""
    events: tuple[EventRule, ...] = ()

    def at_speed(self, speed: float) -> Scenario:
        """Return the scenario in which everything passes ``speed`` times as fast: water, analysers and events.

        Raises
        ------
        RuleError
            An event names an instant of the calendar, which passes at one speed only.
        """
        fixed = next((rule.number for rule in self.events if isinstance(rule.start, datetime)), None)
        if speed != 1.0 and fixed is not None:
            raise RuleError(
                f"{self.source}: event {fixed}: start names an instant, so that the scenario has the clock's speed "
                "alone. Give seconds after the start of the run."
            )
        return replace(
            self,
            speed=self.speed * speed,
            sample_hold_s=None if self.sample_hold_s is None else self.sample_hold_s / speed,
            length_s=None if self.length_s is None else self.length_s / speed,
            events=tuple(_faster(rule, speed) for rule in self.events),
        )

    def bind(self, stations: Sequence[Station], start: datetime) -> tuple[StationEvent, ...]:
        """Return the events of each station, on the clock.

        Raises
        ------
        RuleError
            When an event names a station or parameter that does not exist; the message names file, event and key.
        """
        return tuple(
            _bind(self.source, rule, station, start)
            for rule in self.events
            for station in _select(self.source, rule, stations)
        )


CALM = Scenario(source="no scenario")
"""Normal operation: nothing is injected."""


def load_scenario(name: str | Path) -> Scenario:
    """Read a scenario by its file, or by the name of a shipped one (``demo``, ``drill``).

    Raises
    ------
    RuleError
        When the file does not exist, is no TOML, or has an unknown or wrong key; the message names file and key.
    """
    path = Path(name)
    if not path.suffix and (SCENARIO_FOLDER / f"{name}.toml").is_file():
        path = SCENARIO_FOLDER / f"{name}.toml"
    if not path.is_file():
        shipped = ", ".join(sorted(p.stem for p in SCENARIO_FOLDER.glob("*.toml")))
        raise RuleError(f"There is no scenario {path}: name a TOML file, or a shipped scenario ({shipped}).")
    return parse_scenario(read_text(path), str(path))


def parse_scenario(text: str, source: str) -> Scenario:
    """Return the scenario in a TOML text; ``source`` is named in errors.

    Raises
    ------
    RuleError
        See ``load_scenario``.
    """
    top = Table.parse(text, source)
    top.refuse_unknown(_TOP_KEYS)
    signals = top.table("signals")
    signals.refuse_unknown(_SIGNAL_KEYS)
    return Scenario(
        source=source,
        title=top.text("title", "", empty=True),
        seed=_whole(top, "seed"),
        sample_hold_s=_duration(signals, "sample_hold_s"),
        noise_scale=max(0.0, signals.number("noise_scale", 1.0)),
        speed=signals.positive("speed", 1.0),
        length_s=_duration(top, "length"),
        events=tuple(_event(n, e) for n, e in enumerate(top.tables("event", lambda i, _: f"event {i}"), 1)),
    )


def _faster(rule: EventRule, speed: float) -> EventRule:
    def scaled(seconds: float | None) -> float | None:
        return None if seconds is None else seconds / speed

    return replace(
        rule,
        start=rule.start / speed if isinstance(rule.start, float) else rule.start,
        duration_s=rule.duration_s / speed,
        onset_s=scaled(rule.onset_s),
        tail_s=scaled(rule.tail_s),
        period_s=rule.period_s / speed,
        copy_s=rule.copy_s / speed,
    )


def _event(number: int, table: Table) -> EventRule:
    table.refuse_unknown(_EVENT_KEYS)
    kind = table.member("kind", EventKind)
    duration_s = _duration(table, "duration")
    if duration_s is None:
        if kind is not EventKind.SPIKE:
            raise table.error("duration", "is missing; say how long the event lasts, as 45s, 15m, 2h or PT45S.")
        duration_s = 0.0
    period_s = _duration(table, "repeat_every") or 0.0
    if 0 < period_s <= duration_s:
        raise table.error("repeat_every", "must be longer than the duration.")
    return EventRule(
        number=number,
        kind=kind,
        station=table.text("station"),
        parameters=_parameters(table, kind),
        start=_start(table, "start"),
        duration_s=duration_s,
        magnitude=table.number("magnitude", DEFAULT_MAGNITUDE.get(kind, 1.0)),
        onset_s=_duration(table, "onset"),
        tail_s=_duration(table, "tail"),
        slug=table.member("slug", SlugType) if "slug" in table.values else SlugType.ORGANIC,
        relative_to=table.member("relative_to", RelativeTo) if "relative_to" in table.values else RelativeTo.USUAL,
        period_s=period_s,
        repeats=_whole(table, "repeat_count", minimum=1) if period_s else 1,
        copy_s=_duration(table, "copy_age") or 86_400.0,
        detail=table.text("detail", "", empty=True),
    )


def _parameters(table: Table, kind: EventKind) -> tuple[str, ...]:
    parameters = table.texts("parameters")
    if parameters and kind in MESSAGE_KINDS:
        raise table.error("parameters", f"{kind} concerns whole messages; leave the key out.")
    if not parameters and kind not in MESSAGE_KINDS | WATER_KINDS:
        raise table.error("parameters", f'{kind} needs at least one parameter, such as ["COD"].')
    return parameters


def _whole(table: Table, key: str, minimum: int | None = None) -> int | None:
    value = table.optional_number(key)
    if value is not None and (value != int(value) or (minimum is not None and value < minimum)):
        raise table.error(key, f"is {value:g}; give a whole number" + (f" of at least {minimum}." if minimum else "."))
    return None if value is None else int(value)


def _duration(table: Table, key: str) -> float | None:
    """Return a duration in seconds that is not negative, or ``None`` where the key is absent."""
    seconds = _seconds(table, key)
    if seconds is not None and seconds < 0:
        raise table.error(key, f"is {seconds:g} s; a duration cannot be negative.")
    return seconds


def _seconds(table: Table, key: str) -> float | None:
    value = table.values.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        return table.number(key)
    try:
        return seconds_of(value)
    except ValueError as exc:
        raise table.error(key, f"{exc}.") from exc


def _start(table: Table, key: str) -> float | datetime:
    value = table.values.get(key)
    if isinstance(value, str) and len(value) > 10 and value[4:5] == "-":
        try:
            value = datetime.fromisoformat(value)
        except ValueError as exc:
            raise table.error(key, f"{value!r} is not an ISO 8601 instant.") from exc
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise table.error(key, f"{value} has no time zone; write for instance 2026-11-23T10:00:00+07:00.")
        return value
    seconds = _seconds(table, key)
    if seconds is None:
        raise table.error(key, "is missing; give seconds after the start of the run, or an instant with its offset.")
    return seconds


def _select(source: str, rule: EventRule, stations: Sequence[Station]) -> list[Station]:
    """Stations by code, ``*``, a kind, or a kind and a place in the order of codes (``effluent#2``)."""
    ordered = sorted(stations, key=lambda s: s.code)
    by_code = [s for s in ordered if rule.station in (s.code, s.code.removeprefix(DRILL_PREFIX), *s.old_codes)]
    if by_code:
        return by_code
    name, _, place = rule.station.partition("#")
    if name == "*" or name in tuple(StationKind):
        chosen = ordered if name == "*" else [s for s in ordered if s.kind == name]
        if not place:
            if chosen:
                return chosen
        elif place.isdecimal() and 1 <= int(place) <= len(chosen):
            return [chosen[int(place) - 1]]
    known = ", ".join(s.code for s in ordered[:12]) + (" ..." if len(ordered) > 12 else "")
    raise RuleError(
        f"{source}: event {rule.number}: station: no station of this run is {rule.station!r}. Name a code ({known}), "
        'a kind ("effluent", "surface_water"), the n-th of a kind ("effluent#2") or "*".'
    )


def _bind(source: str, rule: EventRule, station: Station, start: datetime) -> StationEvent:
    measured = [s.parameter for s in station.sensors]
    unknown = [p for p in rule.parameters if p not in measured]
    if unknown:
        raise RuleError(
            f"{source}: event {rule.number}: parameters: {station.code} does not measure {', '.join(unknown)}; "
            f"it measures {', '.join(measured)}."
        )
    parameters = rule.parameters
    if not parameters and rule.kind is EventKind.DILUTION:
        parameters = tuple(measured)
    elif not parameters and rule.kind in WATER_KINDS:
        moved = affected(rule.kind, rule.slug)
        parameters = tuple(p for p in measured if p in moved)
    at_s = start.timestamp() + rule.start if isinstance(rule.start, float) else rule.start.timestamp()
    rise_share = 0.15 if rule.kind is EventKind.RAIN else 0.1
    return StationEvent(
        number=rule.number, station=station.code, kind=rule.kind, parameters=parameters, start_s=at_s,
        duration_s=rule.duration_s, magnitude=rule.magnitude,
        onset_s=rise_share * rule.duration_s if rule.onset_s is None else rule.onset_s,
        tail_s=(0.7 if rule.kind is EventKind.RAIN else 0.25) * rule.duration_s if rule.tail_s is None else rule.tail_s,
        slug=rule.slug, relative_to=rule.relative_to, period_s=rule.period_s, repeats=rule.repeats,
        copy_s=rule.copy_s, detail=rule.detail,
    )  # fmt: skip
