"""What codes are called on a dashboard, Vietnamese first, and their colours."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.grafana import Choice


@dataclass(frozen=True, slots=True)
class StationStatus:
    """A station's status in the words and colours of Envisoft, which the centre's staff know.

    ``rank`` is the number that the query ``parts/statuses.sql`` returns, ``column`` its name in ``status_counts.sql``.
    """

    rank: int
    column: str
    text: str
    color: str


STATION_STATUSES = (
    StationStatus(0, "good", "Tốt · GOOD", "#1dce6c"),
    StationStatus(1, "tendency", "Xu hướng vượt · TENDENCY", "#F1D748"),
    StationStatus(2, "preparing", "Chuẩn bị vượt · PREPARING", "#F08432"),
    StationStatus(3, "exceed", "Vượt ngưỡng · EXCEED", "#EA3223"),
    # Envisoft's is called purple without a number.
    StationStatus(4, "adjusting", "Hiệu chuẩn · ADJUSTING", "#8e44ad"),
    StationStatus(5, "error", "Lỗi thiết bị · ERROR", "#ff7e00"),
    StationStatus(6, "offline", "Mất tín hiệu · OFFLINE", "#999999"),
)

GOOD, EXCEED, OFFLINE = (STATION_STATUSES[i].color for i in (0, 3, 6))

STATUS_OF_RANK = tuple(Choice(str(s.rank), s.text, s.color) for s in STATION_STATUSES)

SEVERITIES = (
    Choice("critical", "Rất cao · critical", "#7e0023"),
    Choice("high", "Cao · high", EXCEED),
    Choice("warning", "Cảnh báo · warning", "#F08432"),
    Choice("info", "Thông tin · info", "#5794F2"),
)

ALERT_KINDS = (
    Choice("limit", "Vượt giới hạn · limit"),
    Choice("anomaly", "Bất thường · anomaly"),
    Choice("fault", "Thiết bị · fault"),
    Choice("offline", "Mất tín hiệu · offline"),
)

TRIAGE_CLASSES = (
    Choice("pollution", "Sự cố xả thải · pollution"),
    Choice("fault", "Lỗi thiết bị · sensor fault"),
    Choice("maintenance", "Bảo trì · maintenance"),
    Choice("communication", "Lỗi truyền · communication"),
    Choice("natural", "Tự nhiên · natural"),
    Choice("falsification", "Nghi can thiệp · falsification"),
    Choice("unknown", "Chưa rõ · unknown"),
)

LOGGER_STATUSES = (
    Choice("00", "Đang đo · measuring"),
    Choice("01", "Hiệu chuẩn · calibrating", "#8e44ad"),
    Choice("02", "Báo lỗi · fault", "#ff7e00"),
    Choice("??", "Không rõ · unknown", OFFLINE),
)

FLAGS = (
    Choice("1", "Đạt · good", GOOD),
    Choice("2", "Chưa đánh giá · not evaluated"),
    Choice("3", "Nghi ngờ · suspect", "#F1D748"),
    Choice("4", "Loại · bad", EXCEED),
    Choice("9", "Thiếu · missing", OFFLINE),
)

KINDS = (Choice("effluent", "Nước thải · effluent"), Choice("surface_water", "Nước mặt · surface water"))

WINDOWS = (Choice("hour", "Giờ · hour"), Choice("day", "Ngày · day"))

ONLINE = (
    Choice("true", "Kết nối · online", GOOD),
    Choice("false", "Ngắt · offline", EXCEED),
)
