"""The dashboards' JSON: what Grafana needs to find in it, and what our officers do."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from dashboards import words
from dashboards.catalogue import dashboards
from dashboards.geography import BLANK_TILE, outlines
from dashboards.grafana import Choice, Dashboard, Row
from dashboards.queries import query
from models.protocol import TriageClass
from quantrac.domain.alerts import AlertKind, Cause, Severity
from quantrac.domain.channels import ChannelKind
from quantrac.domain.deadletters import RejectReason
from quantrac.domain.incidents import IncidentCause, IncidentState, Topic
from quantrac.domain.presence import Defect
from quantrac.domain.progress import BreakKind
from quantrac.domain.readings import Flag, QcReason, Status
from quantrac.domain.stations import StationKind
from quantrac.domain.statuses import LOOKS, status_of_rank
from quantrac.errors import SettingsError
from quantrac.registry import load_registry, sample_province

ALL = [pytest.param(d, id=d.uid) for d in dashboards()]
VIETNAMESE = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)
BACKGROUNDS = {words.GOOD, words.TENDENCY, words.PREPARING, words.EXCEED, words.ADJUSTING, words.ERROR, words.OFFLINE,
               words.INCIDENT}  # fmt: skip
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


def test_titles_are_short_and_vietnamese_and_descriptions_say_it_in_english_too(document: dict[str, Any]) -> None:
    titles = [document["title"]] + [panel["title"] for panel in document["panels"]]
    assert all(title and "·" not in title and len(title) <= 40 for title in titles)
    for text in [document["description"]] + [panel["description"] for panel in document["panels"]]:
        first, separator, second = text.partition(" · ")
        assert separator, text
        assert VIETNAMESE.search(first), text
        assert not VIETNAMESE.search(second), text
    headers = [title for panel in document["panels"] for title in _display_names(panel)]
    assert all(len(header) <= 30 and " · " not in header for header in headers)


def _display_names(panel: dict[str, Any]) -> list[str]:
    properties = [p for override in panel["fieldConfig"]["overrides"] for p in override["properties"]]
    return [p["value"] for p in properties if p["id"] == "displayName"]


def test_no_instant_is_shown_in_the_browsers_own_way(document: dict[str, Any]) -> None:
    units = [p["value"] for panel in document["panels"] for override in panel["fieldConfig"]["overrides"]
             for p in override["properties"] if p["id"] == "unit"]  # fmt: skip
    assert not {unit for unit in units if unit.startswith("dateTime")}
    assert {unit for unit in units if unit.startswith("time:")} <= {
        "time:DD/MM HH:mm",
        "time:DD/MM/YYYY",
        "time:MM/YYYY",
    }


def test_text_on_a_colour_is_read(document: dict[str, Any]) -> None:
    """WCAG 2.1 AA, 4.5, with the text that Grafana chooses: dark above a brightness of 180, else light."""
    for color in set(re.findall(r"#[0-9a-fA-F]{6}", json.dumps(document["panels"]))) & BACKGROUNDS:
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        text = "#202226" if (299 * red + 587 * green + 114 * blue) / 1000 > 180 else "#f7f8fa"
        assert _contrast(color, text) >= 4.5, color


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted(_luminance(color) for color in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_legend_has_no_word_of_grafanas(document: dict[str, Any]) -> None:
    """ "Last *", "Max" and "Total" are its own, in English."""
    legends = [panel["options"]["legend"] for panel in document["panels"] if "legend" in panel["options"]]
    assert all(legend["calcs"] == [] for legend in legends)


def test_what_is_wrong_is_never_drawn_in_green() -> None:
    (flags,) = [panel for d in dashboards() for panel in d.panels if panel.title.startswith("Số liệu bị đánh dấu")]
    assert {column.name for column in flags.heads} == {reason.value for reason in words.QC_REASONS}
    assert all(column.color not in {None, words.GOOD} for column in flags.heads)


def test_a_number_that_leads_to_an_incident_is_the_incidents_own() -> None:
    panels = [panel for d in dashboards("https://q.example.vn") for panel in d.panels]
    columns = [column for panel in panels for target in panel.targets for column in target.columns if column.link]
    urls = [(column.name, column.link.url) for column in columns if column.link and "/incidents/" in column.link.url]
    assert len(urls) == 4
    assert all(url.endswith(f"/incidents/${{__data.fields.{name}}}") for name, url in urls)


def test_every_variable_that_a_query_uses_exists_and_is_quoted(document: dict[str, Any]) -> None:
    names = {variable["name"] for variable in document["templating"]["list"]}
    queries = [target["rawSql"] for panel in document["panels"] for target in panel["targets"]]
    queries += [variable["query"] for variable in document["templating"]["list"]]
    queries += [annotation["target"]["rawSql"] for annotation in document["annotations"]["list"]]
    for sql in queries:
        for expression in re.findall(r"\$\{[^}]*\}", sql):
            assert expression in {f"${{{name}:sqlstring}}" for name in names}


def test_nothing_of_a_dashboard_names_another_host(document: dict[str, Any]) -> None:
    assert "http:" not in json.dumps(document)
    assert "https:" not in json.dumps(document)
    for panel in document["panels"]:
        if panel["type"] == "geomap":
            options = panel["options"]
            assert options["basemap"]["config"]["url"].startswith("data:image/png;base64,")
            assert options["view"]["id"] == "coords", "fit shows the world in Grafana 12.3"
            assert {layer["type"] for layer in options["layers"]} == {"route", "markers"}


def test_the_blank_tile_is_transparent() -> None:
    picture = base64.b64decode(BLANK_TILE.partition(",")[2])
    data = picture[picture.index(b"IDAT") + 4 : picture.index(b"IEND") - 8]
    assert zlib.decompress(data) == b"\0" + bytes(4), "one pixel, filter 0, RGBA 0"


def test_every_status_has_its_own_sign_colour_and_word() -> None:
    statuses = words.STATION_STATUSES
    assert [status.rank for status in statuses] == list(range(8))
    for name in ("mark", "color", "text", "column"):
        assert len({getattr(status, name) for status in statuses}) == len(statuses)
    assert [status.text for status in statuses] == [LOOKS[status_of_rank(status.rank)].text for status in statuses]


@pytest.mark.parametrize(
    ("text", "match"),
    [("no", "is no GeoJSON"), ("{}", "is no GeoJSON"), ('{"features": []}', "0 points"), (None, "cannot be read")],
)
def test_an_outline_that_is_none_is_refused(text: str | None, match: str, tmp_path: Path) -> None:
    file = tmp_path / "outline.json"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=match):
        outlines(file)


def test_every_query_file_is_used() -> None:
    used = {target.sql for d in dashboards() for panel in d.panels for target in panel.targets}
    used |= {variable.sql for d in dashboards() for variable in d.variables}
    used |= {annotation.sql for d in dashboards() for annotation in d.annotations}
    assert {file.stem for file in QUERIES.glob("*.sql") if query(file.stem) not in used} == set()


def test_a_row_that_is_too_wide_is_refused() -> None:
    panel = dashboards()[0].panels[0]
    wide = Dashboard("x", "x", "x", (Row(4, ((20, panel), (5, panel))),))
    with pytest.raises(ValueError, match="25 columns wide"):
        wide.to_json()


def test_an_incident_leads_to_its_page_where_there_is_one() -> None:
    shown = {d.uid: json.dumps(d.to_json()) for d in dashboards("https://quantrac.example.vn/")}
    for uid, field in (("quantrac-overview", "incident"), ("quantrac-station", "incident"), ("quantrac-alerts", "id")):
        assert f'"https://quantrac.example.vn/incidents/${{__data.fields.{field}}}"' in shown[uid], uid
    assert all("/incidents/" not in json.dumps(d.to_json()) for d in dashboards())


@pytest.mark.parametrize(
    ("choices", "codes"),
    [
        (words.QC_REASONS, set(QcReason) - {QcReason.FIRST_READING}),
        (words.REJECT_REASONS, RejectReason),
        (words.ALERT_KINDS, AlertKind),
        (words.SEVERITIES, Severity),
        (words.TRIAGE_CLASSES, TriageClass),
        (words.CAUSES, {*Cause, *IncidentCause, ""}),
        (words.INCIDENT_STATES, IncidentState),
        (words.INCIDENT_TOPICS, Topic),
        (words.LOGGER_STATUSES, Status),
        (words.FLAGS, {str(flag.value) for flag in Flag}),
        (words.KINDS, StationKind),
        (words.DEFECTS, Defect),
        (words.BREAKS, BreakKind),
        (words.CHANNEL_KINDS, ChannelKind),
    ],
)
def test_every_code_has_its_word(choices: Sequence[Choice], codes: Iterable[str]) -> None:
    assert {c.value for c in choices} >= {str(code) for code in codes}


def test_every_station_is_on_the_map_of_half_a_screen() -> None:
    (panel,) = [p for p in dashboards()[0].panels if p.kind == "geomap"]
    view: dict[str, Any] = panel.options["view"]  # type: ignore[assignment]
    px_per_degree = 256 * 2 ** view["zoom"] / 360
    for station in load_registry([sample_province()]).stations:
        east, north = station.longitude - view["lon"], station.latitude - view["lat"]
        assert abs(east) * px_per_degree < 250, station.code  # of 546, at 1440 px beside Grafana's menu
        assert abs(north) * px_per_degree < 200, station.code


def test_an_empty_table_says_so_in_words_and_an_empty_cell_by_a_dash(document: dict[str, Any]) -> None:
    for panel in document["panels"]:
        if panel["type"] in {"table", "timeseries", "status-history"}:
            assert VIETNAMESE.search(panel["fieldConfig"]["defaults"]["noValue"]), panel["title"]
        if panel["type"] == "table":
            first = panel["fieldConfig"]["overrides"][0]
            assert first["properties"] == [{"id": "noValue", "value": "-"}]


def test_fractions_are_written_in_the_browsers_language(document: dict[str, Any]) -> None:
    for panel in document["panels"]:
        for override in panel["fieldConfig"]["overrides"]:
            options = {p["id"]: p["value"] for p in override["properties"]}
            if panel["type"] == "table" and options.get("decimals", 0) > 0 and "unit" in options:
                assert options["unit"] in {"locale", "percentunit"}, (panel["title"], override["matcher"])
            assert "decimals" not in options or options["decimals"] == 0 or "unit" in options


def test_no_unit_of_time_speaks_english(document: dict[str, Any]) -> None:
    units = re.findall(r'"unit": "(s|ms|m|h|d|dtdurations|clocks)"', json.dumps(document))
    units += re.findall(r'"id": "unit", "value": "(s|ms|m|h|d|dtdurations|clocks)"', json.dumps(document))
    assert not units


def test_a_coloured_cell_without_a_value_is_not_green(document: dict[str, Any]) -> None:
    for panel in document["panels"]:
        for override in panel["fieldConfig"]["overrides"]:
            options = {p["id"]: p["value"] for p in override["properties"]}
            if options.get("custom.cellOptions", {}).get("type") != "color-background":
                continue
            shown = json.dumps(options.get("mappings", []))
            assert '"match": "null"' in shown or '"type": "value"' in shown, (panel["title"], override["matcher"])


def test_a_tile_finds_its_value_by_the_name_that_is_shown(document: dict[str, Any]) -> None:
    # Under another name Grafana finds nothing, and the wall says that no alert is open.
    for panel in document["panels"]:
        if not panel["options"].get("reduceOptions", {}).get("values"):
            continue
        overrides = {o["matcher"]["options"]: o["properties"] for o in panel["fieldConfig"]["overrides"]}
        (value,) = (name for name in overrides if re.fullmatch(panel["options"]["reduceOptions"]["fields"][1:-1], name))
        assert "displayName" not in {p["id"] for p in overrides[value]}
        assert "displayName" not in panel["fieldConfig"]["defaults"]
