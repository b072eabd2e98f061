"""Limits: loading versioned sets from TOML, and the limit in force for one sensor on one day.

``docs/alerts.md`` describes the file format. A set is data: whoever has the official text of a regulation writes it as
TOML and imports it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path

from quantrac.domain.limits import Limit, LimitSet, LimitValue, Window
from quantrac.domain.parameters import parameter_of
from quantrac.domain.spellings import symbol_mistake, unit_mistake
from quantrac.domain.stations import PermitLimit, Registry, Station
from quantrac.domain.units import unit_factor
from quantrac.domain.words import number_vi
from quantrac.errors import RuleError
from quantrac.tomltable import Table, named_by, nearest, read_text, toml_files

FLOW = "Flow"
_DIGITS = 6
"""Of a coefficient or a permit's number in a citation: as it was given."""
_SET_KEYS = frozenset(f.name for f in fields(LimitSet)) - {"values"} | {"value"}
_VALUE_KEYS = frozenset(f.name for f in fields(LimitValue))


def packaged_limits() -> Path:
    """Return the folder of the limit sets that come with the program."""
    return Path(__file__).parent / "data" / "limits"


def load_limit_sets(paths: Sequence[Path]) -> tuple[LimitSet, ...]:
    """Return the limit sets of TOML files, or of all ``*.toml`` files of folders.

    Raises
    ------
    RuleError
        A file cannot be read, holds a mistake, or contradicts another; the message names the file and the key.
    """
    sets: dict[tuple[str, date], tuple[LimitSet, str]] = {}
    for file in (file for path in paths for file in toml_files(path)):
        for limit_set in _limit_sets(Table.parse(read_text(file), str(file))):
            version = (limit_set.code, limit_set.effective_from)
            if version in sets:
                raise RuleError(
                    f"{file}: limit_set {limit_set.code}: effective_from {limit_set.effective_from} stands in "
                    f"{sets[version][1]} already. Give the later one another date, or remove one."
                )
            sets[version] = (limit_set, str(file))
    return tuple(limit_set for limit_set, _ in sets.values())


def limit_sets_of(text: str, source: str) -> tuple[LimitSet, ...]:
    """Return the limit sets of one TOML text; ``source`` names it in messages.

    Raises
    ------
    RuleError
        The text holds a mistake; the message names the key.
    """
    found = tuple(_limit_sets(Table.parse(text, source)))
    versions = [(s.code, s.effective_from) for s in found]
    for version in versions:
        if versions.count(version) > 1:
            raise RuleError(
                f"{source}: limit_set {version[0]}: effective_from {version[1]} stands twice; leave one out."
            )
    return found


def unknown_sets(stations: Iterable[Station], known: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each station whose limit set nobody knows, with the nearest known name."""
    for station in stations:
        if station.limit_set is not None and station.limit_set not in known:
            told = f"{station.limit_set!r} is not a known limit set; {nearest(station.limit_set, known)}"
            yield f"station {station.code}, limit_set: {told}"


def limit_set_in_force(code: str, day: date, limit_sets: Iterable[LimitSet]) -> LimitSet | None:
    """Return the version of a set that is in force on a day; ``None`` when there is none."""
    versions = [s for s in limit_sets if s.code == code and s.effective_from <= day]
    newest = max(versions, key=lambda s: s.effective_from, default=None)
    if newest is None or (newest.effective_to is not None and day >= newest.effective_to):
        return None
    return newest


def limit_for(
    station: Station, parameter: str, day: date, limit_sets: Iterable[LimitSet], window: Window = Window.DAY
) -> Limit | None:
    """Return the limit that judges one parameter of a station on one day (of Vietnam), in the sensor's unit.

    A limit of the station's permit prevails and is taken as it stands; otherwise the value of the station's limit set
    counts, times Kq and Kf where they apply. The permitted daily flow limits ``Flow``, and only over a whole day: a
    discharge may run at any rate within it.

    Returns
    -------
    Limit or None
        ``None`` where nothing limits the parameter, or its set is empty or not in force.

    Raises
    ------
    RuleError
        The station names a set that does not exist, or the units of limit and sensor have no known conversion.
    """
    if parameter == FLOW:
        return _flow_limit(station) if window is Window.DAY else None
    value = _standard_value(station, parameter, day, limit_sets)
    permit = next((p for p in station.permit_limits if p.parameter == parameter), None)
    if permit is not None:
        return _permit_limit(station, permit, value)
    if value is None:
        return None
    limit_set, row = value
    return _standard_limit(station, limit_set, row)


def check_limits(registry: Registry, limit_sets: Sequence[LimitSet], day: date) -> list[str]:
    """Return a sentence for every station whose limits cannot be applied on ``day``; empty when all can."""
    problems = []
    limited = {value.parameter for limit_set in limit_sets for value in limit_set.values}
    for station in registry.stations:
        for sensor in station.sensors:
            problems += _symbol_problems(station, sensor.parameter, limited)
            try:
                limit_for(station, sensor.parameter, day, limit_sets)
            except RuleError as exc:
                problems.append(str(exc))
        if station.limit_set is not None:
            in_force = limit_set_in_force(station.limit_set, day, limit_sets)
            if in_force is not None and not in_force.values:
                problems.append(
                    f"Station {station.code}: the limit set {in_force.code} is empty; import its official values."
                )
    problems += _set_problems(limit_sets)
    return list(dict.fromkeys(problems))


def _set_problems(limit_sets: Iterable[LimitSet]) -> Iterable[str]:
    """Yield what is wrong with the symbols and units of limit sets: a limit of ``cod`` judges nothing."""
    for limit_set in limit_sets:
        for value in limit_set.values:
            if parameter_of(value.parameter) is None:
                continue  # standards limit more than instruments of ours measure
            mistake = symbol_mistake(value.parameter) or unit_mistake(value.parameter, value.unit)
            if mistake is not None:
                yield f"Limit set {limit_set.code} of {limit_set.effective_from}: {value.parameter}: {mistake}"


def _symbol_problems(station: Station, symbol: str, limited: Collection[str]) -> list[str]:
    """Return what is wrong with a symbol that no limit knows, at a station that has limits."""
    if station.limit_set is None or symbol in limited:
        return []
    mistake = symbol_mistake(symbol)
    if mistake is None and parameter_of(symbol) is None:
        mistake = f"{symbol!r} is known neither as a parameter nor by any limit; {nearest(symbol, limited)}"
    return [] if mistake is None else [f"Station {station.code}: sensor {symbol}: {mistake}"]


def _limit_sets(top: Table) -> Iterable[LimitSet]:
    top.refuse_unknown({"limit_set"})
    for table in top.tables("limit_set", named_by("limit_set", "code")):
        table.refuse_unknown(_SET_KEYS)
        effective_from = table.day("effective_from")
        effective_to = table.day("effective_to") if "effective_to" in table.values else None
        if effective_to is not None and effective_to <= effective_from:
            raise table.error("effective_to", "must be later than effective_from.")
        yield LimitSet(
            code=table.text("code"),
            title_vi=table.text("title_vi"),
            title_en=table.text("title_en"),
            source=table.text("source"),
            effective_from=effective_from,
            effective_to=effective_to,
            values=tuple(_values(table)),
        )


def _values(table: Table) -> Iterable[LimitValue]:
    seen: set[str] = set()
    for entry in table.tables("value", named_by("value", "parameter")):
        entry.refuse_unknown(_VALUE_KEYS)
        parameter = entry.text("parameter")
        if parameter in seen:
            raise entry.error("parameter", f"{parameter!r} has two values; keep one.")
        seen.add(parameter)
        minimum, maximum = entry.optional_minimum("minimum"), entry.optional_maximum("maximum")
        if minimum is None and maximum is None:
            raise entry.error("maximum", "is missing, and minimum too; a limit needs at least one of them.")
        if minimum is not None and maximum is not None and minimum >= maximum:
            raise entry.error("minimum", f"is {minimum:g} and maximum is {maximum:g}; minimum must be below maximum.")
        apply = entry.boolean("coefficients_apply", default=True)
        yield LimitValue(parameter, entry.text("unit", empty=True), minimum, maximum, apply)


def _standard_value(
    station: Station, parameter: str, day: date, limit_sets: Iterable[LimitSet]
) -> tuple[LimitSet, LimitValue] | None:
    if station.limit_set is None:
        return None
    sets = tuple(limit_sets)
    if all(s.code != station.limit_set for s in sets):
        known = ", ".join(sorted({s.code for s in sets})) or "none"
        raise RuleError(
            f"Station {station.code}: limit_set {station.limit_set!r} is not known (known: {known}). "
            "Import the set with `quantrac limits import`, or correct the station: "
            + nearest(station.limit_set, {s.code for s in sets})
        )
    limit_set = limit_set_in_force(station.limit_set, day, sets)
    if limit_set is None:
        return None
    return next(((limit_set, v) for v in limit_set.values if v.parameter == parameter), None)


def _standard_limit(station: Station, limit_set: LimitSet, row: LimitValue) -> Limit:
    source, maximum = limit_set.source, row.maximum
    if row.coefficients_apply and maximum is not None:
        value, kq, kf = (number_vi(n, _DIGITS) for n in (maximum, station.kq, station.kf))
        source += f", Kq {kq}, Kf {kf}: {value} × {kq} × {kf}"
        maximum = _scaled(maximum, station.kq * station.kf)
    return _in_sensor_unit(station, Limit(row.parameter, row.unit, row.minimum, maximum, source))


def _permit_limit(station: Station, permit: PermitLimit, standard: tuple[LimitSet, LimitValue] | None) -> Limit:
    if permit.maximum is not None and permit.maximum <= 0:
        raise RuleError(
            f"Station {station.code}: permit_limit {permit.parameter}: its maximum is {permit.maximum:g}, of which no "
            "reading has a share. Give one above 0, and import the station again."
        )
    sensor = station.sensor_of.get(permit.parameter)
    unit = standard[1].unit if standard is not None else sensor.unit if sensor is not None else ""
    return _in_sensor_unit(station, Limit(permit.parameter, unit, permit.minimum, permit.maximum, permit.source))


def _flow_limit(station: Station) -> Limit | None:
    per_day = station.permit_flow_m3_per_day
    if per_day is None:
        return None
    source = f"Lưu lượng cho phép theo giấy phép {number_vi(per_day, _DIGITS)} m³/ngày"
    return _in_sensor_unit(station, Limit(FLOW, "m³/ngày", None, per_day, source))


def _in_sensor_unit(station: Station, limit: Limit) -> Limit:
    sensor = station.sensor_of.get(limit.parameter)
    if sensor is None:
        return limit
    factor = unit_factor(limit.unit, sensor.unit, limit.parameter)
    if factor is None:
        raise RuleError(
            f"Station {station.code}: sensor {limit.parameter}: its unit {sensor.unit!r} has no known conversion from "
            f"the limit's unit {limit.unit!r} ({limit.source}). Correct the unit, or register a convert_rate."
        )
    return Limit(
        limit.parameter, sensor.unit, _scaled(limit.minimum, factor), _scaled(limit.maximum, factor), limit.source
    )


def _scaled(value: float | None, factor: float) -> float | None:
    # Twelve digits: 150 × 0.9 × 0.9 is 121.5 and not 121.50000000000001, which a reading of 121.5 would not reach.
    return None if value is None else float(f"{value * factor:.12g}")
