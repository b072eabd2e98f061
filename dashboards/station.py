"""One station: what it measures, what it may, what happened to it."""

from __future__ import annotations

from dataclasses import replace

from dashboards import words
from dashboards.annotations import alerts, calibrations, station_incidents
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION, to_incident
from dashboards.panels import (
    TIME,
    code,
    explanation,
    instant,
    line,
    lines,
    number,
    numbers,
    row_of_counts,
    series,
    share,
    state_grid,
    table,
    text,
    wrapped,
)
from dashboards.queries import query
from dashboards.variables import PARAMETERS
from dashboards.variables import STATION as STATION_VARIABLE

UID = "quantrac-station"


def station(web_url: str | None = None) -> Dashboard:
    """Return the dashboard of one station; ``web_url`` is where the centre's pages are."""
    return Dashboard(
        uid=UID,
        title="Trạm",
        description=(
            "Mọi thông số của một trạm với giới hạn, hiệu chuẩn, cảnh báo và tỷ lệ nhận số liệu. · Every parameter of "
            "one station with limits, calibrations, alerts and the share of data received."
        ),
        variables=(STATION_VARIABLE, PARAMETERS),
        annotations=(calibrations(), alerts(), station_incidents()),
        time_from="now-24h",
        refresh="30s",
        rows=(
            Row(5, ((24, _now()),)),
            Row(9, ((24, _latest()),)),
            Row(9, ((24, trend()),)),
            Row(9, ((24, _alerts(web_url)),)),
            Row(8, ((24, _received()),)),
            Row(9, ((12, _description()), (12, _neighbours()))),
            Row(8, ((12, _channels()), (12, _channel_changes()))),
        ),
    )


def _now() -> Panel:
    columns = (
        Column("rank", "Trạng thái", choices=words.STATUS_OF_RANK, steps=words.STEPS_OF_RANK),
        Column("since", "Từ", unit=TIME, color=words.NEUTRAL),
        *row_of_counts(("urgent_alerts", "Cảnh báo gấp", words.EXCEED), ("work_items", "Việc cần làm", words.ERROR)),
        Column("last_observed_at", "Đo gần nhất", unit=TIME, color=words.NEUTRAL),
        Column("received", "Nhận hôm nay", unit="percentunit", decimals=1, steps=words.RECEIVED_STEPS),
    )
    return numbers(
        "Hiện tại",
        "Trạng thái và từ lúc nào, cảnh báo đang mở, tỷ lệ nhận hôm nay. · Status and since when, open alerts, share "
        "of today's data received.",
        Target(query("station_now"), columns),
    )


def _description() -> Panel:
    return table(
        "Hồ sơ hiện hành",
        "Bản mô tả trạm đang có hiệu lực. · The station's description in force.",
        Target(query("station_description"), (text("item", "Mục", 155), Column("what", "Nội dung", custom=wrapped()))),
    )


def _latest() -> Panel:
    columns = (
        text("parameter", "Thông số", 80),
        number("value", "Giá trị", 80, decimals=2),
        text("unit", "Đơn vị", 70),
        text("limits", "Giới hạn", 80),
        share("share", "So giới hạn", 95),
        code("status", "Thiết bị", words.LOGGER_STATUSES, 110),
        instant("observed_at", "Đo lúc"),
        code("flag", "Kiểm tra", words.FLAGS, 125),
        number("score", "Bất thường", 95, unit="percentunit", decimals=0),
        text("source", "Căn cứ"),
    )
    return table(
        "Số liệu mới nhất",
        "Giá trị, giới hạn hôm nay và tỷ lệ so với giới hạn. · Value, today's limit, and how much of it is used.",
        Target(query("station_latest"), columns),
    )


def trend() -> Panel:
    """Return the course of each chosen parameter, one panel each."""
    dashes = {"lineStyle": {"fill": "dash", "dash": [10, 10]}, "lineWidth": 2, "showPoints": "never", "spanNulls": True}
    panel = lines(
        "${parameter:text}",
        "Cao nhất (và thấp nhất nơi thấp là xấu) của mỗi khoảng vẽ, trung bình giờ, giới hạn của từng ngày; chỗ trống "
        "là không có số liệu. Vùng màu: hiệu chuẩn, cảnh báo, sự cố. · Highest (and lowest where low is bad) of each "
        "drawn interval, hourly means, each day's limits; gaps are gaps. Regions: calibrations, alerts, incidents.",
        series(
            query("trend_readings"),
            line("highest", "Cao nhất", words.LINE),
            line("lowest", "Thấp nhất", "#5aa9e6"),
            line("suspect", "? Nghi ngờ", "#d4a017", drawStyle="points", pointSize=6),
            line("bad", "✕ Loại", words.EXCEED, drawStyle="points", pointSize=10),
            line("calibrating", "◇ Hiệu chuẩn", words.ADJUSTING, drawStyle="bars", fillOpacity=30),
            line("fault", "✕ Lỗi thiết bị", words.OFFLINE, drawStyle="bars", fillOpacity=60),
        ),
        series(
            query("trend_means"),
            line(
                "hour_mean",
                "Trung bình giờ",
                words.LINE_2,
                lineInterpolation="stepAfter",
                lineWidth=2,
                showPoints="never",
            ),
        ),
        series(
            query("trend_limits"),
            line("minimum", "Giới hạn dưới", words.EXCEED, **dashes),
            line("maximum", "Giới hạn trên", words.EXCEED, **dashes),
        ),
        axis="${parameter:text}",
        interval="1m",
    )
    return replace(panel, repeat="parameter")


def _received() -> Panel:
    return state_grid(
        "Tỷ lệ nhận mỗi ngày",
        "Số liệu nhận được so với phải có, 30 ngày. · Data received over expected, 30 days.",
        series(query("station_received"), Column("metric", "Thông số"), Column("received", "Nhận")),
        steps=words.RECEIVED_STEPS,
        ranges=words.ALL_RECEIVED,
        back="30d",
    )


def _neighbours() -> Panel:
    columns = (
        code("rank", "Trạng thái", words.STATUS_OF_RANK, 135),
        text("name", "Trạm", link=STATION),
        number("km", "km", 55, decimals=1),
        text("worst_parameter", "Cao nhất", 75),
        share("worst_share", "So giới hạn", 90),
        code("same_park", "Cùng khu", words.YES_NO, 85),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Trạm lân cận",
        "Cùng khu, rồi gần nhất. · Of the same park, then the nearest.",
        Target(query("station_neighbours"), columns),
    )


def _alerts(web_url: str | None) -> Panel:
    columns = (
        Column("incident", "Sự cố", custom={"width": 65}, link=to_incident(web_url, "incident")),
        code("severity", "Mức", words.SEVERITIES, 110),
        text("parameter", "Thông số", 85),
        code("kind", "Loại", words.ALERT_KINDS, 120),
        text("value", "Giá trị / giới hạn", 130),
        instant("since", "Từ"),
        instant("resolved_at", "Hết"),
        instant("told_at", "Đã báo"),
        text("taken_by", "Người nhận", 130),
        code("cause", "Nguyên nhân", words.CAUSES, 120),
        explanation(),
        number("id", "Cảnh báo số", 105),
    )
    return table(
        "Cảnh báo của trạm",
        "Trong khoảng thời gian đang chọn, đang mở ở trên. · Of the chosen time, the open ones first.",
        Target(query("station_alerts"), columns),
        nothing="Trạm không có cảnh báo nào trong thời gian đang chọn.",
    )


def _channels() -> Panel:
    columns = (
        code("kind", "Loại", words.CHANNEL_KINDS, 160),
        text("channel", "Kênh", 100),
        text("state", "Tình trạng"),
        instant("since", "Từ"),
        instant("last_observed_at", "Biết lúc"),
    )
    return table(
        "Cửa, cháy, điện, bơm, tủ lấy mẫu",
        "Tình trạng cuối cùng mà bộ ghi báo; trống: trạm không khai báo kênh nào. · The last state of each "
        "housekeeping channel that the logger told; empty: none is registered.",
        Target(query("station_channels"), columns),
        nothing="Trạm không báo cửa, cháy, điện, bơm hoặc tủ lấy mẫu.",
    )


def _channel_changes() -> Panel:
    columns = (
        instant("since", "Từ"),
        code("kind", "Loại", words.CHANNEL_KINDS, 160),
        text("channel", "Kênh", 100),
        text("state", "Chuyển sang"),
        instant("revised_at", "Báo lại lúc"),
        text("revised_state", "Báo lại là"),
    )
    return table(
        "Nhật ký cửa, cháy, điện, bơm, tủ lấy mẫu",
        "Mỗi lần thay đổi trong khoảng thời gian đang chọn, mới nhất ở trên; điều trạm đã báo rồi báo khác đi vẫn còn "
        "đây. · Every change of the chosen time, the newest first; what the station has said otherwise about stays.",
        Target(query("station_channel_changes"), columns),
        nothing="Không có thay đổi nào trong thời gian đang chọn.",
    )
