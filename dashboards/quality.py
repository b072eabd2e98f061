"""Data quality: what came, what of it can be used, and which device or clock is to be looked at."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

from dashboards import words
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION
from dashboards.panels import SECONDS, code, instant, line, lines, number, series, state_grid, table, text
from dashboards.queries import query
from dashboards.variables import STATIONS

UID = "quantrac-quality"


def quality() -> Dashboard:
    """Return the dashboard of data quality."""
    return Dashboard(
        uid=UID,
        title="Chất lượng số liệu",
        description=(
            "Tỷ lệ nhận, cờ chất lượng, thiết bị đứng yên hoặc trôi, đồng hồ, số liệu muộn, bản tin lỗi, số liệu sửa. "
            "· Share received, quality flags, stuck and drifting probes, clocks, late data, dead letters, revisions."
        ),
        variables=(STATIONS,),
        time_from="now-7d",
        refresh="1m",
        rows=(
            Row(12, ((24, _received()),)),
            Row(9, ((12, _flags()), (12, _late()))),
            Row(9, ((14, _probes()), (10, _clocks()))),
            Row(8, ((24, _dead_letters()),)),
            Row(8, ((24, _revisions()),)),
            Row(8, ((24, _channels()),)),
        ),
    )


def _received() -> Panel:
    return state_grid(
        "Tỷ lệ nhận mỗi ngày",
        "Số liệu nhận được so với phải có, mỗi trạm một hàng; dưới 80 % là ngày thiếu. · Data received over expected, "
        "a row for each station.",
        series(query("received_days"), Column("metric", "Trạm"), Column("received", "Nhận")),
        steps=words.RECEIVED_STEPS,
        ranges=words.ALL_RECEIVED,
        back="14d",
    )


def _flags() -> Panel:
    panel = lines(
        "Số liệu bị đánh dấu, theo phép kiểm tra",
        "Số liệu không dùng được, theo lý do (QARTOD và trạng thái thiết bị). · Unusable readings by reason.",
        series(query("flags"), Column("metric", "Lý do"), Column("readings", "Số liệu")),
        axis="số liệu/giờ",
        interval="1h",
        bars=True,
        stacked=True,
    )
    # Of one's own colours: Grafana's first one is green, which says that all is well.
    hues = cycle(words.HUES)
    return replace(panel, heads=tuple(Column(r.value, r.shown, color=next(hues)) for r in words.QC_REASONS))


def _late() -> Panel:
    return lines(
        "Số liệu đến muộn",
        "Phần số liệu đến quá muộn để báo trực ban. · Share that came too late to page anybody.",
        series(query("late"), line("late", "Đến muộn", words.ADJUSTING)),
        unit="percentunit",
        interval="1h",
        most=1,
    )


def _probes() -> Panel:
    columns = (
        text("name", "Trạm", link=STATION),
        text("parameter", "Thông số", 80),
        Column("what", "Điều gì", choices=words.DEFECTS, custom={"minWidth": 160, "inspect": True}),
        instant("since", "Từ"),
        text("alert", "Số", 50),
        instant("last_usable_at", "Dùng lúc"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Thiết bị cần xem",
        "Đứng yên, trôi, lỗi, không có số liệu dùng được. · Stuck, drifting, faulty, or nothing usable.",
        Target(query("probes"), columns),
        nothing="Không có thiết bị nào cần xem.",
    )


def _clocks() -> Panel:
    columns = (
        Column("name", "Trạm", custom={"minWidth": 140}, link=STATION),
        number("least_s", "Ít nhất", 65, unit=SECONDS, decimals=0),
        number("most_s", "Nhiều nhất", 105, unit=SECONDS, decimals=0),
        number("defects", "Sai giờ", 65),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Đồng hồ của trạm",
        "Từ lúc đo đến lúc nhận của số liệu mới nhất; âm là đồng hồ trạm chạy trước. · From observation to receipt of "
        "the latest readings; negative is a clock ahead of ours.",
        Target(query("clocks"), columns),
    )


def _dead_letters() -> Panel:
    columns = (
        code("reason", "Lý do", words.REJECT_REASONS, 190),
        number("letters", "Bản tin", 75),
        Column("waiting", "Chưa gửi lại", steps=words.ZERO_OR_ORANGE,
               custom={"width": 105, "cellOptions": {"type": "color-background", "mode": "basic"}}),
        number("stations", "Trạm", 65),
        instant("newest", "Mới nhất"),
        Column("example", "Ví dụ", custom={"inspect": True, "minWidth": 200}),
    )  # fmt: skip
    return table(
        "Bản tin lỗi",
        "Không dùng được, giữ nguyên byte; gửi lại bằng quantrac dead-letters. · What could not be used, by reason.",
        Target(query("dead_letters"), columns),
        nothing="Không có bản tin lỗi.",
    )


def _revisions() -> Panel:
    columns = (
        text("name", "Trạm", link=STATION),
        text("parameter", "Thông số", 85),
        number("revisions", "Lần sửa", 75),
        instant("first_observed_at", "Đo từ"),
        instant("last_observed_at", "Đo đến"),
        instant("last_replaced_at", "Sửa lúc"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Số liệu được sửa",
        "Giá trị khác cho cùng thời điểm; giá trị cũ được giữ. · Another value for the same instant; the old one is "
        "kept.",
        Target(query("revisions"), columns),
        nothing="Không có số liệu nào được sửa.",
    )


def _channels() -> Panel:
    columns = (
        text("name", "Trạm", 230, link=STATION),
        code("kind", "Loại", words.CHANNEL_KINDS, 180),
        text("channel", "Kênh", 120),
        text("state", "Tình trạng"),
        instant("since", "Từ"),
        instant("last_observed_at", "Biết lúc"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Cửa, cháy, điện, bơm, tủ lấy mẫu",
        "Tình trạng cuối cùng mà bộ ghi báo, thay đổi mới nhất ở trên; chỉ các trạm có khai báo. · The last state of "
        "each housekeeping channel, the newest change first.",
        Target(query("channels"), columns),
        nothing="Chưa trạm nào báo cửa, cháy, điện, bơm hoặc tủ lấy mẫu.",
    )
