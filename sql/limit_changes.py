"""On which days a limit changed between two tables of effective limits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from quantrac.domain.limits import EffectiveLimit

_Numbers = tuple[str, float | None, float | None, bool]


@dataclass(frozen=True, slots=True)
class ChangedDays:
    """Days of Vietnam, ``beyond`` exclusive, on which one sensor is judged by other numbers than before."""

    station: str
    parameter: str
    first: date
    beyond: date


def changed_days(before: Iterable[EffectiveLimit], after: Iterable[EffectiveLimit]) -> Iterator[ChangedDays]:
    """Yield the days on which what judges a sensor differs; another wording of the source is no difference."""
    old, new = _by_sensor(before), _by_sensor(after)
    for sensor in sorted(old.keys() | new.keys()):
        rows = (old.get(sensor, []), new.get(sensor, []))
        days = {d for side in rows for r in side for d in (r.effective_from, r.effective_to or date.max)}
        bounds = sorted(days)
        for first, beyond in pairwise(bounds):
            if _on(first, rows[0]) != _on(first, rows[1]):
                yield ChangedDays(*sensor, first, beyond)


def _by_sensor(limits: Iterable[EffectiveLimit]) -> dict[tuple[str, str], list[EffectiveLimit]]:
    found: dict[tuple[str, str], list[EffectiveLimit]] = {}
    for row in limits:
        found.setdefault((row.station, row.limit.parameter), []).append(row)
    return found


def _on(day: date, rows: Sequence[EffectiveLimit]) -> _Numbers | None:
    for row in rows:
        if row.effective_from <= day and (row.effective_to is None or day < row.effective_to):
            return row.limit.unit, row.limit.minimum, row.limit.maximum, row.day_only
    return None
