"""A small typed model of Grafana's dashboard JSON (the classic model, as Grafana 11 and 12 read it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quantrac.domain.words import Bilingual

SCHEMA_VERSION = 41
"""``schemaVersion`` of Grafana 12.0; a newer Grafana migrates it when it loads the dashboard."""

GRID_COLUMNS = 24

DATASOURCE_UID = "quantrac"
DATASOURCE_TYPE = "grafana-postgresql-datasource"
DATASOURCE: Mapping[str, str] = {"type": DATASOURCE_TYPE, "uid": DATASOURCE_UID}

TAG = "quantrac"

DATE_FORMATS: Mapping[str, str] = {
    "full_date": "DD/MM/YYYY HH:mm:ss",
    "interval_second": "HH:mm:ss",
    "interval_minute": "HH:mm",
    "interval_hour": "DD/MM HH:mm",
    "interval_day": "DD/MM",
    "interval_month": "MM/YYYY",
    "interval_year": "YYYY",
    "use_browser_locale": "false",
    "default_timezone": "Asia/Ho_Chi_Minh",
    "default_week_start": "monday",
}
"""Grafana's section ``date_formats``: days before months on every axis, whatever language the browser speaks."""

Json = dict[str, Any]

_NOTHING: Json = {
    "type": "special",
    "options": {"match": "null", "result": {"text": "-", "color": "transparent", "index": 0}},
}

_OTHER_DASHBOARDS: Json = {
    "type": "dashboards",
    "title": "Trang khác",
    "tags": [TAG],
    "asDropdown": True,
    "icon": "external link",
    "tooltip": "Các trang khác của quantrac · The other dashboards",
    "url": "",
    "targetBlank": False,
    "includeVars": True,
    "keepTime": False,
}


class Format(StrEnum):
    """How Grafana reads the rows of a query."""

    TABLE = "table"
    TIME_SERIES = "time_series"


@dataclass(frozen=True, slots=True)
class Choice:
    """How one value of a column is shown."""

    value: str
    text: Bilingual
    color: str | None = None
    mark: str = ""
    """A sign before the word: colours alone tell nothing to one who does not see them."""

    @property
    def shown(self) -> str:
        """What stands in the cell: Vietnamese, short."""
        return f"{self.mark} {self.text.vi}".strip()


@dataclass(frozen=True, slots=True)
class Range:
    """How the numbers from ``least`` to ``most`` are shown."""

    least: float
    most: float
    text: str
    color: str

    def to_json(self, index: int) -> Json:
        """Return the value mapping."""
        result: Json = {"text": self.text, "color": self.color, "index": index}
        return {"type": "range", "options": {"from": self.least, "to": self.most, "result": result}}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a click on a value or a panel's title leads."""

    title: str
    url: str
    new_tab: bool = False

    def to_json(self) -> Json:
        """Return the link of a field or panel."""
        return {
            "title": self.title,
            "url": self.url,
            "targetBlank": self.new_tab,
            "type": "link",
            "icon": "external link",
            "tooltip": "",
            "tags": [],
            "asDropdown": False,
            "includeVars": False,
            "keepTime": False,
        }


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a panel's query returns and how it is shown; without ``title`` under its own name.

    ``custom`` holds options of the panel kind, such as ``width`` of a table or ``lineStyle`` of a time series.
    """

    name: str
    title: str
    unit: str | None = None
    decimals: int | None = None
    color: str | None = None
    choices: tuple[Choice, ...] = ()
    steps: tuple[tuple[float | None, str], ...] = ()
    """Lower bounds and colours, the first bound ``None``."""
    custom: Mapping[str, object] = field(default_factory=dict)
    link: Link | None = None
    ranges: tuple[Range, ...] = ()
    """Words for numbers, instead of ``choices``."""

    def override(self) -> Json:
        """Return the field override of this column."""
        properties: list[Json] = [{"id": "displayName", "value": self.title}] if self.title else []
        if self.unit is not None:
            properties.append({"id": "unit", "value": self.unit})
        if self.decimals is not None:
            properties.append({"id": "decimals", "value": self.decimals})
        if self.color is not None:
            properties.append({"id": "color", "value": {"mode": "fixed", "fixedColor": self.color}})
        if mappings := self._mappings():
            properties.append({"id": "mappings", "value": mappings})
        if self.steps:
            properties += [
                {"id": "thresholds", "value": thresholds(self.steps)},
                {"id": "color", "value": {"mode": "thresholds"}},
            ]
        if self.link is not None:
            properties.append({"id": "links", "value": [self.link.to_json()]})
        properties += [{"id": f"custom.{name}", "value": value} for name, value in self.custom.items()]
        return {"matcher": {"id": "byName", "options": self.name}, "properties": properties}

    def _mappings(self) -> list[Json]:
        colored = "cellOptions" in self.custom
        mappings = [each.to_json(index) for index, each in enumerate(self.ranges)]
        if self.choices:
            mappings.append(_mapping(self.choices, "transparent" if colored else None))
        if colored and (self.steps or self.ranges):
            # Else a cell without a value has the first step's colour, which says that all is well.
            mappings.append(_NOTHING)
        return mappings


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel, and the columns of its result that the panel uses."""

    sql: str
    columns: tuple[Column, ...]
    format: Format = Format.TABLE

    def to_json(self, ref_id: str) -> Json:
        """Return the query under a letter that is its own within the panel."""
        return {
            "refId": ref_id,
            "datasource": dict(DATASOURCE),
            "editorMode": "code",
            "format": self.format.value,
            "rawQuery": True,
            "rawSql": self.sql,
        }


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel without its place; ``interval`` is the shortest ``$__interval`` that it asks for."""

    kind: str
    title: str
    description: str
    targets: tuple[Target, ...]
    options: Mapping[str, object]
    defaults: Mapping[str, object] = field(default_factory=dict)
    interval: str | None = None
    back: str | None = None
    """A time range of its own that ends now, such as ``30d``; ``None``: the dashboard's.

    The title tells it: Grafana's words beside it are English, and leave a long title no room on a telephone.
    """
    link: Link | None = None
    transformations: tuple[Mapping[str, object], ...] = ()
    """What the browser does with the rows before it draws them."""
    heads: tuple[Column, ...] = ()
    """Columns that only these make."""
    repeat: str | None = None
    """A variable with several values: one such panel for each, two side by side."""

    def to_json(self, panel_id: int, place: Json) -> Json:
        """Return the panel at a place of the grid."""
        columns = [column for target in self.targets for column in target.columns] + list(self.heads)
        panel: Json = {
            "id": panel_id,
            "type": self.kind,
            "title": self.title if self.back is None else f"{self.title} ({_range_words(self.back)})",
            "description": self.description,
            "gridPos": place,
            "datasource": dict(DATASOURCE),
            "targets": [target.to_json(chr(ord("A") + i)) for i, target in enumerate(self.targets)],
            "fieldConfig": {
                "defaults": dict(self.defaults),
                "overrides": [*([_empty_cell()] if self.kind == "table" else []), *(c.override() for c in columns)],
            },
            "options": dict(self.options),
        }
        if self.interval is not None:
            panel["interval"] = self.interval
        if self.back is not None:
            panel |= {"timeFrom": self.back, "hideTimeOverride": True}
        if self.link is not None:
            panel["links"] = [self.link.to_json()]
        if self.transformations:
            panel["transformations"] = [dict(transformation) for transformation in self.transformations]
        if self.repeat is not None:
            panel |= {"repeat": self.repeat, "repeatDirection": "h", "maxPerRow": 2}
        return panel


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of the dashboard; its query returns ``__text`` and ``__value``."""

    name: str
    label: str
    sql: str
    multiple: bool = False
    hidden: bool = False

    def to_json(self) -> Json:
        """Return the template variable; one with several values starts with all of them."""
        variable: Json = {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": dict(DATASOURCE),
            "query": self.sql,
            "refresh": 1,
            "sort": 0,
            "multi": self.multiple,
            "includeAll": self.multiple,
            "options": [],
        }
        if self.multiple:
            variable["current"] = {"text": ["All"], "value": ["$__all"]}
        if self.hidden:
            variable["hide"] = 2
        return variable


@dataclass(frozen=True, slots=True)
class Annotation:
    """Events or stretches of time on every chart; its query returns ``time``, ``timeend``, ``text`` and ``tags``."""

    name: str
    sql: str
    color: str

    def to_json(self) -> Json:
        """Return the annotation, switched on, with a switch of its own at the top."""
        target: Json = {"refId": "Anno", "editorMode": "code", "format": "table", "rawQuery": True, "rawSql": self.sql}
        return {
            "name": self.name,
            "datasource": dict(DATASOURCE),
            "enable": True,
            "hide": False,
            "iconColor": self.color,
            "target": target,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side: each with its width in columns of the grid, all of one height."""

    height: int
    panels: tuple[tuple[int, Panel], ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard: rows of panels from top to bottom."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    refresh: str = "10s"
    time_from: str = "now-6h"
    time_to: str = "now"
    annotations: tuple[Annotation, ...] = ()
    tags: tuple[str, ...] = (TAG,)

    @property
    def panels(self) -> Sequence[Panel]:
        """Every panel, from top to bottom and left to right."""
        return [panel for row in self.rows for _, panel in row.panels]

    def to_json(self) -> Json:
        """Return what Grafana imports; equal dashboards give equal JSON."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": list(self.tags),
            "schemaVersion": SCHEMA_VERSION,
            "timezone": "Asia/Ho_Chi_Minh",
            "editable": False,
            "graphTooltip": 1,
            "refresh": self.refresh,
            "time": {"from": self.time_from, "to": self.time_to},
            "timepicker": {},
            "annotations": {"list": [annotation.to_json() for annotation in self.annotations]},
            "links": [_OTHER_DASHBOARDS],
            "templating": {"list": [variable.to_json() for variable in self.variables]},
            "panels": self._placed(),
        }

    def _placed(self) -> list[Json]:
        placed: list[Json] = []
        y = 0
        for row in self.rows:
            x = 0
            for width, panel in row.panels:
                placed.append(panel.to_json(len(placed) + 1, {"x": x, "y": y, "w": width, "h": row.height}))
                x += width
            if x > GRID_COLUMNS:
                raise ValueError(f"{self.title}: a row of panels is {x} columns wide; the grid has {GRID_COLUMNS}.")
            y += row.height
        return placed


def _range_words(back: str) -> str:
    """Return a time range in Vietnamese.

    >>> _range_words("30d"), _range_words("48h")
    ('30 ngày', '48 giờ')
    """
    unit = {"d": "ngày", "h": "giờ"}[back[-1]]
    return f"{back[:-1]} {unit}"


def _empty_cell() -> Json:
    """Return the override of a table's cells: its own ``noValue`` is what stands there without a row."""
    return {
        "matcher": {"id": "byRegexp", "options": "/.*/"},
        "properties": [{"id": "noValue", "value": "-"}],
    }


def _mapping(choices: Sequence[Choice], color: str | None) -> Json:
    """Return the words of choices; ``color`` is for those that have none of their own."""
    options: Json = {}
    for index, choice in enumerate(choices):
        options[choice.value] = {"index": index, "text": choice.shown}
        if shown := choice.color or color:
            options[choice.value]["color"] = shown
    return {"type": "value", "options": options}


def thresholds(steps: Sequence[tuple[float | None, str]]) -> Json:
    """Return bounds and colours as Grafana has them."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}
