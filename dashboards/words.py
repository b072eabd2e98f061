"""What codes are called on a dashboard, and their colours and signs.

The hues are Envisoft's, which the centre's staff know, darkened until Grafana's white text on them is read (contrast
4.5, WCAG 2.1 AA). Its orange of a faulty device is hardly told from the orange of "preparing": ours is blue.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.grafana import Choice, Range
from quantrac.domain.channels import KIND_VI
from quantrac.domain.reason_words import QC_WORDS, REJECT_WORDS
from quantrac.domain.words import Bilingual


def _capital(words: Bilingual) -> Bilingual:
    return Bilingual(words.vi[0].upper() + words.vi[1:], words.en)


GOOD, TENDENCY, PREPARING, EXCEED = "#12803f", "#F1D748", "#b4560a", "#c9251a"
ADJUSTING, ERROR, OFFLINE, INCIDENT = "#8e44ad", "#1f5fbf", "#6b6f76", "#7e0023"
LINE, LINE_2, NEUTRAL = "#3871dc", "#c77700", "rgba(128, 128, 128, 0.15)"
"""Of lines on both themes; and the background of a count of nothing."""
HUES = (LINE_2, ADJUSTING, LINE, EXCEED, OFFLINE, "#00838f", "#ad1457", "#8d6e63")
"""Of kinds of what is wrong, side by side: none of them is green."""


@dataclass(frozen=True, slots=True)
class StationStatus:
    """A station's status; ``rank`` is what ``station_statuses`` says, ``column`` its name in ``status_counts.sql``."""

    rank: int
    column: str
    text: Bilingual
    color: str
    mark: str

    @property
    def shown(self) -> str:
        """The word with its sign."""
        return f"{self.mark} {self.text.vi}"


STATION_STATUSES = (
    StationStatus(0, "good", Bilingual("Tốt", "GOOD"), GOOD, "✓"),
    StationStatus(1, "tendency", Bilingual("Xu hướng vượt", "TENDENCY"), TENDENCY, "↗"),
    StationStatus(2, "preparing", Bilingual("Chuẩn bị vượt", "PREPARING"), PREPARING, "△"),
    StationStatus(3, "exceed", Bilingual("Vượt ngưỡng", "EXCEED"), EXCEED, "▲"),
    StationStatus(4, "adjusting", Bilingual("Hiệu chuẩn", "ADJUSTING"), ADJUSTING, "◇"),
    StationStatus(5, "error", Bilingual("Lỗi thiết bị", "ERROR"), ERROR, "✕"),
    StationStatus(6, "offline", Bilingual("Mất tín hiệu", "OFFLINE"), OFFLINE, "○"),
    StationStatus(7, "incident", Bilingual("Sự cố", "INCIDENT"), INCIDENT, "◆"),
)
GRAVEST_FIRST = tuple(STATION_STATUSES[rank] for rank in (7, 3, 5, 6, 2, 1, 4, 0))

STATUS_OF_RANK = tuple(Choice(str(s.rank), s.text, s.color, s.mark) for s in STATION_STATUSES)
STEPS_OF_RANK = tuple((None if s.rank == 0 else s.rank, s.color) for s in STATION_STATUSES)

SHARE_STEPS = ((None, GOOD), (0.8, TENDENCY), (0.9, PREPARING), (1.000001, EXCEED))
"""Of what a limit allows; at the limit itself nothing is exceeded."""
RECEIVED_STEPS = ((None, EXCEED), (0.8, PREPARING), (0.95, TENDENCY), (0.99, GOOD))
"""Of the data that were expected; below 80 % a day is incomplete. Practice, not law."""
ALL_RECEIVED = (Range(0.995, 1.0, "✓", GOOD),)
ZERO_OR_RED = ((None, GOOD), (1, EXCEED))
ZERO_OR_ORANGE = ((None, GOOD), (1, PREPARING))

SEVERITIES = (
    Choice("critical", Bilingual("Nghiêm trọng", "critical"), INCIDENT, "◆"),
    Choice("high", Bilingual("Cao", "high"), EXCEED, "▲"),
    Choice("warning", Bilingual("Chú ý", "warning"), PREPARING, "△"),
    Choice("info", Bilingual("Thông tin", "info"), ERROR, "i"),
)

ALERT_KINDS = (
    Choice("limit", Bilingual("Vượt giới hạn", "limit")),
    Choice("anomaly", Bilingual("Bất thường", "anomaly")),
    Choice("fault", Bilingual("Thiết bị", "fault")),
    Choice("offline", Bilingual("Mất tín hiệu", "offline")),
    Choice("due", Bilingual("Thiếu số liệu", "due")),
    Choice("flooding", Bilingual("Gửi dồn dập", "flooding")),
    Choice("revision", Bilingual("Sửa số liệu", "revision")),
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

CAUSES = (
    Choice("pollution", Bilingual("Ô nhiễm", "pollution")),
    Choice("process_upset", Bilingual("Sự cố xử lý", "process upset")),
    Choice("sensor_fault", Bilingual("Lỗi đầu đo", "sensor fault")),
    Choice("calibration", Bilingual("Hiệu chuẩn", "calibration")),
    Choice("maintenance", Bilingual("Bảo trì", "maintenance")),
    Choice("communication", Bilingual("Mất kết nối", "communication")),
    Choice("natural", Bilingual("Tự nhiên", "natural")),
    Choice("falsification", Bilingual("Gian lận số liệu", "falsification")),
    Choice("false_alarm", Bilingual("Báo động giả", "false alarm")),
    Choice("drill", Bilingual("Diễn tập", "drill")),
    Choice("other", Bilingual("Khác", "other")),
    Choice("unknown", Bilingual("Chưa rõ", "unknown")),
    Choice("", Bilingual("Chưa ghi", "not told")),
)

INCIDENT_STATES = (
    Choice("open", Bilingual("Đang mở", "open"), EXCEED, "▲"),
    Choice("acknowledged", Bilingual("Đã tiếp nhận", "acknowledged"), PREPARING, "△"),
    Choice("snoozed", Bilingual("Tạm hoãn", "snoozed"), ADJUSTING, "◇"),
    Choice("resolved", Bilingual("Đã hết", "resolved"), GOOD, "✓"),
    Choice("closed", Bilingual("Đã đóng", "closed"), OFFLINE, "■"),
)

INCIDENT_TOPICS = (
    Choice("water", Bilingual("Nước", "water")),
    Choice("instrument", Bilingual("Thiết bị", "instrument")),
    Choice("signal", Bilingual("Tín hiệu", "signal")),
)

LOGGER_STATUSES = (
    Choice("00", Bilingual("Đang đo", "measuring")),
    Choice("01", Bilingual("Hiệu chuẩn", "calibrating"), ADJUSTING, "◇"),
    Choice("02", Bilingual("Báo lỗi", "fault"), ERROR, "✕"),
    Choice("03", Bilingual("Bảo trì", "maintenance"), ADJUSTING, "◇"),
    Choice("??", Bilingual("Không rõ", "unknown"), OFFLINE, "?"),
    Choice("stale", Bilingual("Số liệu cũ", "stale"), OFFLINE, "○"),
)

FLAGS = (
    Choice("1", Bilingual("Đạt", "good"), GOOD, "✓"),
    Choice("2", Bilingual("Chưa đánh giá", "not evaluated"), NEUTRAL),
    Choice("3", Bilingual("Nghi ngờ", "suspect"), TENDENCY, "?"),
    Choice("4", Bilingual("Loại", "bad"), EXCEED, "✕"),
    Choice("9", Bilingual("Thiếu", "missing"), OFFLINE, "○"),
    Choice("-", Bilingual("Số liệu cũ", "stale"), OFFLINE, "○"),
)

KINDS = (
    Choice("effluent", Bilingual("Nước thải", "effluent")),
    Choice("surface_water", Bilingual("Nước mặt", "surface water")),
)

WINDOWS = (Choice("hour", Bilingual("Giờ", "hour")), Choice("day", Bilingual("Ngày", "day")))

LATENESS = (
    Choice("true", Bilingual("Phát hiện muộn", "found late"), ADJUSTING, "◷"),
    Choice("false", Bilingual("Trực tiếp", "live"), PREPARING, "●"),
)

_WQI_NAMES = ("Rất tốt", "Tốt", "Trung bình", "Xấu", "Kém", "Ô nhiễm rất nặng")
_WQI_COLORS = ("#3333ff", "#00e400", "#ffff00", "#ff7e00", "#ff0000", "#7e0023")
_WQI_LEAST = (91, 76, 51, 26, 10, 0)
WQI_LEVELS = tuple(
    Range(least, most, name, color)
    for least, most, name, color in zip(_WQI_LEAST, (100, 90, 75, 50, 25, 9), _WQI_NAMES, _WQI_COLORS, strict=True)
)
"""Names and colours of QĐ 1460/QĐ-TCMT, as :mod:`reports.wqi` has them (a test holds them equal)."""
WQI_STEPS: tuple[tuple[float | None, str], ...] = tuple(
    (None if level.least == 0 else level.least, level.color) for level in reversed(WQI_LEVELS)
)

DEFECTS = (
    Choice("late", Bilingual("Số liệu đến muộn", "late")),
    Choice("ahead", Bilingual("Đồng hồ chạy trước", "clock ahead")),
    Choice("refused", Bilingual("Bị từ chối", "refused")),
    Choice("unknown_status", Bilingual("Trạng thái lạ", "unknown status")),
    Choice("calibrating", Bilingual("Đang hiệu chuẩn", "calibrating")),
    Choice("fault", Bilingual("Bộ ghi báo lỗi", "fault")),
    Choice("suspect", Bilingual("Số liệu nghi ngờ", "suspect")),
    Choice("bad", Bilingual("Số liệu bị loại", "bad")),
    Choice("no_value", Bilingual("Không có giá trị", "no value")),
    Choice("missing_line", Bilingual("Thiếu dòng của thông số", "missing line")),
    Choice("sparse", Bilingual("Thưa hơn chu kỳ", "sparse")),
)

QC_REASONS = tuple(Choice(reason.value, _capital(name)) for reason, name in QC_WORDS.items())

REJECT_REASONS = tuple(Choice(reason.value, _capital(name)) for reason, name in REJECT_WORDS.items())

OUTAGES = (
    Choice("broker", Bilingual("Máy chủ MQTT", "broker")),
    Choice("line", Bilingual("Đường truyền", "line")),
    Choice("pipeline", Bilingual("Phần mềm", "pipeline")),
)

BREAKS = (
    Choice("lost", Bilingual("Mất", "lost"), EXCEED, "✕"),
    Choice("truncated", Bilingual("Bị cắt", "truncated"), PREPARING, "△"),
    Choice("rewritten", Bilingual("Bị ghi lại", "rewritten"), PREPARING, "△"),
    Choice("topic_anew", Bilingual("Chủ đề tạo lại", "topic anew"), PREPARING, "△"),
    Choice("restored", Bilingual("CSDL mới hoặc phục hồi", "database restored"), PREPARING, "△"),
    Choice("accepted", Bilingual("Đã chấp nhận", "accepted"), OFFLINE, "■"),
)

CHANNEL_KINDS = tuple(Choice(kind.value, _capital(Bilingual(name, kind.value))) for kind, name in KIND_VI.items())

YES_NO = (Choice("true", Bilingual("có", "yes")), Choice("false", Bilingual("", "no")))
