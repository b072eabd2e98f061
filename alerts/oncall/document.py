"""People, rotas and escalation policies, read from TOML with the key and the line of every mistake.

A file is taken whole or not at all: with a mistake in it, what was in force stays in force. ``docs/oncall.md``
describes every key. Times without an offset are Vietnam's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from alerts.oncall.lines import with_line
from alerts.oncall.swaps import accepted
from alerts.targets import is_reachable, split
from alerts.vapid import subscription
from quantrac.domain.alerts import Severity
from quantrac.domain.oncall import (
    ContactChannel,
    ContactKind,
    EscalationPolicy,
    EscalationStep,
    FixedShift,
    Layer,
    OnCall,
    OnCallRows,
    Person,
    PersonRole,
    QuietHours,
    Rota,
    Temporary,
)
from quantrac.domain.stations import VIETNAM
from quantrac.errors import RuleError
from quantrac.tomltable import Table, named_by

_TARGET = re.compile(r"operator|(rota|person):[A-Za-z0-9._-]+")
_PHONE = re.compile(r"\+?[0-9][0-9 .()-]{2,24}")
_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}")
MOST_STEPS = 20
MOST_LAYERS = 10


def parse(text: str, source: str) -> OnCall:
    """Return the document of a TOML text; channels are unverified, and overrides are not part of it.

    Raises
    ------
    RuleError
        The text holds a mistake; the message names the key and its line.
    """
    top = Table.parse(text, source)
    try:
        found = _document(top)
    except RuleError as exc:
        raise RuleError(with_line(str(exc), text, source)) from None
    if not found.rotas and not found.people and not found.policies:
        raise RuleError(f"{source}: nothing is described. Add [[person]], [[rota]] or [[policy]].")
    return found


def of_rows(rows: OnCallRows, source: str = "on-call tables") -> OnCall:
    """Return what the database keeps: documents with the people's channels, overrides, and swaps that count.

    ``source`` is how it is named in messages.

    Raises
    ------
    RuleError
        A document holds a mistake.
    """
    kept = {"person": [*rows.people], "rota": [*rows.rotas], "policy": [*rows.policies]}
    found = _document(Table(kept, source))
    people = tuple(replace(p, channels=tuple(c for c in rows.channels if c.person == p.code)) for p in found.people)
    return replace(found, people=people, overrides=(*rows.overrides, *accepted(rows.swaps)))


def channel_of(values: Mapping[str, Any], person: str, position: int, source: str) -> ContactChannel:
    """Return a channel that somebody describes by ``kind``, ``address`` and ``delay_min``; it is unverified.

    Raises
    ------
    RuleError
        It holds a mistake; the message names the key.
    """
    return _channel(Table(values, source), person, position)


def _document(top: Table) -> OnCall:
    top.refuse_unknown({"person", "rota", "policy"})
    people = _distinct(top, "person", (_person(t) for t in top.tables("person", named_by("person", "code"))))
    rotas = _distinct(top, "rota", (_rota(t) for t in top.tables("rota", named_by("rota", "code"))))
    policies = _distinct(top, "policy", (_policy(t) for t in top.tables("policy", named_by("policy", "code"))))
    return OnCall(people, rotas, policies)


def _person(table: Table) -> Person:
    table.refuse_unknown({"code", "name", "role", "stations", "quiet", "channel", "phone"})
    code = _code(table)
    role = table.member("role", PersonRole) if "role" in table.values else PersonRole.OFFICER
    stations = table.texts("stations")
    if (role is PersonRole.OPERATOR) != bool(stations):
        raise table.error("stations", "must be given for an operator, and for nobody else.")
    channels = [_channel(t, code, n) for n, t in enumerate(table.tables("channel", lambda n, _: f"channel {n}"))]
    quiet = _quiet(table.table("quiet")) if "quiet" in table.values else None
    return Person(code, table.text("name"), role, stations, quiet, tuple(channels), _phone(table))


def _phone(table: Table) -> str | None:
    phone = table.optional_text("phone")
    if phone is not None and not _PHONE.fullmatch(phone):
        raise table.error("phone", f"{phone!r} is no telephone number; write one such as 0912 345 678.")
    return phone


def _channel(table: Table, person: str, position: int) -> ContactChannel:
    table.refuse_unknown({"kind", "address", "delay_min"})
    kind, address = table.member("kind", ContactKind), table.text("address").strip()
    if kind is ContactKind.EMAIL and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", address):
        raise table.error("address", f"{address!r} is not an e-mail address.")
    if kind is ContactKind.WEB_PUSH:
        try:
            address = subscription(address).address()
        except ValueError as exc:
            raise table.error("address", f"{exc}.") from exc
    elif kind is not ContactKind.EMAIL:
        name, to = split(address)
        if not name or (to is not None and not is_reachable(to)):
            raise table.error("address", f"{address!r} is no target, such as centre or sms/0912345678.")
    return ContactChannel(0, person, kind, address, position, _minutes(table, "delay_min", 0, least=0))


def _quiet(table: Table) -> QuietHours:
    table.refuse_unknown({"from", "to", "severities"})
    severities = _severities(table) if "severities" in table.values else (Severity.INFO, Severity.WARNING)
    if Severity.CRITICAL in severities:
        raise table.error("severities", "must not hold critical: it is told at any hour.")
    return QuietHours(_clock(table, "from"), _clock(table, "to"), severities)


def _rota(table: Table) -> Rota:
    table.refuse_unknown({"code", "title", "layer", "temporary"})
    layers = tuple(_layer(t) for t in table.tables("layer", lambda n, _: f"layer {n}"))
    if len(layers) > MOST_LAYERS:
        raise table.error("layer", f"stands {len(layers)} times; {MOST_LAYERS} at most.")
    temporaries = tuple(_temporary(t) for t in table.tables("temporary", named_by("temporary", "title")))
    return Rota(_code(table), table.text("title"), layers, temporaries)


def _layer(table: Table) -> Layer:
    table.refuse_unknown({"members", "first_turn", "hand_over", "turn_days", "from", "to"})
    days = table.positive("turn_days", 7)
    if days != int(days) or days > 366:
        raise table.error("turn_days", f"is {days:g}; give a whole number of days, 366 at most.")
    if ("from" in table.values) != ("to" in table.values):
        raise table.error("to" if "from" in table.values else "from", "is missing; give both hours or none.")
    hours = (_clock(table, "from"), _clock(table, "to")) if "from" in table.values else (None, None)
    members = table.texts("members")
    if not members:
        raise table.error("members", "is empty; name at least one person.")
    return Layer(members, _day(table, "first_turn"), _clock(table, "hand_over"), int(days), *hours)


def _temporary(table: Table) -> Temporary:
    table.refuse_unknown({"title", "starts", "ends", "shift"})
    starts_at, ends_at = _span(table)
    shifts = tuple(_fixed(t, starts_at, ends_at) for t in table.tables("shift", lambda n, _: f"shift {n}"))
    return Temporary(table.text("title"), starts_at, ends_at, shifts)


def _fixed(table: Table, earliest: datetime, latest: datetime) -> FixedShift:
    table.refuse_unknown({"person", "starts", "ends"})
    starts_at, ends_at = _span(table)
    if starts_at < earliest or ends_at > latest:
        raise table.error("starts", "or ends lies outside the temporary schedule.")
    return FixedShift(table.text("person"), starts_at, ends_at)


def _policy(table: Table) -> EscalationPolicy:
    table.refuse_unknown({"code", "severities", "rounds", "then", "step"})
    steps = tuple(_step(t) for t in table.tables("step", lambda n, _: f"step {n}"))
    if not 0 < len(steps) <= MOST_STEPS:
        raise table.error("step", f"stands {len(steps)} times; give 1 to {MOST_STEPS} [[policy.step]].")
    rounds = table.number("rounds", 1)
    if rounds not in range(1, 11):
        raise table.error("rounds", f"is {rounds:g}; give a whole number from 1 to 10.")
    return EscalationPolicy(_code(table), _severities(table), steps, int(rounds), table.optional_text("then"))


def _step(table: Table) -> EscalationStep:
    table.refuse_unknown({"targets", "wait_min"})
    targets = table.texts("targets")
    for target in targets:
        if not _TARGET.fullmatch(target):
            raise table.error("targets", f"holds {target!r}; give operator, rota:CODE or person:CODE.")
    if not targets:
        raise table.error("targets", "is empty; name whom the step tells.")
    return EscalationStep(targets, _minutes(table, "wait_min", 10, least=1))


def _code(table: Table) -> str:
    code = table.text("code")
    if not _CODE.fullmatch(code):
        raise table.error("code", f"{code!r} is no code; use up to 64 letters without accents, digits, and . _ -")
    return code


def _severities(table: Table) -> tuple[Severity, ...]:
    words = table.texts("severities")
    if not words:
        raise table.error("severities", "is missing; give a list such as ['high', 'critical'].")
    return tuple(
        Table({"severities": word}, table.source, table.where).member("severities", Severity) for word in words
    )


def _minutes(table: Table, key: str, default: float, *, least: float) -> timedelta:
    minutes = table.number(key, default)
    if not least <= minutes <= 1440:
        raise table.error(key, f"is {minutes:g}; give {least:g} to 1440 minutes.")
    return timedelta(minutes=minutes)


def _day(table: Table, key: str) -> date:
    """Return a day, which JSON holds as a text and TOML as a date."""
    value = table.values.get(key)
    if not isinstance(value, str):
        return table.day(key)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise table.error(key, f"is {value!r}; give a day such as 2026-11-02.") from None


def _clock(table: Table, key: str) -> time:
    value = table.values.get(key)
    if isinstance(value, time):
        return value
    text = table.text(key)
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise table.error(key, f"is {text!r}; give a time of day such as 07:00.") from None
    if clock.tzinfo is not None:
        raise table.error(key, f"is {text!r}; give Vietnam's time without an offset.")
    return clock


def _span(table: Table) -> tuple[datetime, datetime]:
    starts_at, ends_at = _instant(table, "starts"), _instant(table, "ends")
    if starts_at >= ends_at:
        raise table.error("ends", "is not later than starts.")
    return starts_at, ends_at


def _instant(table: Table, key: str) -> datetime:
    value = table.values.get(key)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise table.error(key, f"is {value!r}; give a date with a time, 2027-02-05T07:00:00.") from None
    if not isinstance(value, datetime):
        raise table.error(key, "is missing or no date with a time; give one such as 2027-02-05T07:00:00.")
    return value if value.tzinfo is not None else value.replace(tzinfo=VIETNAM)


def _distinct(top: Table, kind: str, entries: Iterator[Any]) -> tuple[Any, ...]:
    found: dict[str, Any] = {}
    for entry in entries:
        if entry.code in found:
            raise Table({}, top.source, f"{kind} {entry.code}").error("code", "stands twice; leave one out.")
        found[entry.code] = entry
    return tuple(found.values())
