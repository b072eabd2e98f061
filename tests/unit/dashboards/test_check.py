"""Our dashboards against the form that Grafana's makers publish."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.catalogue import dashboards
from dashboards.check import SCHEMAS, check, faults

Json = dict[str, Any]


def test_every_dashboard_is_as_each_supported_version_has_it() -> None:
    assert check(dashboards()) == []


def _renamed_option(panel: Json) -> None:
    panel["options"]["showHeadr"] = True


def _wrong_kind(panel: Json) -> None:
    panel["type"] = "tabel"


def _wrong_unit(panel: Json) -> None:
    panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "unit", "value": 3})


def _unknown_cell(panel: Json) -> None:
    panel["fieldConfig"]["overrides"][0]["properties"].append({"id": "custom.widht", "value": 3})


def _no_place(panel: Json) -> None:
    panel["gridPos"] = {"x": "0"}


@pytest.mark.parametrize("version", SCHEMAS)
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_renamed_option, "showHeadr"),
        (_wrong_kind, "'tabel' is not known"),
        (_wrong_unit, "unit: 3 is not of type 'string'"),
        (_unknown_cell, "widht"),
        (_no_place, "gridPos"),
    ],
)
def test_a_mistake_is_named(spoil: Any, told: str, version: str) -> None:
    document = dashboards()[0].to_json()
    panel = next(p for p in document["panels"] if p["type"] == "table")
    spoil(panel)
    found = list(faults(document, version))
    assert any(told in fault and panel["title"] in fault for fault in found), found
