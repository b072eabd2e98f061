"""The dashboards' JSON: what Grafana needs to find in it, and what our officers do."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from dashboards import words
from dashboards.catalogue import dashboards
from dashboards.grafana import Dashboard, Row
from dashboards.queries import query

ALL = [pytest.param(d, id=d.uid) for d in dashboards()]
QUERIES = Path(__file__).parents[3] / "dashboards" / "queries"


@pytest.fixture(params=ALL)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The JSON as it leaves us."""
    dashboard: Dashboard = request.param
    loaded: dict[str, Any] = json.loads(json.dumps(dashboard.to_json()))
    return loaded


def test_panels_do_not_overlap_and_stay_in_the_grid(document: dict[str, Any]) -> None:
    def cells(panel: dict[str, Any]) -> set[tuple[int, int]]:
        g = panel["gridPos"]
        assert g["x"] + g["w"] <= 24
        return {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])}

    for one, other in combinations(document["panels"], 2):
        assert not cells(one) & cells(other)


def test_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in document["panels"]:
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def test_everything_asks_our_data_source(document: dict[str, Any]) -> None:
    expected = {"type": "grafana-postgresql-datasource", "uid": "quantrac"}
    for panel in document["panels"]:
        assert panel["datasource"] == expected
        assert all(target["datasource"] == expected for target in panel["targets"])
    assert all(variable["datasource"] == expected for variable in document["templating"]["list"])


def test_titles_and_descriptions_are_vietnamese_first_then_english(document: dict[str, Any]) -> None:
    vietnamese = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)
    texts = [document["title"], document["description"]]
    texts += [panel[key] for panel in document["panels"] for key in ("title", "description")]
    texts += [variable["label"] for variable in document["templating"]["list"]]
    for text in texts:
        first, separator, second = text.partition(" · ")
        assert separator, text
        assert vietnamese.search(first), text
        assert not vietnamese.search(second), text


def test_every_variable_that_a_query_uses_exists_and_is_quoted(document: dict[str, Any]) -> None:
    names = {variable["name"] for variable in document["templating"]["list"]}
    queries = [target["rawSql"] for panel in document["panels"] for target in panel["targets"]]
    queries += [variable["query"] for variable in document["templating"]["list"]]
    for sql in queries:
        assert "--@" not in sql
        for expression in re.findall(r"\$\{[^}]*\}", sql):
            assert expression in {f"${{{name}:sqlstring}}" for name in names}


def test_the_map_asks_nobody_outside(document: dict[str, Any]) -> None:
    maps = [panel for panel in document["panels"] if panel["type"] == "geomap"]
    assert maps
    for panel in maps:
        assert "http" not in json.dumps(panel["options"])
        assert panel["options"]["basemap"]["config"]["url"].startswith("data:image/png;base64,")
        markers = panel["options"]["layers"][-1]
        assert markers["location"] == {"mode": "coords", "latitude": "latitude", "longitude": "longitude"}


def test_colours_are_those_of_envisoft() -> None:
    # Statuses and colours of the system that the centre's staff know; its purple has no published number.
    published = {
        "GOOD": "#1dce6c",
        "TENDENCY": "#F1D748",
        "PREPARING": "#F08432",
        "EXCEED": "#EA3223",
        "OFFLINE": "#999999",
        "ERROR": "#ff7e00",
    }
    ours = {status.text.en: status.color for status in words.STATION_STATUSES}
    assert ours.keys() == published.keys() | {"ADJUSTING"}
    assert {name: ours[name] for name in published} == published
    assert [status.rank for status in words.STATION_STATUSES] == list(range(7))


def test_every_query_file_is_used() -> None:
    used = {target.sql for d in dashboards() for panel in d.panels for target in panel.targets}
    used |= {variable.sql for d in dashboards() for variable in d.variables}
    assert {file.stem for file in QUERIES.glob("*.sql") if query(file.stem) not in used} == set()


def test_a_row_that_is_too_wide_is_refused() -> None:
    panel = dashboards()[0].panels[0]
    wide = Dashboard("x", "x", "x", (Row(4, ((20, panel), (5, panel))),))
    with pytest.raises(ValueError, match="25 columns wide"):
        wide.to_json()
