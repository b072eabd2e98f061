"""Panels of each kind with the options that all our dashboards share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dashboards import words
from dashboards.grafana import Choice, Column, Format, Json, Link, Panel, Range, Target, thresholds

TIME = "time:DD/MM HH:mm"
"""Of an instant: the same whatever language the browser speaks."""
DAY = "time:DD/MM/YYYY"
LOCAL = "locale"
NOTHING = "Không có số liệu trong thời gian đang chọn."
"""What stands in an empty panel."""
SECONDS, MINUTES = "suffix: s", "suffix: phút"
"""Grafana's own unit of time speaks English."""

_CELL: Mapping[str, object] = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False}


def colored_cell(width: int | None = None) -> dict[str, object]:
    """Return the options of a table column whose cell takes the colour of its value."""
    cell: dict[str, object] = {"cellOptions": {"type": "color-background", "mode": "basic"}}
    return cell if width is None else {**cell, "width": width}


def wrapped(width: int | None = None) -> dict[str, object]:
    """Return the options of a table column whose text runs over several lines."""
    cell: dict[str, object] = {"cellOptions": {"type": "auto", "wrapText": True}}
    return cell if width is None else {**cell, "width": width}


def text(name: str, title: str, width: int | None = None, *, link: Link | None = None) -> Column:
    """Return a column of words."""
    return Column(name, title, custom={} if width is None else {"width": width}, link=link)


def code(name: str, title: str, choices: Sequence[Choice], width: int | None = None) -> Column:
    """Return a column of codes, each with its word, and with its colour where it has one."""
    custom: dict[str, object] = colored_cell(width) if any(choice.color for choice in choices) else {}
    if width is not None:
        custom["width"] = width
    return Column(name, title, choices=tuple(choices), custom=custom | {"align": "left"})


def number(
    name: str, title: str, width: int | None = 90, *, decimals: int | None = None, unit: str | None = None
) -> Column:
    """Return a column of numbers; without ``decimals`` Grafana shows as many as the numbers need.

    Fractions are written as the browser's language does: with a comma in Vietnamese.
    """
    unit = LOCAL if unit is None and decimals else unit
    return Column(name, title, unit=unit, decimals=decimals, custom={} if width is None else {"width": width})


def instant(name: str, title: str, width: int | None = 100, *, unit: str = TIME) -> Column:
    """Return a column of instants."""
    return Column(name, title, unit=unit, custom={} if width is None else {"width": width})


def share(name: str, title: str, width: int = 90) -> Column:
    """Return a column that says how much of what a limit allows is used."""
    return Column(name, title, unit="percentunit", decimals=0, steps=words.SHARE_STEPS, custom=colored_cell(width))


def received(name: str, title: str, width: int | None = 90) -> Column:
    """Return a column with a share of the data that were expected."""
    return Column(name, title, unit="percentunit", decimals=1, steps=words.RECEIVED_STEPS, custom=colored_cell(width))


def table(
    title: str,
    description: str,
    target: Target,
    *,
    back: str | None = None,
    link: Link | None = None,
    nothing: str = NOTHING,
) -> Panel:
    """Return a table; ``nothing`` is what stands there without a row."""
    return Panel(
        "table",
        title,
        description,
        (target,),
        options={"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
        defaults={"custom": dict(_CELL), "noValue": nothing},
        back=back,
        link=link,
    )


def numbers(
    title: str,
    description: str,
    target: Target,
    *,
    back: str | None = None,
    link: Link | None = None,
) -> Panel:
    """Return big numbers, one for each column of the single row that the query returns.

    Grafana fits the words into the tile, on the phone too.
    """
    options: Json = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": "/.*/"},
        "orientation": "auto",
        "textMode": "value_and_name",
        "colorMode": "background_solid",
        "graphMode": "none",
        "justifyMode": "center",
        "wideLayout": False,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
    return Panel(
        "stat", title, description, (target,), options=options, defaults={"noValue": "-"}, back=back, link=link
    )


def lines(
    title: str,
    description: str,
    *targets: Target,
    unit: str | None = None,
    axis: str | None = None,
    interval: str,
    back: str | None = None,
    log: bool = False,
    bars: bool = False,
    stacked: bool = False,
    most: float | None = None,
) -> Panel:
    """Return lines over time (or bars); where a query returns NULL there is a gap.

    Parameters
    ----------
    most
        Where the axis ends, from 0 on: of a share, whose axis would else end anywhere while it is 0.
    axis
        What stands beside the axis, such as the unit.
    log
        Whether the axis is logarithmic.
    stacked
        Whether what is drawn adds up: bars that do not stand on each other hide each other.
    """
    custom: Json = {
        "drawStyle": "bars" if bars else "line",
        "lineWidth": 1,
        "fillOpacity": 70 if bars else 0,
        "showPoints": "never" if bars else "auto",
        "pointSize": 4,
        "spanNulls": False,
    }
    if axis is not None:
        custom["axisLabel"] = axis
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    if log:
        custom["scaleDistribution"] = {"type": "log", "log": 10}
    defaults: Json = {"custom": custom, "noValue": NOTHING}
    if unit is not None:
        defaults["unit"] = unit
    if bars or most is not None:
        defaults["min"] = 0
    if most is not None:
        defaults["max"] = most
    # Without figures: Grafana names them in English ("Last *", "Total").
    legend = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
    return Panel(
        "timeseries",
        title,
        description,
        targets,
        options={"legend": legend, "tooltip": {"mode": "multi", "sort": "none"}},
        defaults=defaults,
        interval=interval,
        back=back,
    )


def series(sql: str, *columns: Column) -> Target:
    """Return a query of a chart: a column ``time`` and one column a line."""
    return Target(sql, columns, Format.TIME_SERIES)


def line(name: str, title: str, color: str, **custom: object) -> Column:
    """Return a line of a chart."""
    return Column(name, title, color=color, custom=custom)


def row_of_counts(*columns: tuple[str, str, str]) -> tuple[Column, ...]:
    """Return the columns (name, title, colour) of :func:`numbers`; a count of 0 is drawn without its colour."""
    return tuple(
        Column(name, title, decimals=0, steps=((None, words.NEUTRAL), (1, color))) for name, title, color in columns
    )


def note(title: str, description: str, markdown: str) -> Panel:
    """Return a panel of words."""
    return Panel("text", title, description, (), options={"mode": "markdown", "content": markdown})


def explanation() -> Column:
    """Return the column of an alert's explanation: one line, the whole of it behind the eye."""
    return Column(
        "explanation", "Giải thích", custom={"cellOptions": {"type": "auto"}, "inspect": True, "minWidth": 250}
    )


def matrix(
    title: str,
    description: str,
    target: Target,
    *,
    rows: str,
    columns: str,
    value: str,
    head: str,
    steps: tuple[tuple[float | None, str], ...],
) -> Panel:
    """Return a table with a row for each of the query's ``rows`` and a column for each of its ``columns``.

    ``head`` stands over the names of the rows.
    """
    group = {"columnField": columns, "rowField": rows, "valueField": value, "emptyValue": "null"}
    cell = {"align": "auto", "cellOptions": {"type": "color-background", "mode": "basic"}, "inspect": False}
    return Panel(
        "table",
        title,
        description,
        (target,),
        options={"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
        defaults={
            "custom": cell,
            "unit": "percentunit",
            "decimals": 0,
            "color": {"mode": "thresholds"},
            "thresholds": thresholds(steps),
            "noValue": NOTHING,
        },
        transformations=({"id": "groupingToMatrix", "options": group},),
        heads=(Column(f"{rows}\\{columns}", head, custom={"cellOptions": {"type": "auto"}}),),
    )


def tiles(
    title: str,
    description: str,
    sql: str,
    value: Column,
    *,
    label: str | None = None,
    nothing: str,
    size: int | None = None,
) -> Panel:
    """Return a big tile for each row: ``value``, below the text of the column ``label``; ``size`` of the value in px.

    Without a size Grafana fits the words into the tile.

    Grafana finds the column by the name that is shown, and names a tile by the row's texts only where the column has no
    name of its own: so ``value`` has no title, and ``label`` is the only other column.
    """
    return Panel(
        "stat",
        title,
        description,
        (Target(sql, (replace(value, title=""), *(() if label is None else (Column(label, ""),)))),),
        options={
            "reduceOptions": {"values": True, "calcs": ["lastNotNull"], "fields": f"/^{value.name}$/"},
            "orientation": "auto",
            "textMode": "value_and_name" if label else "value",
            "colorMode": "background_solid",
            "graphMode": "none",
            "justifyMode": "center",
            "wideLayout": False,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
            "text": {} if size is None else {"valueSize": size, "titleSize": size // 2},
        },
        defaults={"noValue": nothing, "color": {"mode": "fixed", "fixedColor": words.NEUTRAL}},
    )


def state_grid(
    title: str,
    description: str,
    target: Target,
    *,
    steps: tuple[tuple[float | None, str], ...],
    unit: str = "percentunit",
    decimals: int = 0,
    back: str | None = None,
    show: str = "auto",
    ranges: tuple[Range, ...] = (),
    legend: bool = False,
) -> Panel:
    """Return a grid of coloured cells: a row for each value of the query's ``metric``, a column for each instant.

    ``ranges`` are words for numbers; ``legend`` names them below. In a narrow cell Grafana cuts the end of what is
    shown, so that a whole number of three digits would be read as another one.
    """
    return Panel(
        "status-history",
        title,
        description,
        (target,),
        options={
            "showValue": show,
            "rowHeight": 0.9,
            "colWidth": 0.95,
            "legend": {"showLegend": legend, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
        },
        defaults={
            "custom": {"fillOpacity": 90, "lineWidth": 0},
            "unit": unit,
            "decimals": decimals,
            # By thresholds the legend names their numbers, else the words of the ranges.
            "color": {"mode": "fixed", "fixedColor": "transparent"} if legend else {"mode": "thresholds"},
            "thresholds": thresholds(steps),
            "mappings": [each.to_json(index) for index, each in enumerate(ranges)],
            "noValue": NOTHING,
        },
        back=back,
    )
