"""The wall: read from five metres, without a hand on the mouse. It goes through the parks by itself."""

from __future__ import annotations

from dashboards import words
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.panels import numbers, tiles
from dashboards.queries import query

UID = "quantrac-wall"


def wall() -> Dashboard:
    """Return the dashboard of the wall; every half minute the next park."""
    return Dashboard(
        uid=UID,
        title="Màn hình tường",
        description=(
            "Cho màn hình lớn: toàn tỉnh, cảnh báo gấp, và lần lượt từng khu, 30 giây một khu. · For the big screen: "
            "the province, urgent alerts, and each park in turn, half a minute each."
        ),
        refresh="10s",
        rows=(
            Row(6, ((24, _counts()),)),
            Row(6, ((24, _alerts()),)),
            Row(4, ((24, _park()),)),
            Row(8, ((24, _stations()),)),
        ),
    )


def _counts() -> Panel:
    columns = tuple(
        Column(name, title, decimals=0, steps=((None, words.NEUTRAL), (1, color)))
        for name, title, color in (
            ("incident", "◆ Sự cố", words.INCIDENT),
            ("exceed", "▲ Vượt ngưỡng", words.EXCEED),
            ("error", "✕ Lỗi thiết bị", words.ERROR),
            ("offline", "○ Mất tín hiệu", words.OFFLINE),
            ("close", "△ Gần ngưỡng", words.PREPARING),
            ("good", "✓ Bình thường", words.GOOD),
        )
    )
    return numbers(
        "Toàn tỉnh",
        "Số trạm. · Stations of the province.",
        Target(query("wall_counts"), columns),
    )


def _alerts() -> Panel:
    return tiles(
        "Cảnh báo gấp",
        "Đang mở, đã hoặc sẽ báo trực ban. · Open, and somebody was or is to be told.",
        query("wall_alerts"),
        Column("value", "", color=words.EXCEED),
        label="label",
        nothing="Không có cảnh báo gấp",
        size=40,
    )


def _park() -> Panel:
    return tiles(
        "Khu đang xem",
        "Đổi sau mỗi 30 giây. · The next one every half minute.",
        query("wall_park"),
        Column("park", "", color=words.NEUTRAL),
        nothing="-",
    )


def _stations() -> Panel:
    return tiles(
        "Trạm của khu",
        "Trạng thái và thông số gần giới hạn nhất. · Status, and the parameter nearest to its limit.",
        query("wall_stations"),
        Column("rank", "", choices=words.STATUS_OF_RANK, steps=words.STEPS_OF_RANK),
        label="label",
        nothing="-",
    )
