"""Panels of each kind with the options that all our dashboards share."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.grafana import Column, Json, Panel, Target

BLANK_TILE = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
"""A transparent picture in place of a tile server: the map asks nobody outside where our officers look."""

_TEXT_IN_CELL: Mapping[str, object] = {"cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}


def colored_cell(width: int | None = None) -> dict[str, object]:
    """Return the options of a table column whose cell takes the colour of its value."""
    cell: dict[str, object] = {"cellOptions": {"type": "color-background", "mode": "basic"}}
    return cell if width is None else {**cell, "width": width}


def table(title: str, description: str, target: Target) -> Panel:
    """Return a table."""
    return Panel(
        "table",
        title,
        description,
        (target,),
        options={"showHeader": True, "cellHeight": "sm"},
        defaults={"custom": dict(_TEXT_IN_CELL), "noValue": "-"},
    )


def numbers(title: str, description: str, target: Target) -> Panel:
    """Return big numbers, one for each column of the single row that the query returns."""
    return Panel(
        "stat",
        title,
        description,
        (target,),
        options={
            "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""},
            "orientation": "vertical",
            "textMode": "value_and_name",
            "colorMode": "background_solid",
            "graphMode": "none",
            "justifyMode": "center",
        },
    )


def lines(title: str, description: str, *targets: Target, unit: str | None = None, interval: str) -> Panel:
    """Return lines over time."""
    defaults: Json = {"custom": {"drawStyle": "line", "lineWidth": 1, "showPoints": "auto", "spanNulls": False}}
    if unit is not None:
        defaults["unit"] = unit
    return Panel(
        "timeseries",
        title,
        description,
        targets,
        options={
            "legend": {
                "showLegend": True,
                "displayMode": "table",
                "placement": "bottom",
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "none"},
        },
        defaults=defaults,
        interval=interval,
    )


def markers_map(title: str, description: str, target: Target, *, color_by: str, label: str) -> Panel:
    """Return a map with a marker for each row, at its ``latitude`` and ``longitude``, that needs no outside server."""
    markers = {
        "type": "markers",
        "name": "Trạm · Stations",
        "tooltip": True,
        "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
        "config": {
            "showLegend": False,
            "style": {
                "size": {"fixed": 9, "min": 2, "max": 15},
                "color": {"field": color_by, "fixed": "gray"},
                "opacity": 0.9,
                "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
                "text": {"mode": "field", "field": label, "fixed": ""},
                "textConfig": {"fontSize": 10, "offsetX": 0, "offsetY": -14, "textAlign": "center"},
            },
        },
    }
    outlines = {
        "type": "geojson",
        "name": "Đường bờ · Outlines",
        "tooltip": False,
        # Grafana carries this file itself.
        "config": {
            "src": "public/maps/countries.geojson",
            "rules": [],
            "style": {"color": {"fixed": "#8ab8ff"}, "opacity": 0.1, "lineWidth": 1},
        },
    }
    return Panel(
        "geomap",
        title,
        description,
        (target,),
        options={
            "view": {"id": "fit", "allLayers": False, "layer": markers["name"], "padding": 12, "maxZoom": 13},
            "basemap": {"type": "xyz", "name": "Nền · Background", "config": {"url": BLANK_TILE, "attribution": ""}},
            "layers": [outlines, markers],
            "controls": {"showZoom": True, "mouseWheelZoom": True, "showScale": True, "showAttribution": False},
            "tooltip": {"mode": "details"},
        },
    )


def row_of_counts(*columns: tuple[str, str, str]) -> tuple[Column, ...]:
    """Return the columns (name, title, colour) of :func:`numbers`; a count of 0 is drawn without its colour."""
    return tuple(
        Column(name, title, decimals=0, steps=((None, "rgba(128, 128, 128, 0.25)"), (1, color)))
        for name, title, color in columns
    )
