"""The overview: what the centre's staff see first, and what hangs in the room."""

from __future__ import annotations

from dashboards import words
from dashboards.annotations import incidents
from dashboards.geography import markers_map
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import ALERTS_PAGE, OPERATIONS_PAGE, STATION, to_incident
from dashboards.panels import (
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
    table,
    text,
)
from dashboards.queries import query
from dashboards.variables import STATIONS

UID = "quantrac-overview"


def overview(web_url: str | None = None) -> Dashboard:
    """Return the overview dashboard; ``web_url`` is where the centre's pages are."""
    return Dashboard(
        uid=UID,
        title="Tổng quan",
        description=(
            "Trạng thái trạm, cảnh báo đang mở, số liệu mới nhất. Một giá trị so với giới hạn chỉ mang tính chỉ báo. · "
            "Stations, open alerts, latest values. A single reading against a limit is an indication, not a finding."
        ),
        variables=(STATIONS,),
        annotations=(incidents(),),
        rows=(
            Row(4, ((24, status_counts()),)),
            Row(4, ((12, alert_counts()), (12, loss()))),
            Row(9, ((24, open_alerts(web_url)),)),
            Row(12, ((24, stations_map()),)),
            Row(14, ((24, stations()),)),
            Row(11, ((24, latest()),)),
            Row(9, ((24, exceedances()),)),
            Row(8, ((24, throughput()),)),
        ),
    )


def status_counts() -> Panel:
    """Return how many stations are in each status."""
    columns = row_of_counts(*((s.column, s.shown, s.color) for s in words.GRAVEST_FIRST))
    return numbers(
        "Trạm theo trạng thái",
        "Mỗi trạm đếm một lần, ở trạng thái nặng nhất. · Each station counts once, in its gravest status.",
        Target(query("status_counts"), columns),
    )


def alert_counts() -> Panel:
    """Return how many alerts are open, and how many of them nobody has taken."""
    columns = row_of_counts(
        ("untaken", "Gấp, chưa ai nhận", words.EXCEED),
        ("taken", "Gấp, đã nhận", words.PREPARING),
        ("work_items", "Việc cần làm", words.ERROR),
    )
    return numbers(
        "Cảnh báo đang mở",
        "Gấp: mức cao trở lên, đã hoặc sẽ báo trực ban; còn lại là việc cần làm trong giờ hành chính. · Urgent: high "
        "or critical, and somebody was or is to be told; the rest are work items.",
        Target(query("open_alert_counts"), columns),
        link=ALERTS_PAGE,
    )


def loss() -> Panel:
    """Return what is missing or waits to be dealt with."""
    columns = row_of_counts(
        ("missing_messages", "Bản tin thiếu", words.EXCEED),
        ("lost_messages", "Mất sau khi nhận", words.EXCEED),
        ("dead_letters", "Bản tin lỗi", words.PREPARING),
        ("deferred", "Chờ đọc", words.PREPARING),
    )
    return numbers(
        "Mất mát",
        "Bản tin thiếu: số thứ tự bộ ghi đã đánh mà chưa đến. Mất sau khi nhận: đếm ở nơi nhận đầu tiên mà không được "
        "lưu. Bản tin lỗi: chưa gửi lại. Chờ đọc: của trạm gửi dồn dập. · Numbered by a logger and not arrived; "
        "counted where it was first held and not committed; dead letters not replayed; put off.",
        Target(query("loss"), columns),
        link=OPERATIONS_PAGE,
    )


def stations_map() -> Panel:
    """Return the stations on the map; a click on one leads to its page."""
    hidden = {"hideFrom": {"tooltip": True, "viz": False, "legend": False}}
    columns = (
        Column("rank", "Trạng thái", choices=words.STATUS_OF_RANK, steps=words.STEPS_OF_RANK),
        Column("name", "Trạm", link=STATION),
        instant("since", "Từ", None),
        Column("worst_parameter", "Cao nhất so với giới hạn"),
        Column("worst_share", "Tỷ lệ", unit="percentunit", decimals=0),
        Column("urgent_alerts", "Cảnh báo gấp"),
        *(
            Column(name, title, custom=hidden)
            for name, title in (
                ("work_items", "Việc"),
                ("connected", "Tín hiệu"),
                ("last_observed_at", "Đo lúc"),
                ("kind", "Loại"),
                ("park", "Khu"),
                ("code", "Mã"),
                ("latitude", "Vĩ độ"),
                ("longitude", "Kinh độ"),
            )
        ),
    )
    return markers_map(
        "Bản đồ",
        "Màu theo trạng thái; ranh giới và sông là phác họa, thay được. Bấm vào trạm để mở trang của trạm. · Coloured "
        "by status; outline and rivers are a sketch. No outside tiles.",
        Target(query("stations"), columns),
        color_by="rank",
        label="name",
    )


def stations() -> Panel:
    """Return every station's status, and since when."""
    columns = (
        code("rank", "Trạng thái", words.STATUS_OF_RANK, 125),
        Column("name", "Trạm", custom={"minWidth": 190}, link=STATION),
        instant("since", "Từ"),
        text("worst_parameter", "Cao nhất", 80),
        share("worst_share", "Tỷ lệ", 62),
        number("urgent_alerts", "Gấp", 50),
        number("work_items", "Việc", 50),
        Column("connected", "Tín hiệu", custom={"hidden": True}),
        instant("last_observed_at", "Đo lúc"),
        *(Column(name, name, custom={"hidden": True}) for name in ("kind", "park", "code", "latitude", "longitude")),
    )
    return table(
        "Từng trạm",
        "Nặng nhất ở trên; tỷ lệ: so với giới hạn. Mất tín hiệu khi 15 phút (hoặc ba chu kỳ) không nhận được gì; cột "
        "Từ là lần nhận cuối. · The gravest first; the share is that of the limit; offline after 15 minutes or three "
        "cadences without data, since the last arrival.",
        Target(query("stations"), columns),
    )


def open_alerts(web_url: str | None = None) -> Panel:
    """Return the open alerts, one line each."""
    columns = (
        Column("incident", "Sự cố", custom={"width": 65}, link=to_incident(web_url, "incident")),
        code("severity", "Mức", words.SEVERITIES, 105),
        Column("name", "Trạm", custom={"minWidth": 160}, link=STATION),
        text("parameter", "Thông số", 80),
        text("value", "Giá trị / giới hạn", 125),
        instant("since", "Từ"),
        code("triage", "Có thể là", words.TRIAGE_CLASSES, 115),
        number("paged_probability", "Khi báo", 70, unit="percentunit", decimals=0),
        number("triage_probability", "Hiện nay", 75, unit="percentunit", decimals=0),
        instant("told_at", "Đã báo"),
        text("taken_by", "Người nhận", 120),
        explanation(),
        code("kind", "Loại", words.ALERT_KINDS, 120),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Cảnh báo đang mở",
        "Gấp nhất, mới nhất ở trên; bấm số sự cố để mở trang của sự cố, con mắt để đọc hết giải thích. Khi báo, hiện "
        "nay: xác suất của điều có thể là. · The most urgent and newest first; the number opens the incident, the eye "
        "the whole explanation. Two columns say how sure the model was when officers were told, and is now.",
        Target(query("open_alerts"), columns),
        nothing="Không có cảnh báo nào đang mở.",
    )


def latest() -> Panel:
    """Return every sensor's latest value beside its limit."""
    columns = (
        Column("name", "Trạm", custom={"minWidth": 190}, link=STATION),
        text("parameter", "Thông số", 80),
        number("value", "Giá trị", 80, decimals=2),
        text("unit", "Đơn vị", 70),
        text("limits", "Giới hạn", 85),
        share("share", "So giới hạn", 95),
        code("status", "Thiết bị", words.LOGGER_STATUSES, 110),
        instant("observed_at", "Đo lúc"),
        code("flag", "Kiểm tra", words.FLAGS, 125),
        number("score", "Bất thường", 95, unit="percentunit", decimals=0),
        text("score_reason", "Lý do"),
        text("source", "Căn cứ"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Số liệu mới nhất",
        "Giới hạn đã nhân Kq, Kf; giấy phép được ưu tiên. Thông số có hai giới hạn (pH) tính từ giữa khoảng. Số liệu "
        "cũ, hiệu chuẩn, lỗi hoặc bị loại không so sánh. · Limits with Kq and Kf, the permit first; between two "
        "limits the share counts from their middle; stale or unusable values are not compared.",
        Target(query("latest"), columns),
    )


def exceedances(back: str | None = "30d") -> Panel:
    """Return hours and days beyond their limits, found live or late."""
    columns = (
        instant("window_start", "Bắt đầu"),
        code("window", "Khoảng", words.WINDOWS, 70),
        code("retrospective", "Phát hiện", words.LATENESS, 150),
        text("name", "Trạm", 230, link=STATION),
        text("parameter", "Thông số", 85),
        number("mean", "Trung bình", 95, decimals=2),
        text("limits", "Giới hạn", 90),
        number("ratio", "Số lần", 70, decimals=2),
        number("exceedance_class", "Mức", 60),
        text("limit_source", "Căn cứ"),
        instant("judged_at", "Xét lúc"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Giờ và ngày vượt giới hạn",
        "Phát hiện muộn: từ số liệu gửi bù, không gọi trực ban, cần xem xét. Mức theo NĐ 45/2022 chỉ để tham khảo. · "
        "Found late: from late data, nobody was paged. The class is a reference, never a fine.",
        Target(query("exceedances"), columns),
        back=back,
        nothing="Không có giờ, ngày nào vượt giới hạn trong thời gian đang chọn.",
    )


def throughput() -> Panel:
    """Return how many readings a minute there are."""
    return lines(
        "Số liệu mỗi phút",
        "Theo giờ đo, từ tổng của từng giờ. · By hour of observation, from the sums of the hours.",
        series(
            query("throughput"),
            line("usable", "Đạt", words.GOOD),
            line("flagged", "Bị đánh dấu", words.LINE_2),
            line("late", "Đến muộn", words.ADJUSTING),
        ),
        axis="số liệu/phút",
        interval="1h",
        back="48h",
    )
