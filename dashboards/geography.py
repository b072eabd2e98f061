"""The map: stations over a sketch of the province and its rivers, without any outside server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dashboards.grafana import Column, Json, Panel, Target
from quantrac.errors import SettingsError

BLANK_TILE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII="
)
"""A transparent picture in place of a tile server: the map asks nobody outside where our officers look."""
SKETCH = Path(__file__).parent / "maps" / "sketch.json"
MOST_POINTS = 5000
"""Of all lines together: they travel with every refresh."""
_CENTRE: Json = {"id": "coords", "lat": 10.42, "lon": 106.12, "zoom": 9, "maxZoom": 16}
"""The province as it is since July 2025: every station in a panel of half a screen beside the menu.

A zoom of its own, for with ``fit`` Grafana 12.3 leaps back at every refresh from where somebody looks; and a whole one,
as the makers' schema wants it. Without ``minZoom``, which it takes for the largest.
"""


@dataclass(frozen=True, slots=True)
class Outline:
    """A line of the map: a border or a river."""

    name: str
    points: tuple[tuple[float, float], ...]
    """Longitude and latitude."""
    color: str
    width: int

    @property
    def sql(self) -> str:
        """A query that returns the points in order: Grafana's map draws lines of rows, with no file of its own."""
        rows = ", ".join(f"({n}, {lon:g}, {lat:g})" for n, (lon, lat) in enumerate(self.points))
        return f"SELECT longitude, latitude FROM (VALUES {rows}) AS points (n, longitude, latitude) ORDER BY n"  # noqa: S608 - numbers only


@cache
def outlines(file: Path = SKETCH) -> tuple[Outline, ...]:
    """Return the lines of a GeoJSON file: LineString and Polygon features, with ``color`` and ``width`` if they say.

    Raises
    ------
    SettingsError
        The file is no GeoJSON with such features, or has more than :data:`MOST_POINTS` points.
    """
    try:
        document = json.loads(file.read_text("utf-8"))
        lines = tuple(line for feature in document["features"] for line in _lines(feature))
    except OSError as exc:
        raise SettingsError(f"The map's outline {file} cannot be read ({exc.strerror}).") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise SettingsError(f"The map's outline {file} is no GeoJSON with features ({exc!r}).") from exc
    points = sum(len(line.points) for line in lines)
    if not lines or points > MOST_POINTS:
        raise SettingsError(
            f"The map's outline {file} has {points} points; 1 to {MOST_POINTS} can be drawn: simplify it."
        )
    return lines


def _lines(feature: dict[str, Any]) -> list[Outline]:
    geometry, properties = feature["geometry"], feature.get("properties") or {}
    kind, coordinates = geometry["type"], geometry["coordinates"]
    parts: list[Any] = {
        "LineString": [coordinates],
        "MultiLineString": coordinates,
        "Polygon": coordinates,
        "MultiPolygon": [ring for polygon in coordinates for ring in polygon] if kind == "MultiPolygon" else [],
    }.get(kind, [])
    name = str(properties.get("name", "Ranh giới"))
    color, width = str(properties.get("color", "#8a8f98")), int(properties.get("width", 2))
    return [Outline(name, tuple((float(point[0]), float(point[1])) for point in part), color, width) for part in parts]


def markers_map(
    title: str, description: str, target: Target, *, color_by: str, label: str, file: Path = SKETCH
) -> Panel:
    """Return a map with a marker for each row, at its ``latitude`` and ``longitude``, over the lines of a file."""
    drawn = outlines(file)
    targets = (target, *(Target(line.sql, (_position("longitude"), _position("latitude"))) for line in drawn))
    return Panel(
        "geomap",
        title,
        description,
        targets,
        options={
            "view": dict(_CENTRE),
            "basemap": {"type": "xyz", "name": "Nền", "config": {"url": BLANK_TILE, "attribution": ""}},
            "layers": [*(_line(line, ref(n + 1)) for n, line in enumerate(drawn)), _markers(color_by), _names(label)],
            "controls": {"showZoom": True, "mouseWheelZoom": False, "showScale": True, "showAttribution": False},
            "tooltip": {"mode": "details"},
        },
    )


def ref(number: int) -> str:
    """Return the letter under which a panel's query stands."""
    return chr(ord("A") + number)


def _position(name: str) -> Column:
    return Column(name, name)


def _line(line: Outline, ref_id: str) -> Json:
    return {
        "type": "route",
        "name": f"{line.name} ({ref_id})",
        "tooltip": False,
        "filterData": {"id": "byRefId", "options": ref_id},
        "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
        "config": {"style": {"color": {"fixed": line.color}, "opacity": 1, "lineWidth": line.width}, "arrow": 0},
    }


def _markers(color_by: str) -> Json:
    return _layer("Trạm", {
        "size": {"fixed": 8, "min": 2, "max": 15},
        "color": {"field": color_by, "fixed": "#6b6f76"},
        "opacity": 1,
    }, tooltip=True)  # fmt: skip


def _names(label: str) -> Json:
    """Return the names in the theme's colour of text: those of the markers' layer would have the markers' colours."""
    return _layer("Tên trạm", {
        "size": {"fixed": 2, "min": 2, "max": 15},
        "color": {"fixed": "text"},
        "opacity": 0,
        "text": {"mode": "field", "field": label, "fixed": ""},
        "textConfig": {
            "fontSize": 12, "offsetX": 0, "offsetY": -15, "textAlign": "center", "textBaseline": "middle",
        },
    }, tooltip=False)  # fmt: skip


def _layer(name: str, style: Json, *, tooltip: bool) -> Json:
    return {
        "type": "markers",
        "name": name,
        "tooltip": tooltip,
        "filterData": {"id": "byRefId", "options": ref(0)},
        "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
        "config": {
            "showLegend": False,
            "style": style | {"symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"}},
        },
    }
