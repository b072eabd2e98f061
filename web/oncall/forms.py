"""Documents of people, rotas and policies out of the fields of a form, with the keys of the TOML file.

A layer without members, a temporary schedule without a title, a shift without a person and a step without targets are
left out: that is how one is removed. Everything else is kept as it was entered, for the document's checks to judge.
"""

from __future__ import annotations

from typing import Any, Protocol

from quantrac.domain.alerts import Severity
from quantrac.domain.oncall import PersonRole

MOST_LAYERS, MOST_TEMPORARIES, MOST_SHIFTS, MOST_STEPS = 10, 12, 60, 20
MOST_FIELDS = 2000


class Fields(Protocol):
    """The form of a visit."""

    def text(self, name: str, longest: int = 4000) -> str:
        """Return a field; empty where it is not."""
        ...

    def texts(self, name: str, longest: int = 200) -> list[str]:
        """Return the values of a field that stands several times."""
        ...


def document_of(kind: str, fields: Fields) -> dict[str, Any]:
    """Return the document that a form describes."""
    return {"person": _person, "rota": _rota, "policy": _policy}[kind](fields)


def _person(fields: Fields) -> dict[str, Any]:
    document: dict[str, Any] = {"code": fields.text("code", 64), "name": fields.text("name", 200)}
    role = fields.text("role", 20)
    document["role"] = role
    if fields.text("phone", 40):
        document["phone"] = fields.text("phone", 40)
    stations = [s for text in fields.texts("stations", 2000) for s in text.replace(",", " ").split()]
    if stations:
        document["stations"] = stations
    if fields.text("quiet_from", 10) or fields.text("quiet_to", 10):
        document["quiet"] = {
            "from": fields.text("quiet_from", 10),
            "to": fields.text("quiet_to", 10),
            "severities": fields.texts("quiet_severities", 20) or [Severity.INFO.value, Severity.WARNING.value],
        }
    return document


def _rota(fields: Fields) -> dict[str, Any]:
    layers = (_layer(fields, f"layer{n}_") for n in range(MOST_LAYERS + 1))
    temporaries = (_temporary(fields, f"temporary{n}_") for n in range(MOST_TEMPORARIES + 1))
    return {
        "code": fields.text("code", 64),
        "title": fields.text("title", 200),
        "layer": [layer for layer in layers if layer["members"]],
        "temporary": [t for t in temporaries if t["title"]],
    }


def _layer(fields: Fields, at: str) -> dict[str, Any]:
    layer: dict[str, Any] = {
        "members": fields.texts(f"{at}members", 64),
        "first_turn": fields.text(f"{at}first_turn", 20),
        "hand_over": fields.text(f"{at}hand_over", 10),
        "turn_days": _number(fields.text(f"{at}turn_days", 10)),
    }
    hours = {"from": fields.text(f"{at}from", 10), "to": fields.text(f"{at}to", 10)}
    return layer | {key: value for key, value in hours.items() if value}


def _temporary(fields: Fields, at: str) -> dict[str, Any]:
    shifts = (
        {
            "person": fields.text(f"{at}shift{n}_person", 64),
            "starts": fields.text(f"{at}shift{n}_starts", 30),
            "ends": fields.text(f"{at}shift{n}_ends", 30),
        }
        for n in range(MOST_SHIFTS + 1)
    )
    return {
        "title": fields.text(f"{at}title", 200),
        "starts": fields.text(f"{at}starts", 30),
        "ends": fields.text(f"{at}ends", 30),
        "shift": [shift for shift in shifts if shift["person"]],
    }


def _policy(fields: Fields) -> dict[str, Any]:
    steps = (
        {"targets": fields.texts(f"step{n}_targets", 80), "wait_min": _number(fields.text(f"step{n}_wait_min", 10))}
        for n in range(MOST_STEPS + 1)
    )
    document: dict[str, Any] = {
        "code": fields.text("code", 64),
        "severities": fields.texts("severities", 20),
        "rounds": _number(fields.text("rounds", 10)),
        "step": [step for step in steps if step["targets"]],
    }
    if fields.text("then", 64):
        document["then"] = fields.text("then", 64)
    return document


def _number(text: str) -> float | str:
    """Return a number as it was entered; what is none stays a text, which the document's checks refuse."""
    try:
        return int(text) if text.isdecimal() else float(text.replace(",", "."))
    except ValueError:
        return text


def blank(kind: str) -> dict[str, Any]:
    """Return what the form of something new begins with."""
    if kind == "person":
        return {"code": "", "name": "", "role": PersonRole.OFFICER.value}
    if kind == "rota":
        return {"code": "", "title": "", "layer": [], "temporary": []}
    return {"code": "", "severities": [], "rounds": 1, "step": []}
