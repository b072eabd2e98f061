"""Changes of limits, rules and stations by two people: what a document means, and what it changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from alerts.limits import check_limits, limit_sets_of, unknown_sets
from alerts.readable import rules_need, stations_need, unreadable
from alerts.rules import document, rules_of
from quantrac.domain.limits import LimitSet
from quantrac.domain.running_workers import RunningWorker
from quantrac.domain.stations import Registry, Station
from quantrac.errors import RuleError
from quantrac.registry import parse_registry
from quantrac.tomltable import Mistakes


class ProposalKind(StrEnum):
    """What is to be changed; each takes the file that its import takes."""

    LIMITS = "limits"
    RULES = "rules"
    STATIONS = "stations"


class Decision(StrEnum):
    """What became of a decision; the database answers with these words."""

    DONE = "done"
    SAME_PERSON = "same_person"
    """Refused: who has proposed it cannot decide it, under no login."""
    STALE = "stale"
    """Refused: limits, rules or stations have changed since."""
    DECIDED = "decided"
    """Refused: it is decided already."""
    NOT_ALLOWED = "not_allowed"
    NOT_YOURS = "not_yours"
    """Refused: only who has proposed it withdraws it."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Stations, limit sets and rules, as they stand or as a document describes a part of them."""

    stations: tuple[Station, ...] = ()
    limit_sets: tuple[LimitSet, ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()
    """Documents as the database keeps them."""

    @property
    def registry(self) -> Registry:
        """The stations as a registry."""
        return Registry(self.stations)


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that becomes another; ``None``: it is not there."""

    subject: str
    key: str
    before: str | None
    after: str | None


def read(kind: ProposalKind, text: str, known_sets: Iterable[str]) -> Catalogue:
    """Return what a TOML document describes, checked as its import checks it.

    Raises
    ------
    RuleError
        It holds a mistake, or describes nothing; the message names the key.
    """
    source = kind.value
    if kind is ProposalKind.LIMITS:
        found = Catalogue(limit_sets=limit_sets_of(text, source))
    elif kind is ProposalKind.RULES:
        found = Catalogue(rules=tuple(document(rule) for rule in rules_of(text, source)))
    else:
        found = Catalogue(stations=parse_registry(text, source).stations)
        _refuse_unknown_sets(found.stations, set(known_sets))
    if found == Catalogue():
        raise RuleError(f"{source}: nothing is described. Add [[limit_set]], [[rule]] or [[station]].")
    return found


def after(before: Catalogue, proposed: Catalogue) -> Catalogue:
    """Return the catalogue with what is proposed in place of the versions with the same code and date."""
    return Catalogue(
        tuple(_merged(before.stations, proposed.stations)),
        tuple(_merged(before.limit_sets, proposed.limit_sets)),
        tuple(_merged(before.rules, proposed.rules)),
    )


def changed_stations(before: Catalogue, proposed: Catalogue) -> list[Station]:
    """Return the proposed stations that are others than before; contacts, which are not shown, count where given."""
    kept = {_version(s): replace(s, contacts=()) for s in before.stations}
    return [s for s in proposed.stations if s.contacts or kept.get(_version(s)) != replace(s, contacts=())]


def differences(before: Catalogue, proposed: Catalogue) -> list[Difference]:
    """Return every value that would change, by station, limit set or rule."""
    found: list[Difference] = []
    for name in ("stations", "limit_sets", "rules"):
        kept = {_version(entry): entry for entry in getattr(before, name)}
        for entry in getattr(proposed, name):
            code, day = _version(entry)
            old = kept.get((code, day))
            found += _of_entry(f"{code} ({day})", {} if old is None else _flat(old), _flat(entry))
    return found


def problems(before: Catalogue, proposed: Catalogue, day: date, running: Sequence[RunningWorker]) -> list[str]:
    """Return what would be wrong afterwards and is not wrong now; what a running worker cannot read comes first."""
    needs = rules_need(proposed.rules) | stations_need(proposed.registry)
    whole = after(before, proposed)
    now = set(check_limits(before.registry, before.limit_sets, day))
    then = check_limits(whole.registry, whole.limit_sets, day)
    return [*unreadable(needs, running), *(p for p in then if p not in now)]


def _refuse_unknown_sets(stations: Iterable[Station], known: set[str]) -> None:
    mistakes = Mistakes()
    for told in unknown_sets(stations, known):
        mistakes.note(f"stations: {told}")
    mistakes.refuse()


def _version(entry: Station | LimitSet | Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(entry, Mapping):
        return str(entry["code"]), str(entry["effective_from"])
    return entry.code, entry.effective_from.isoformat()


def _merged(kept: Sequence[Any], proposed: Sequence[Any]) -> Iterator[Any]:
    new = {_version(entry) for entry in proposed}
    yield from (entry for entry in kept if _version(entry) not in new)
    yield from proposed


def _of_entry(subject: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    for key in dict.fromkeys([*new, *old]):
        if old.get(key) != new.get(key):
            yield Difference(subject, key, old.get(key), new.get(key))


def _flat(entry: Station | LimitSet | Mapping[str, Any]) -> dict[str, str]:
    """Return the values of an entry by their path; contacts are addresses of people: how many there are."""
    values = dict(entry) if isinstance(entry, Mapping) else asdict(entry)
    contacts = values.pop("contacts", ())
    found = dict(_paths(values, ""))
    return found | ({"contacts": f"{len(contacts)}"} if contacts else {})


def _paths(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        for number, inner in enumerate(value, 1):
            own = inner.get("parameter") or inner.get("code") or number
            yield from _paths(inner, f"{path}[{own}]")
    elif isinstance(value, list | tuple):
        if value:
            yield path, ", ".join(map(str, value))
    elif value is not None:
        yield path, f"{value:.10g}" if isinstance(value, float) else str(value)
