"""Compliance: hours and days beyond limits, and whether there were enough data to say so."""

from __future__ import annotations

from dashboards import words
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION
from dashboards.overview import exceedances
from dashboards.panels import line, lines, note, number, numbers, received, row_of_counts, series, table, text
from dashboards.queries import query
from dashboards.variables import STATIONS

UID = "quantrac-compliance"


def compliance() -> Dashboard:
    """Return the dashboard of compliance; it starts with the month before."""
    return Dashboard(
        uid=UID,
        title="Tuân thủ",
        description=(
            "Giờ và ngày vượt giới hạn, ngày thiếu số liệu, tỷ lệ hợp lệ; như trong báo cáo tháng. · Hours and days "
            "beyond limits, incomplete days, valid data; the same as in the month's report."
        ),
        variables=(STATIONS,),
        time_from="now-1M/M",
        time_to="now-1M/M",
        refresh="5m",
        rows=(
            Row(4, ((24, _counts()),)),
            Row(13, ((24, _table()),)),
            Row(9, ((24, exceedances(back=None)),)),
            Row(8, ((14, _months()), (10, _sign()))),
        ),
    )


def _counts() -> Panel:
    columns = row_of_counts(
        ("hours_exceeded", "Giờ vượt", words.EXCEED),
        ("days_exceeded", "Ngày vượt", words.EXCEED),
        ("days_incomplete", "Ngày thiếu số liệu", words.PREPARING),
        ("days_judged", "Ngày đã xét", words.ERROR),
    )
    return numbers(
        "Trong khoảng thời gian đang chọn",
        "Đếm theo trạm và thông số; tháng trước khi mở trang. · Counted by station and parameter; last month at first.",
        Target(query("compliance_counts"), columns),
    )


def _table() -> Panel:
    columns = (
        text("name", "Trạm", link=STATION),
        text("parameter", "Thông số", 90),
        Column("hours_exceeded", "Giờ vượt", steps=words.ZERO_OR_RED, custom=_CELL),
        number("days_judged", "Ngày đã xét", 105),
        Column("days_exceeded", "Ngày vượt", steps=words.ZERO_OR_RED, custom=_CELL),
        Column("days_incomplete", "Ngày thiếu", steps=words.ZERO_OR_ORANGE, custom=_CELL),
        number("ratio", "Số lần cao nhất", 135, decimals=2),
        number("exceedance_class", "Mức", 60),
        received("received", "Tỷ lệ nhận"),
        received("valid", "Hợp lệ"),
        Column("code", "code", custom={"hidden": True}),
    )
    return table(
        "Từng trạm và thông số",
        "Mức theo NĐ 45/2022/NĐ-CP, Điều 18, chỉ để tham khảo, không phải mức phạt. · The class is a reference, never "
        "a fine.",
        Target(query("compliance"), columns),
    )


_CELL = {"width": 95, "cellOptions": {"type": "color-background", "mode": "basic"}}


def _months() -> Panel:
    return lines(
        "Từng tháng",
        "Số giờ và số ngày vượt của mười hai tháng. · Hours and days beyond, of twelve months.",
        series(
            query("compliance_months"),
            line("hours", "Giờ vượt", words.PREPARING),
            line("days", "Ngày vượt", words.EXCEED),
        ),
        interval="28d",
        bars=True,
        back="365d",
    )


def _sign() -> Panel:
    return note(
        "Ký xác nhận",
        "Bản để ký là báo cáo tháng (PDF). · What is signed is the month's report (PDF).",
        "Bản để ký là **báo cáo tháng** (`quantrac report month --format pdf`), cùng số liệu với trang này và giữ "
        "nguyên từng byte khi lập lại.\n\n| Người lập | Người kiểm tra | Lãnh đạo |\n| :-: | :-: | :-: |\n| | | |\n| "
        "…………………… | …………………… | …………………… |",
    )
