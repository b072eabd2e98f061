"""One industrial park or cluster: its stations side by side, and what they discharge."""

from __future__ import annotations

from dashboards import words
from dashboards.annotations import park_incidents
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION
from dashboards.panels import code, instant, lines, matrix, number, series, share, table, text
from dashboards.queries import query
from dashboards.variables import PARK, PARK_PARAMETER

UID = "quantrac-park"


def park() -> Dashboard:
    """Return the dashboard of one park."""
    return Dashboard(
        uid=UID,
        title="Khu công nghiệp",
        description=(
            "Các trạm của một khu, cụm cạnh nhau: trạng thái, so với giới hạn, lưu lượng, tải lượng. · The stations of "
            "one park side by side: status, share of limits, flow, load."
        ),
        variables=(PARK, PARK_PARAMETER),
        annotations=(park_incidents(),),
        time_from="now-7d",
        refresh="1m",
        rows=(
            Row(7, ((24, _stations()),)),
            Row(9, ((24, _matrix()),)),
            Row(9, ((24, _trend()),)),
            Row(9, ((12, _loads()), (12, _flows()))),
        ),
    )


def _stations() -> Panel:
    columns = (
        code("rank", "Trạng thái", words.STATUS_OF_RANK, 145),
        text("name", "Trạm", link=STATION),
        instant("since", "Từ"),
        text("worst_parameter", "Cao nhất", 80),
        share("worst_share", "So giới hạn", 95),
        number("urgent_alerts", "Gấp", 55),
        number("work_items", "Việc", 55),
        instant("last_observed_at", "Đo lúc"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Các trạm",
        "Nặng nhất ở trên. · The gravest first.",
        Target(query("park_stations"), columns),
    )


def _matrix() -> Panel:
    return matrix(
        "So với giới hạn",
        "Mỗi hàng một thông số, mỗi cột một trạm: phần của giới hạn. Trống: số liệu cũ hoặc không dùng được. · A row a "
        "parameter, a column a station: the share of the limit. Empty: stale or unusable.",
        Target(query("park_latest"), tuple(Column(name, name) for name in ("name", "parameter", "share"))),
        rows="parameter",
        columns="name",
        value="share",
        head="Thông số",
        steps=words.SHARE_STEPS,
    )


def _trend() -> Panel:
    return lines(
        "$parameter: trung bình giờ",
        "Mỗi trạm một đường. · A line for each station.",
        series(query("park_trend"), Column("metric", "Trạm"), Column("mean", "Trung bình")),
        axis="${parameter:text}",
        interval="1h",
    )


def _loads() -> Panel:
    return lines(
        "Tải lượng ${parameter:raw}",
        "Σ thể tích giờ × trung bình giờ; không bù phần thiếu. · Σ hourly volume × hourly mean; what is missing is not "
        "filled.",
        series(query("park_loads"), Column("metric", "Trạm"), Column("amount", "Tải lượng")),
        axis="kg/ngày",
        interval="1d",
        bars=True,
        stacked=True,
        back="30d",
    )


def _flows() -> Panel:
    return lines(
        "Lưu lượng vào và xả mỗi ngày",
        "Thể tích theo trung bình giờ của lưu lượng kế. · Volume by the hourly means of the flow meters.",
        series(query("park_flows"), Column("metric", "Trạm"), Column("amount", "Thể tích")),
        axis="m³/ngày",
        interval="1d",
        back="30d",
    )
