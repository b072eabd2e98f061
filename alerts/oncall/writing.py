"""People, rotas and escalation policies, written: as JSON documents for the database, and as TOML for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from quantrac.domain.oncall import EscalationPolicy, Layer, OnCall, Person, Rota
from quantrac.domain.stations import VIETNAM


def documents(oncall: OnCall) -> dict[str, list[dict[str, Any]]]:
    """Return people, rotas and policies as JSON documents with the keys of the TOML file."""
    return {
        "person": [_person_document(p) for p in oncall.people],
        "rota": [_rota_document(r) for r in oncall.rotas],
        "policy": [_policy_document(p) for p in oncall.policies],
    }


def export(oncall: OnCall) -> str:
    """Return the document as TOML that ``document.parse`` reads back; verification is not part of it."""
    lines: list[str] = []
    for kind, entries in documents(oncall).items():
        for entry in entries:
            lines += _toml(entry, kind)
    return "\n".join(lines) + "\n"


def as_toml(document: Mapping[str, Any], kind: str) -> str:
    """Return one document as the lines of the TOML file."""
    return "\n".join(_toml(dict(document), kind)).strip()


def _person_document(person: Person) -> dict[str, Any]:
    document: dict[str, Any] = {"code": person.code, "name": person.name, "role": person.role.value}
    if person.phone is not None:
        document["phone"] = person.phone
    if person.stations:
        document["stations"] = [*person.stations]
    if person.quiet is not None:
        hours = {"from": f"{person.quiet.starts:%H:%M}", "to": f"{person.quiet.ends:%H:%M}"}
        document["quiet"] = hours | {"severities": [s.value for s in person.quiet.severities]}
    document["channel"] = [
        {"kind": c.kind.value, "address": c.address, "delay_min": c.delay / timedelta(minutes=1)}
        for c in sorted(person.channels, key=lambda c: c.position)
    ]
    return document


def _rota_document(rota: Rota) -> dict[str, Any]:
    layers = [_layer_document(layer) for layer in rota.layers]
    temporaries = [
        {
            "title": t.title,
            **_times(t.starts_at, t.ends_at),
            "shift": [{"person": s.person, **_times(s.starts_at, s.ends_at)} for s in t.shifts],
        }
        for t in rota.temporaries
    ]
    return {"code": rota.code, "title": rota.title, "layer": layers, "temporary": temporaries}


def _layer_document(layer: Layer) -> dict[str, Any]:
    document: dict[str, Any] = {
        "members": [*layer.members],
        "first_turn": layer.first_turn.isoformat(),
        "hand_over": f"{layer.hand_over:%H:%M}",
        "turn_days": layer.turn_days,
    }
    if layer.starts is not None and layer.ends is not None:
        document |= {"from": f"{layer.starts:%H:%M}", "to": f"{layer.ends:%H:%M}"}
    return document


def _policy_document(policy: EscalationPolicy) -> dict[str, Any]:
    document: dict[str, Any] = {
        "code": policy.code,
        "severities": [s.value for s in policy.severities],
        "rounds": policy.rounds,
    }
    if policy.then is not None:
        document["then"] = policy.then
    steps = [{"targets": [*s.targets], "wait_min": s.wait / timedelta(minutes=1)} for s in policy.steps]
    return document | {"step": steps}


def _times(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    return {
        "starts": starts_at.astimezone(VIETNAM).isoformat(),
        "ends": ends_at.astimezone(VIETNAM).isoformat(),
    }


def _toml(entry: dict[str, Any], path: str) -> Iterator[str]:
    """Yield an entry as lines of TOML; tables come last, as the format wants."""
    yield f"[[{path}]]"
    nested: list[tuple[str, Sequence[dict[str, Any]]]] = []
    for key, value in entry.items():
        if isinstance(value, list) and (not value or isinstance(value[0], dict)):
            nested.append((key, value))
        elif isinstance(value, dict):
            inner = ", ".join(f"{k} = {_value(k, v)}" for k, v in value.items())
            yield f"{key} = {{ {inner} }}"
        else:
            yield f"{key} = {_value(key, value)}"
    yield ""
    for key, entries in nested:
        for inside in entries:
            yield from _toml(inside, f"{path}.{key}")


def _value(key: str, value: object) -> str:
    if key == "first_turn":
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(_value('', v) for v in value)}]"
    # JSON's strings are TOML's basic strings, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else f"{value:g}"
