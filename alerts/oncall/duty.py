"""Who is on duty, until when, and who is next. Pure; turns follow Vietnam's clock, answers are instants.

::

    rota       |An----------|Binh--------|Chi---------|An---      hand-over Monday 07:00
    temporary        |====Tết: Dung====|                          replaces the turns; where it names nobody: a gap
    override    |Em for An|                                       an accepted swap is one as well
    on duty    |Em--|An|Dung------------|Binh-|Chi---------|
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from quantrac.domain.oncall import Layer, Override, Rota
from quantrac.domain.stations import VIETNAM

HORIZON = timedelta(days=62)
"""How far ahead the next change is looked for: two turns of a month."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is on duty from one change to the next; nobody: a gap."""

    people: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty at an instant, until when, and who comes next."""

    people: tuple[str, ...]
    until: datetime | None
    """``None``: no change within the horizon."""
    next_people: tuple[str, ...]
    """The next who are on duty, after a gap where there is one."""
    next_from: datetime | None
    off_hours: bool = False
    """Nobody is on duty because the rota is meant for other hours."""


def on_duty(rota: Rota, overrides: Iterable[Override], at: datetime) -> tuple[str, ...]:
    """Return who is on duty at an instant, each once."""
    people = list(dict.fromkeys(_scheduled(rota, at)))
    for override in overrides:
        if override.rota == rota.code and override.starts_at <= at < override.ends_at:
            people = _overridden(people, override)
    return tuple(people)


def shifts(rota: Rota, overrides: Sequence[Override], start: datetime, end: datetime) -> list[Shift]:
    """Return who is on duty from ``start`` to ``end`` without a break; gaps are shifts of nobody."""
    own = [o for o in overrides if o.rota == rota.code]
    instants = sorted({start, end, *(b for b in _boundaries(rota, own, start, end) if start < b < end)})
    found: list[Shift] = []
    for starts_at, ends_at in pairwise(instants):
        people = on_duty(rota, own, starts_at)
        if found and found[-1].people == people:
            found[-1] = Shift(people, found[-1].starts_at, ends_at)
        else:
            found.append(Shift(people, starts_at, ends_at))
    return found


def shifts_of(person: str, plan: Iterable[Shift]) -> list[Shift]:
    """Return the times of one person, joined where only the others change."""
    found: list[Shift] = []
    for shift in plan:
        if person not in shift.people:
            continue
        if found and found[-1].ends_at == shift.starts_at:
            found[-1] = Shift((person,), found[-1].starts_at, shift.ends_at)
        else:
            found.append(Shift((person,), shift.starts_at, shift.ends_at))
    return found


def duty(rota: Rota, overrides: Sequence[Override], at: datetime) -> Duty:
    """Return who is on duty at an instant, until when, and who comes next."""
    first, *later = shifts(rota, overrides, at, at + HORIZON)
    following = next((s for s in later if s.people), None)
    return Duty(
        first.people,
        until=first.ends_at if later else None,
        next_people=() if following is None else following.people,
        next_from=None if following is None else following.starts_at,
        off_hours=not first.people and uncovered_part(rota, first) is None,
    )


def off_hours(rota: Rota) -> list[tuple[time, time]]:
    """Return the hours of each day for which no layer of a rota is meant; none where one has the whole day.

    >>> from datetime import date
    >>> night = Layer(("an",), date(2026, 11, 2), time(19), starts=time(19), ends=time(7))
    >>> [(str(a), str(b)) for a, b in off_hours(Rota("dem", "Trực đêm", (night,)))]
    [('07:00:00', '19:00:00')]
    """
    hours = [(layer.starts, layer.ends) for layer in rota.layers]
    clocks = sorted({clock for pair in hours for clock in pair if clock is not None})
    if not clocks or (None, None) in hours:
        return []
    around = pairwise([*clocks, clocks[0]])
    free = [(a, b) for a, b in around if not any(_in_hours(layer, _on_a_day(a)) for layer in rota.layers)]
    return [(a, b) for a, b in free if a != b]


def uncovered_part(rota: Rota, gap: Shift) -> Shift | None:
    """Return a time of nobody without the hours at its ends for which the rota is not meant; ``None``: it is all so."""
    starts_at, ends_at = gap.starts_at, gap.ends_at
    for begins, ends in off_hours(rota):
        if within_hours(begins, ends, starts_at):
            starts_at = _next(ends, starts_at)
        if within_hours(begins, ends, ends_at - timedelta(microseconds=1)):
            ends_at = _next(begins, ends_at - timedelta(days=1, microseconds=1))
    return Shift((), starts_at, ends_at) if starts_at < ends_at else None


def _on_a_day(clock: time) -> datetime:
    return datetime.combine(date(2026, 1, 1), clock, VIETNAM)


def _next(clock: time, after: datetime) -> datetime:
    """Return the first instant after another at which Vietnam's clock shows a time."""
    at = datetime.combine(after.astimezone(VIETNAM).date(), clock, VIETNAM)
    return at if at > after else at + timedelta(days=1)


def _scheduled(rota: Rota, at: datetime) -> Iterator[str]:
    replacing = [t for t in rota.temporaries if t.starts_at <= at < t.ends_at]
    if replacing:
        yield from (s.person for t in replacing for s in t.shifts if s.starts_at <= at < s.ends_at)
        return
    for layer in rota.layers:
        person = _turn(layer, at)
        if person is not None and _in_hours(layer, at):
            yield person


def _turn(layer: Layer, at: datetime) -> str | None:
    begun = at - datetime.combine(layer.first_turn, layer.hand_over, VIETNAM)
    if not layer.members or begun < timedelta(0):
        return None
    return layer.members[begun // timedelta(days=layer.turn_days) % len(layer.members)]


def _in_hours(layer: Layer, at: datetime) -> bool:
    if layer.starts is None or layer.ends is None:
        return True
    return within_hours(layer.starts, layer.ends, at)


def within_hours(starts: time, ends: time, at: datetime) -> bool:
    """Whether an instant lies in hours of Vietnam's day; they reach over midnight where ``ends`` is not later."""
    clock = at.astimezone(VIETNAM).time()
    if starts < ends:
        return starts <= clock < ends
    return clock >= starts or clock < ends


def _overridden(people: list[str], override: Override) -> list[str]:
    if override.remove is None:
        changed = [*people, override.add] if override.add is not None else people
    elif override.remove not in people:
        return people  # who is not on duty cannot be replaced
    else:
        replacing = [] if override.add is None else [override.add]
        place = people.index(override.remove)
        changed = [*people[:place], *replacing, *people[place + 1 :]]
    return list(dict.fromkeys(changed))


def _boundaries(rota: Rota, overrides: Iterable[Override], start: datetime, end: datetime) -> Iterator[datetime]:
    for layer in rota.layers:
        yield from _turns(layer, start, end)
        for clock in (layer.starts, layer.ends):
            if clock is not None:
                yield from _daily(clock, start, end)
    for temporary in rota.temporaries:
        yield from (temporary.starts_at, temporary.ends_at)
        for shift in temporary.shifts:
            yield from (shift.starts_at, shift.ends_at)
    for override in overrides:
        yield from (override.starts_at, override.ends_at)


def _turns(layer: Layer, start: datetime, end: datetime) -> Iterator[datetime]:
    first = datetime.combine(layer.first_turn, layer.hand_over, VIETNAM)
    turn = timedelta(days=layer.turn_days)
    at = first + max((start - first) // turn, 0) * turn
    while at < end:
        yield at
        at += turn


def _daily(clock: time, start: datetime, end: datetime) -> Iterator[datetime]:
    at = datetime.combine(start.astimezone(VIETNAM).date(), clock, VIETNAM)
    while at < end:
        yield at
        at += timedelta(days=1)
