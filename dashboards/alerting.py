"""Alerts and incidents: what was raised, who was told, who took it, and whether it was right."""

from __future__ import annotations

from dashboards import words
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION, to_incident
from dashboards.panels import (
    MINUTES,
    code,
    explanation,
    instant,
    line,
    lines,
    number,
    numbers,
    row_of_counts,
    series,
    table,
    text,
)
from dashboards.queries import query
from dashboards.variables import SEVERITIES, STATIONS

UID = "quantrac-alerts"


def alerting(web_url: str | None = None) -> Dashboard:
    """Return the dashboard of alerts and incidents; ``web_url`` is where the centre's pages are."""
    return Dashboard(
        uid=UID,
        title="Cảnh báo",
        description=(
            "Sự cố và cảnh báo: lịch sử, thời gian tiếp nhận, nguyên nhân, số lần gọi trực ban. · Incidents and "
            "alerts: history, time to acknowledge, causes, pages of the officers."
        ),
        variables=(STATIONS, SEVERITIES),
        time_from="now-30d",
        refresh="1m",
        rows=(
            Row(4, ((24, _counts()),)),
            Row(9, ((24, _incidents(web_url)),)),
            Row(11, ((24, _history()),)),
            Row(8, ((12, _acknowledgement()), (12, _pages()))),
            Row(6, ((24, _causes()),)),
        ),
    )


def _counts() -> Panel:
    columns = (
        *row_of_counts(
            ("open", "Sự cố chưa ai nhận", words.EXCEED),
            ("taken", "Sự cố đã nhận", words.PREPARING),
            ("paged", "Đã gọi trực ban", words.ERROR),
        ),
        Column("median_min", "Nhận sau (trung vị)", unit=MINUTES, decimals=0, color=words.NEUTRAL),
    )
    return numbers(
        "Sự cố",
        "Đang mở; trong khoảng thời gian đang chọn: số lần gọi và thời gian đến khi có người nhận. · Open now; of the "
        "chosen time: pages, and the time until somebody took it.",
        Target(query("incident_counts"), columns),
    )


def _incidents(web_url: str | None) -> Panel:
    columns = (
        Column("id", "Số", custom={"width": 50}, link=to_incident(web_url, "id")),
        code("state", "Tình trạng", words.INCIDENT_STATES, 125),
        code("severity", "Mức", words.SEVERITIES, 105),
        Column("places", "Trạm", custom={"minWidth": 150}),
        text("parameters", "Thông số", 100),
        instant("opened_at", "Mở lúc"),
        instant("paged_at", "Gọi lúc"),
        text("holder", "Người nhận", 100),
        code("cause", "Nguyên nhân", words.CAUSES, 115),
        Column("follows", "Sau số", custom={"width": 70}, link=to_incident(web_url, "follows")),
        number("taken_after_min", "Nhận sau", 80, unit=MINUTES, decimals=0),
        instant("ended_at", "Hết"),
        code("topic", "Về", words.INCIDENT_TOPICS, 75),
    )
    return table(
        "Sự cố",
        "Đang mở ở trên; nhiều cảnh báo đi cùng nhau là một sự cố. Sau số: sự cố đã được đóng ngay trước đó. "
        "· The open ones first; alerts that belong together are one incident. The last column names the one that was "
        "closed before it.",
        Target(query("incidents"), columns),
        nothing="Không có sự cố nào trong thời gian đang chọn.",
    )


def _history() -> Panel:
    columns = (
        text("id", "Số", 55),
        code("severity", "Mức", words.SEVERITIES, 105),
        Column("name", "Trạm", custom={"minWidth": 160}, link=STATION),
        text("parameter", "Thông số", 80),
        text("value", "Giá trị / giới hạn", 125),
        instant("since", "Từ"),
        instant("resolved_at", "Hết"),
        instant("told_at", "Đã báo"),
        text("taken_by", "Người nhận", 120),
        code("cause", "Nguyên nhân", words.CAUSES, 115),
        code("triage", "Có thể là", words.TRIAGE_CLASSES, 115),
        code("kind", "Loại", words.ALERT_KINDS, 120),
        explanation(),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Lịch sử cảnh báo",
        "Mới nhất ở trên, nhiều nhất 500. · The newest first, 500 at most.",
        Target(query("alert_history"), columns),
        nothing="Không có cảnh báo nào trong thời gian đang chọn.",
    )


def _acknowledgement() -> Panel:
    return lines(
        "Bao lâu thì có người nhận",
        "Từ lúc gọi trực ban đến lúc nhận, theo tuần. · From the page to the officer who took it, by week.",
        series(query("acknowledgement"), line("p50", "Trung vị", words.LINE), line("p90", "9 trong 10", words.LINE_2)),
        unit=MINUTES,
        interval="7d",
        back="90d",
    )


def _pages() -> Panel:
    return lines(
        "Lần gọi mỗi người mỗi tuần",
        "Theo mã người trong lịch trực; không lọc theo trạm. · By the code of the person on call, of all stations.",
        series(query("pages_per_officer"), Column("metric", "Người"), Column("pages", "Lần gọi")),
        interval="7d",
        bars=True,
        stacked=True,
        back="90d",
    )


def _causes() -> Panel:
    columns = (
        code("topic", "Về", words.INCIDENT_TOPICS, 85),
        number("closed", "Đã đóng"),
        number("pollution", "Ô nhiễm"),
        number("device", "Thiết bị"),
        number("false_alarm", "Báo giả"),
        number("other", "Khác"),
        number("precision", "Gọi đúng", 90, unit="percentunit", decimals=0),
    )
    return table(
        "Nguyên nhân và độ đúng",
        "Sự cố đã đóng theo nguyên nhân; gọi đúng: phần ô nhiễm trong số đã gọi trực ban, trừ diễn tập và nguyên nhân "
        "khác. · Closed incidents by cause; precision: pollution among those that were told, drills and other causes "
        "left out.",
        Target(query("causes"), columns),
        back="90d",
        nothing="Chưa có sự cố nào được đóng.",
    )
