"""The limits of every sensor over all days, computed from the versions of stations and limit sets.

They are stored with every import, and are what dashboards show. Judging goes by :func:`alerts.limits.limit_for` itself,
of which these rows are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from alerts.limits import limit_for
from quantrac.domain.limits import EffectiveLimit, LimitSet, Window
from quantrac.domain.stations import Registry, Station, midnight
from quantrac.errors import RuleError


def effective_limits(registry: Registry, limit_sets: Sequence[LimitSet]) -> tuple[EffectiveLimit, ...]:
    """Return the limits of all stations, each with the days on which it is in force, also those to come.

    A sensor has no row for days on which nothing limits it or its limit cannot be applied (``check_limits`` names the
    cause), and a station none under a code that it no longer has.
    """
    codes = sorted({station.code for station in registry.stations})
    return tuple(limit for code in codes for limit in _limits_of(code, registry, limit_sets))


def _limits_of(code: str, registry: Registry, limit_sets: Sequence[LimitSet]) -> Iterator[EffectiveLimit]:
    latest: dict[str, EffectiveLimit] = {}
    for start, end in _periods(code, registry, limit_sets):
        station = registry.station(code, midnight(start))
        found = {} if station is None or station.code != code else _limits_on(station, start, end, limit_sets)
        for parameter, row in found.items():
            before = latest.get(parameter)
            if before is not None and _continues(before, row):
                latest[parameter] = replace(before, effective_to=end)
                continue
            if before is not None:
                yield before
            latest[parameter] = row
    yield from latest.values()


def _continues(before: EffectiveLimit, row: EffectiveLimit) -> bool:
    return (before.effective_to, before.limit, before.day_only) == (row.effective_from, row.limit, row.day_only)


def _periods(code: str, registry: Registry, limit_sets: Sequence[LimitSet]) -> Iterator[tuple[date, date | None]]:
    """Yield the spans of days in which neither the station's description nor a limit set that it names changes."""
    versions = [s for s in registry.stations if code in {s.code, *s.old_codes}]
    named = {station.limit_set for station in versions}
    sets = [s for s in limit_sets if s.code in named]
    days: set[date] = {date.min, *(s.effective_from for s in versions), *(s.effective_from for s in sets)}
    ends = [*(s.effective_to for s in sets), *(s.effective_to for s in versions)]
    days |= {end for end in ends if end is not None}
    starts = sorted(days)
    yield from zip(starts, [*starts[1:], None], strict=True)


def _limits_on(
    station: Station, start: date, end: date | None, limit_sets: Sequence[LimitSet]
) -> dict[str, EffectiveLimit]:
    found = {}
    for parameter in station.sensor_of:
        try:
            limit = limit_for(station, parameter, start, limit_sets)
            day_only = limit_for(station, parameter, start, limit_sets, Window.READING) is None
        except RuleError:
            continue
        if limit is not None:
            found[parameter] = EffectiveLimit(station.code, start, end, limit, day_only)
    return found
