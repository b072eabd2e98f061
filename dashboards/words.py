"""What codes are called on a dashboard, Vietnamese first, and their colours."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.grafana import Choice
from quantrac.domain.words import Bilingual


@dataclass(frozen=True, slots=True)
class StationStatus:
    """A station's status in the words and colours of Envisoft, which the centre's staff know.

    ``rank`` is the number that the query ``parts/statuses.sql`` returns, ``column`` its name in ``status_counts.sql``.
    """

    rank: int
    column: str
    text: Bilingual
    color: str


STATION_STATUSES = (
    StationStatus(0, "good", Bilingual("Tốt", "GOOD"), "#1dce6c"),
    StationStatus(1, "tendency", Bilingual("Xu hướng vượt", "TENDENCY"), "#F1D748"),
    StationStatus(2, "preparing", Bilingual("Chuẩn bị vượt", "PREPARING"), "#F08432"),
    StationStatus(3, "exceed", Bilingual("Vượt ngưỡng", "EXCEED"), "#EA3223"),
    # Envisoft's is called purple without a number.
    StationStatus(4, "adjusting", Bilingual("Hiệu chuẩn", "ADJUSTING"), "#8e44ad"),
    StationStatus(5, "error", Bilingual("Lỗi thiết bị", "ERROR"), "#ff7e00"),
    StationStatus(6, "offline", Bilingual("Mất tín hiệu", "OFFLINE"), "#999999"),
)

GOOD, EXCEED, OFFLINE = (STATION_STATUSES[i].color for i in (0, 3, 6))

STATUS_OF_RANK = tuple(Choice(str(s.rank), s.text, s.color) for s in STATION_STATUSES)

SEVERITIES = (
    Choice("critical", Bilingual("Rất cao", "critical"), "#7e0023"),
    Choice("high", Bilingual("Cao", "high"), EXCEED),
    Choice("warning", Bilingual("Cảnh báo", "warning"), "#F08432"),
    Choice("info", Bilingual("Thông tin", "info"), "#5794F2"),
)

ALERT_KINDS = (
    Choice("limit", Bilingual("Vượt giới hạn", "limit")),
    Choice("anomaly", Bilingual("Bất thường", "anomaly")),
    Choice("fault", Bilingual("Thiết bị", "fault")),
    Choice("offline", Bilingual("Mất tín hiệu", "offline")),
)

TRIAGE_CLASSES = (
    Choice("pollution", Bilingual("Sự cố xả thải", "pollution")),
    Choice("fault", Bilingual("Lỗi thiết bị", "sensor fault")),
    Choice("maintenance", Bilingual("Bảo trì", "maintenance")),
    Choice("communication", Bilingual("Lỗi truyền", "communication")),
    Choice("natural", Bilingual("Tự nhiên", "natural")),
    Choice("falsification", Bilingual("Nghi can thiệp", "falsification")),
    Choice("unknown", Bilingual("Chưa rõ", "unknown")),
)

LOGGER_STATUSES = (
    Choice("00", Bilingual("Đang đo", "measuring")),
    Choice("01", Bilingual("Hiệu chuẩn", "calibrating"), "#8e44ad"),
    Choice("02", Bilingual("Báo lỗi", "fault"), "#ff7e00"),
    Choice("??", Bilingual("Không rõ", "unknown"), OFFLINE),
)

FLAGS = (
    Choice("1", Bilingual("Đạt", "good"), GOOD),
    Choice("2", Bilingual("Chưa đánh giá", "not evaluated")),
    Choice("3", Bilingual("Nghi ngờ", "suspect"), "#F1D748"),
    Choice("4", Bilingual("Loại", "bad"), EXCEED),
    Choice("9", Bilingual("Thiếu", "missing"), OFFLINE),
)

KINDS = (
    Choice("effluent", Bilingual("Nước thải", "effluent")),
    Choice("surface_water", Bilingual("Nước mặt", "surface water")),
)

WINDOWS = (Choice("hour", Bilingual("Giờ", "hour")), Choice("day", Bilingual("Ngày", "day")))

ONLINE = (
    Choice("true", Bilingual("Kết nối", "online"), GOOD),
    Choice("false", Bilingual("Ngắt", "offline"), EXCEED),
)
