"""Operations: whether the system itself is well, from what is in the database; Prometheus is not needed."""

from __future__ import annotations

from dashboards import words
from dashboards.grafana import Column, Dashboard, Panel, Row, Target
from dashboards.links import STATION
from dashboards.overview import loss
from dashboards.panels import (
    MINUTES,
    SECONDS,
    code,
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
from dashboards.variables import STATIONS

UID = "quantrac-operations"


def operations() -> Dashboard:
    """Return the dashboard of operations."""
    return Dashboard(
        uid=UID,
        title="Vận hành",
        description=(
            "Độ trễ, lượng số liệu, mất mát, Kafka, cơ sở dữ liệu, thư báo. · Delay, load, loss, Kafka, database, "
            "deliveries."
        ),
        variables=(STATIONS,),
        rows=(
            Row(4, ((24, _now()),)),
            Row(4, ((24, loss()),)),
            Row(9, ((8, _delay()), (8, _arrivals()), (8, _missing()))),
            Row(9, ((24, _ledger()),)),
            Row(8, ((9, _progress()), (15, _outages()))),
            Row(8, ((9, _deliveries()), (15, _breaks()))),
        ),
    )


def _now() -> Panel:
    columns = (
        Column("silent_min", "Số liệu cuối, cách đây", unit=MINUTES, decimals=0,
               steps=((None, words.GOOD), (5, words.PREPARING), (15, words.EXCEED))),
        *row_of_counts(
            ("outbox_waiting", "Thư chờ gửi", words.PREPARING),
            ("outbox_failed", "Thư hỏng", words.EXCEED),
            ("outages", "Sự cố đường truyền", words.PREPARING),
        ),
        Column("unjudged", "Chưa xét", decimals=0, steps=((None, words.NEUTRAL), (5000, words.PREPARING))),
        Column("bytes", "Cơ sở dữ liệu", unit="bytes", decimals=1, color=words.NEUTRAL),
        Column("connections", "Kết nối", decimals=0, color=words.NEUTRAL),
    )  # fmt: skip
    return numbers(
        "Hệ thống",
        "Toàn hệ thống, không lọc theo trạm. Chưa xét: giờ và ngày còn phải tính lại. · The whole system. Not judged: "
        "hours and days still to be computed.",
        Target(query("operations_now"), columns),
    )


def _delay() -> Panel:
    return lines(
        "Độ trễ",
        "Từ lúc bộ ghi gửi đến lúc đã lưu, thang logarit; sai số nhiều nhất 10 %. · From the logger's publish to the "
        "commit; at most 10 % too high.",
        series(query("delay"), line("p50", "Trung vị", words.LINE), line("p99", "99 %", words.LINE_2)),
        unit=SECONDS,
        interval="1m",
        log=True,
    )


def _arrivals() -> Panel:
    return lines(
        "Số liệu lưu mỗi phút",
        "Toàn tỉnh, theo lúc lưu. · Of all stations, by time of storing.",
        series(query("arrivals"), line("readings", "Số liệu", words.LINE)),
        axis="số liệu/phút",
        interval="1m",
    )


def _ledger() -> Panel:
    columns = (
        text("name", "Trạm", 200, link=STATION),
        number("received", "Nhận"),
        number("stored", "Lưu"),
        number("duplicate", "Trùng"),
        number("revision", "Sửa"),
        number("dead_letter", "Lỗi"),
        number("redelivered", "Gửi lại"),
        Column("missing", "Bản tin thiếu", steps=words.ZERO_OR_RED,
               custom={"width": 110, "cellOptions": {"type": "color-background", "mode": "basic"}}),
        Column("code", "code", custom={"hidden": True}),
    )  # fmt: skip
    return table(
        "Sổ đối soát",
        "Nhận = lưu + trùng + sửa + lỗi (cơ sở dữ liệu không cho sai); thiếu: bộ ghi đã đánh số mà chưa đến. · "
        "Received = stored + duplicate + revision + dead letter; missing: numbered by a logger and not arrived.",
        Target(query("ledger"), columns),
    )


def _missing() -> Panel:
    return lines(
        "Số liệu thiếu mỗi ngày",
        "Phải có trừ đã nhận. · Expected less received.",
        series(query("missing_days"), line("missing", "Thiếu", words.EXCEED)),
        axis="số liệu/ngày",
        interval="1d",
        bars=True,
        back="14d",
    )


def _progress() -> Panel:
    columns = (
        Column("topic", "Chủ đề", custom={"minWidth": 110}),
        number("partition", "Phần", 55),
        number("next_offset", "Đã xử lý", 85),
        number("unshared", "Chờ", 55),
        Column("breaks", "Đứt", steps=words.ZERO_OR_ORANGE,
               custom={"width": 50, "cellOptions": {"type": "color-background", "mode": "basic"}}),
    )  # fmt: skip
    return table(
        "Tiến độ Kafka",
        "Bản ghi đã xử lý của từng phần; chờ: chưa chia sẻ. · Records processed, by partition; those not yet shared.",
        Target(query("progress"), columns),
    )


def _deliveries() -> Panel:
    return lines(
        "Thư báo",
        "Theo lúc tạo. · By time of creation.",
        series(
            query("deliveries"),
            line("sent", "Đã gửi", words.GOOD),
            line("failed", "Hỏng", words.EXCEED),
            line("waiting", "Đang chờ", words.LINE_2),
        ),
        interval="1h",
        bars=True,
        stacked=True,
        back="7d",
    )


def _outages() -> Panel:
    columns = (
        instant("since", "Từ"),
        instant("until", "Đến"),
        code("kind", "Loại", words.OUTAGES, 135),
        text("park", "Khu", 130),
        text("detail", "Ghi chú"),
    )
    return table(
        "Gián đoạn đã khai báo",
        "Mất đường truyền, máy chủ. · Declared outages.",
        Target(query("outages"), columns),
        nothing="Không có gián đoạn nào được khai báo.",
    )


def _breaks() -> Panel:
    columns = (
        instant("noticed_at", "Thấy lúc"),
        code("kind", "Loại", words.BREAKS, 130),
        text("topic", "Chủ đề", 160),
        number("partition", "Phần", 60),
        number("records", "Bản ghi", 90),
        Column("told", "Điều gì", custom={"inspect": True}),
    )
    return table(
        "Chỗ đứt của nhật ký gốc",
        "Bản ghi mà Kafka không còn. · Records that Kafka no longer has.",
        Target(query("log_breaks"), columns),
        nothing="Nhật ký gốc không có chỗ đứt nào.",
    )
