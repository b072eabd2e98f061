"""Surface water: the hot spots' VN_WQI and their values against QCVN 08."""

from __future__ import annotations

from dashboards import words
from dashboards.annotations import incidents
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION
from dashboards.overview import latest
from dashboards.panels import colored_cell, instant, lines, number, series, state_grid, table, wrapped
from dashboards.queries import query
from dashboards.variables import HOT_SPOTS

UID = "quantrac-water"


def water() -> Dashboard:
    """Return the dashboard of the hot spots."""
    return Dashboard(
        uid=UID,
        title="Nước mặt",
        description=(
            "VN_WQI (QĐ 1460/QĐ-TCMT) của điểm nóng theo giờ và ngày, và giá trị so với QCVN 08. · VN_WQI of the hot "
            "spots by hour and day, and values against QCVN 08."
        ),
        variables=(HOT_SPOTS,),
        annotations=(incidents(),),
        time_from="now-3d",
        refresh="1m",
        rows=(
            Row(9, ((24, _now()),)),
            Row(9, ((24, _hours()),)),
            Row(9, ((24, _days()),)),
            Row(10, ((24, latest()),)),
        ),
    )


def _now() -> Panel:
    columns = (
        Column("name", "Điểm", custom={"minWidth": 210}, link=STATION),
        number("hour_value", "WQI giờ", 80),
        Column("level", "Mức", custom=colored_cell(130) | {"align": "left"}, ranges=words.WQI_LEVELS),
        instant("hour_start", "Giờ"),
        number("day_value", "WQI ngày", 85),
        instant("day_start", "Ngày", 95, unit="time:DD/MM/YYYY"),
        Column("reason", "Vì sao không tính được", custom=wrapped() | {"minWidth": 200}),
        Column("parameters", "Thông số tham gia", custom=wrapped(200)),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "VN_WQI mới nhất",
        "Giờ và ngày mới nhất đã tính; xấu nhất ở trên. · The newest hour and day, the worst first.",
        Target(query("wqi_now"), columns),
    )


def _hours() -> Panel:
    return state_grid(
        "VN_WQI từng giờ",
        "Mức và màu theo QĐ 1460; trống: không tính được. · Names and colours of the decision; empty: it cannot be "
        "computed.",
        series(query("wqi_hours"), Column("metric", "Điểm"), Column("index", "VN_WQI")),
        steps=words.WQI_STEPS,
        unit="none",
        show="never",
        ranges=words.WQI_LEVELS,
        legend=True,
    )


def _days() -> Panel:
    return lines(
        "VN_WQI từng ngày",
        "Ba tháng. · Three months.",
        series(query("wqi_days"), Column("metric", "Điểm"), Column("index", "VN_WQI")),
        axis="VN_WQI",
        interval="1d",
        back="90d",
    )
