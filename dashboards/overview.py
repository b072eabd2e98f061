"""The overview: what the centre's staff see first."""

from __future__ import annotations

from dashboards import words
from dashboards.grafana import Column, Dashboard, Format, Panel, Row, Target, Variable
from dashboards.panels import colored_cell, lines, markers_map, numbers, row_of_counts, table
from dashboards.queries import query

_TIME = "dateTimeAsLocal"
_ZERO_OR_RED = ((None, words.EXCEED), (0, words.GOOD), (1, words.EXCEED))


def overview() -> Dashboard:
    """Return the overview dashboard."""
    return Dashboard(
        uid="quantrac-overview",
        title="Quan trắc tự động: tổng quan · Monitoring overview",
        description=(
            "Trạng thái trạm, cảnh báo, số liệu mới nhất và sổ đối chiếu. Giới hạn và cảnh báo từ số liệu 5 phút chỉ "
            "mang tính chỉ báo. · Stations, alerts, latest values and the loss ledger. Single readings against a limit "
            "are an indication, not a legal finding."
        ),
        variables=(
            Variable("stations", "Các trạm · Stations", query("variable_stations"), multiple=True),
            Variable("station", "Trạm (đồ thị) · Station (chart)", query("variable_stations")),
            Variable("parameter", "Thông số · Parameter", query("variable_parameter")),
        ),
        rows=(
            Row(4, ((15, _status_counts()), (5, _alert_counts()), (4, _residual()))),
            Row(14, ((10, _map()), (14, _open_alerts()))),
            Row(9, ((24, _stations()),)),
            Row(10, ((24, _latest()),)),
            Row(11, ((24, _trend()),)),
            Row(9, ((12, _retrospective()), (12, _ledger()))),
            Row(8, ((12, _throughput()), (12, _delay()))),
        ),
    )


def _status_counts() -> Panel:
    columns = row_of_counts(*((s.column, s.text.both, s.color) for s in words.STATION_STATUSES))
    return numbers(
        "Trạm theo trạng thái · Stations by status",
        "Số trạm ở mỗi trạng thái; mỗi trạm chỉ đếm một lần, ở trạng thái nặng nhất. · Each station counts once.",
        Target(query("status_counts"), columns),
    )


def _alert_counts() -> Panel:
    columns = row_of_counts(
        ("urgent", "Cao, rất cao · High, critical", words.EXCEED), ("other", "Khác · Other", "#F08432")
    )
    return numbers(
        "Cảnh báo đang mở · Open alerts",
        "Cảnh báo chưa kết thúc. · Alerts that are not resolved.",
        Target(query("open_alert_counts"), columns),
    )


def _residual() -> Panel:
    columns = (
        Column("residual", "Chênh lệch · Residual", steps=_ZERO_OR_RED),
        *row_of_counts(("missing_messages", "Bản tin thiếu · Missing", "#F08432")),
    )
    return numbers(
        "Mất mát · Loss",
        "Chênh lệch = nhận - (lưu + trùng + sửa + loại), phải bằng 0; bản tin thiếu: số thứ tự mà bộ ghi đã đánh nhưng "
        "chưa đến. · Residual must be 0; missing: numbered by a logger and not arrived.",
        Target(query("residual"), columns),
    )


def _map() -> Panel:
    columns = (
        Column("code", "Mã · Code"),
        Column("name_vi", "Trạm · Station"),
        Column("latitude", "Vĩ độ · Latitude", decimals=3),
        Column("longitude", "Kinh độ · Longitude", decimals=3),
        Column(
            "rank",
            "Trạng thái · Status",
            choices=words.STATUS_OF_RANK,
            steps=tuple((None if s.rank == 0 else s.rank, s.color) for s in words.STATION_STATUSES),
        ),
        Column("open_alerts", "Cảnh báo mở · Open alerts"),
        Column("last_received_at", "Nhận gần nhất · Last received", unit=_TIME),
    )
    return markers_map(
        "Bản đồ · Map",
        "Màu theo trạng thái trạm; bản đồ không tải dữ liệu từ bên ngoài. · Coloured by status; no outside tiles.",
        Target(query("map"), columns),
        color_by="rank",
        label="code",
    )


def _open_alerts() -> Panel:
    columns = (
        Column("since", "Từ lúc · Since", unit=_TIME, custom={"width": 150}),
        Column("severity", "Mức · Severity", choices=words.SEVERITIES, custom=colored_cell(120)),
        Column("kind", "Loại · Kind", choices=words.ALERT_KINDS, custom={"width": 130}),
        Column("station", "Trạm · Station", custom={"width": 200}),
        Column("parameter", "Thông số · Parameter", custom={"width": 90}),
        Column("triage", "Có thể là · Probably", choices=words.TRIAGE_CLASSES, custom={"width": 150}),
        Column("triage_probability", "Xác suất · Probability", decimals=2, custom={"width": 90}),
        Column("explanation_vi", "Giải thích", custom={"cellOptions": {"type": "auto", "wrapText": True}}),
        Column("explanation_en", "Explanation", custom={"cellOptions": {"type": "auto", "wrapText": True}}),
        Column("value", "Giá trị · Value", decimals=2, custom={"width": 90}),
        Column("peak_value", "Cao nhất · Peak", decimals=2, custom={"width": 90}),
        Column("limit_maximum", "Giới hạn · Limit", decimals=2, custom={"width": 90}),
        Column("acknowledged_by", "Người tiếp nhận · Acknowledged by", custom={"width": 140}),
    )
    return table(
        "Cảnh báo đang mở · Open alerts",
        "Nặng nhất ở trên. · The most severe first.",
        Target(query("open_alerts"), columns),
    )


def _stations() -> Panel:
    columns = (
        Column("rank", "Trạng thái · Status", choices=words.STATUS_OF_RANK, custom=colored_cell(210)),
        Column("code", "Mã · Code"),
        Column("name_vi", "Trạm"),
        Column("name_en", "Station"),
        Column("kind", "Loại · Kind", choices=words.KINDS, custom={"width": 170}),
        Column("park", "Khu, cụm công nghiệp · Park"),
        Column("open_alerts", "Cảnh báo mở · Open alerts", custom={"width": 110}),
        Column("online", "Kết nối · Connection", choices=words.ONLINE, custom={"width": 140}),
        Column("last_observed_at", "Đo gần nhất · Last observed", unit=_TIME, custom={"width": 160}),
        Column("last_received_at", "Nhận gần nhất · Last received", unit=_TIME, custom={"width": 160}),
    )
    return table(
        "Trạng thái từng trạm · Each station",
        "Mất tín hiệu khi 15 phút không nhận được số liệu. · Offline after 15 minutes without data.",
        Target(query("stations"), columns),
    )


def _latest() -> Panel:
    share = Column(
        "share",
        "So với giới hạn · Of the limit",
        unit="percentunit",
        decimals=0,
        steps=((None, words.GOOD), (0.8, "#F1D748"), (0.9, "#F08432"), (1, words.EXCEED)),
        custom=colored_cell(110),
    )
    columns = (
        Column("station", "Trạm · Station"),
        Column("parameter", "Thông số · Parameter", custom={"width": 100}),
        Column("value", "Giá trị · Value", decimals=2, custom={"width": 100}),
        Column("unit", "Đơn vị · Unit", custom={"width": 80}),
        Column("minimum", "Giới hạn dưới · Minimum", decimals=2, custom={"width": 100}),
        Column("maximum", "Giới hạn trên · Maximum", decimals=2, custom={"width": 100}),
        share,
        Column("source", "Căn cứ · Source"),
        Column("status", "Thiết bị · Logger status", choices=words.LOGGER_STATUSES, custom=colored_cell(150)),
        Column("flag", "Kiểm tra · Quality", choices=words.FLAGS, custom=colored_cell(150)),
        Column("score", "Điểm bất thường · Anomaly score", unit="percentunit", decimals=0, custom={"width": 110}),
        Column("score_reason", "Lý do · Reason"),
        Column("observed_at", "Thời điểm đo · Observed", unit=_TIME, custom={"width": 160}),
    )
    return table(
        "Số liệu mới nhất so với giới hạn · Latest values against limits",
        "Giới hạn đã nhân Kq, Kf; giấy phép được ưu tiên. Giá trị đang hiệu chuẩn, lỗi hoặc bị loại không được so "
        "sánh. · Limits with Kq and Kf, the permit first. Unusable values are not compared.",
        Target(query("latest"), columns),
    )


def _trend() -> Panel:
    points = {"drawStyle": "points", "pointSize": 6}
    dashes = {"lineStyle": {"fill": "dash", "dash": [10, 10]}, "lineWidth": 2, "showPoints": "never", "spanNulls": True}
    return lines(
        "Diễn biến: $station, $parameter · Trend",
        "Giá trị lớn nhất của mỗi khoảng vẽ, trung bình giờ và giới hạn hiện hành. · Highest of each drawn interval, "
        "hourly means and today's limit.",
        Target(
            query("trend_readings"),
            (
                Column("usable", "Đạt · Usable", color="#5794F2"),
                Column("suspect", "Nghi ngờ · Suspect", color="#F1D748", custom=points),
                Column("unusable", "Hiệu chuẩn, lỗi, loại · Unusable", color="#999999", custom=points),
            ),
            Format.TIME_SERIES,
        ),
        Target(
            query("trend_means"),
            (
                Column(
                    "hour_mean",
                    "Trung bình giờ · Hourly mean",
                    color="#8ab8ff",
                    custom={"lineInterpolation": "stepAfter"},
                ),
            ),
            Format.TIME_SERIES,
        ),
        Target(
            query("trend_limits"),
            (
                Column("minimum", "Giới hạn dưới · Minimum", color=words.EXCEED, custom=dashes),
                Column("maximum", "Giới hạn trên · Maximum", color=words.EXCEED, custom=dashes),
            ),
            Format.TIME_SERIES,
        ),
        interval="1s",
    )


def _retrospective() -> Panel:
    columns = (
        Column("window_start", "Bắt đầu · Start", unit=_TIME, custom={"width": 150}),
        Column("window", "Khoảng · Window", choices=words.WINDOWS, custom={"width": 100}),
        Column("station", "Trạm · Station"),
        Column("parameter", "Thông số · Parameter", custom={"width": 90}),
        Column("mean", "Trung bình · Mean", decimals=2, custom={"width": 90}),
        Column("limit_minimum", "Giới hạn dưới · Minimum", decimals=2, custom={"width": 90}),
        Column("limit_maximum", "Giới hạn trên · Maximum", decimals=2, custom={"width": 90}),
        Column("ratio", "Số lần · Ratio", decimals=2, custom={"width": 80}),
        Column("exceedance_class", "Mức vượt · Class", custom={"width": 80}),
        Column("limit_source", "Căn cứ · Source"),
        Column("judged_at", "Xét lúc · Judged", unit=_TIME, custom={"width": 150}),
    )
    return table(
        "Vượt giới hạn phát hiện muộn · Retrospective exceedances",
        "Từ số liệu gửi bù: không gọi trực ban, cần xem xét. Mức vượt chỉ để tham khảo. · From late data: nobody was "
        "paged, to be reviewed. The class is a reference, never a fine.",
        Target(query("retrospective"), columns),
    )


def _ledger() -> Panel:
    residual = Column(
        "residual",
        "Chênh lệch · Residual",
        steps=_ZERO_OR_RED,
        custom=colored_cell(110),
    )
    columns = (
        Column("station", "Trạm · Station"),
        Column("received", "Nhận · Received"),
        Column("stored", "Lưu · Stored"),
        Column("duplicate", "Trùng · Duplicate"),
        Column("revision", "Sửa · Revision"),
        Column("dead_letter", "Loại · Dead letter"),
        Column("redelivered", "Gửi lại · Redelivered"),
        residual,
    )
    return table(
        "Sổ đối chiếu · Loss ledger",
        "Nhận = lưu + trùng + sửa + loại, theo ngày nhận trong khoảng thời gian đang chọn. · Received = stored + "
        "duplicate + revision + dead letter, by day of the chosen time range.",
        Target(query("ledger"), columns),
    )


def _throughput() -> Panel:
    return lines(
        "Số liệu mỗi phút · Readings per minute",
        "Theo thời điểm đo. · By time of observation.",
        Target(
            query("throughput"),
            (
                Column("usable", "Đạt · Usable", color=words.GOOD),
                Column("flagged", "Bị đánh dấu · Flagged", color="#F08432"),
                Column("late", "Đến muộn · Late", color="#8e44ad"),
            ),
            Format.TIME_SERIES,
        ),
        interval="1m",
    )


def _delay() -> Panel:
    return lines(
        "Độ trễ p50, p99 · Delay",
        "Từ lúc bộ ghi gửi đến lúc đã lưu. · From the logger's publish to the commit.",
        Target(
            query("delay"),
            (Column("p50", "p50", color="#5794F2"), Column("p99", "p99", color="#F08432")),
            Format.TIME_SERIES,
        ),
        unit="s",
        interval="1m",
    )
