"""Whether our dashboards are what Grafana's makers publish as their form: every panel, option and field of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.protocols import Validator

from dashboards.grafana import Dashboard, Json

_FOLDER = Path(__file__).parent / "schema"
SCHEMAS = {"11.6": "grafana-11.6.json", "12": "grafana-12.json"}
"""Published schema by version: of 11.6, and of 12 and newer (the makers give those one)."""


def check(dashboards: Iterable[Dashboard]) -> list[str]:
    """Return what differs from the published schemas, a sentence each; an empty list: nothing does."""
    return [
        f"Grafana {version}: {dashboard.title}: {fault}"
        for dashboard in dashboards
        for version in SCHEMAS
        for fault in faults(dashboard.to_json(), version)
    ]


def faults(document: Json, version: str) -> Iterator[str]:
    """Yield what in a dashboard's JSON is not as a version's schema has it."""
    schema = _schema(version)
    # The form of a panel is one of two, a row or any other: told of each by itself, the fault has its name.
    panels = document["panels"]
    yield from _told("", _validator(version, "dashboard", "Dashboard"), document | {"panels": []})
    for panel in panels:
        yield from _told(panel["title"], _validator(version, "dashboard", "Panel"), panel)
        kind = panel["type"]
        if kind not in schema["panels"]:
            yield f"{panel['title']}: the kind of panel {kind!r} is not known."
            continue
        yield from _told(f"{panel['title']}, options", _validator(version, kind, "Options"), panel["options"])
        custom = panel["fieldConfig"]["defaults"].get("custom", {})
        for override in panel["fieldConfig"]["overrides"]:
            plain = {p["id"]: p["value"] for p in override["properties"] if "custom." not in p["id"]}
            name = f"{panel['title']}, column {override['matcher']['options']}"
            yield from _told(name, _validator(version, "dashboard", "FieldConfig"), plain)
            own = {p["id"].removeprefix("custom."): p["value"] for p in override["properties"] if "custom." in p["id"]}
            if "FieldConfig" in schema["panels"][kind]["definitions"]:
                yield from _told(name, _validator(version, kind, "FieldConfig"), custom | own)


def _told(where: str, validator: Validator, document: Any) -> Iterator[str]:
    for error in validator.iter_errors(document):
        place = ".".join(str(part) for part in error.absolute_path)
        yield f"{where}{f', {place}' if place else ''}: {error.message[:300]}".removeprefix(", ")


@cache
def _validator(version: str, part: str, definition: str) -> Validator:
    schema = _schema(version)
    base = schema["dashboard"] if part == "dashboard" else schema["panels"][part]
    return Draft7Validator({"$ref": f"#/definitions/{definition}", "definitions": base["definitions"]})


@cache
def _schema(version: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / SCHEMAS[version]).read_text("utf-8"))
    return loaded
