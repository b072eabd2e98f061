"""Words of the domain that stand in cells, in both languages, and limits written out."""

from __future__ import annotations

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.stations import StationKind
from reports.document import Text
from reports.formats import MISSING, number

STATUS = {
    "01": Text("Hiệu chuẩn", "Calibration"),
    "02": Text("Lỗi thiết bị", "Device fault"),
    "??": Text("Trạng thái lạ", "Unknown status"),
}
SEVERITY = {
    "info": Text("Thông tin", "Info"),
    "warning": Text("Chú ý", "Warning"),
    "high": Text("Cao", "High"),
    "critical": Text("Nghiêm trọng", "Critical"),
}
RULE = {
    "limit": Text("Vượt giới hạn", "Limit"),
    "hour_mean": Text("Trung bình giờ", "Hourly mean"),
    "day_mean": Text("Trung bình ngày", "Daily mean"),
    "hour_mean.retrospective": Text("Trung bình giờ, xét lại", "Hourly mean, retrospective"),
    "day_mean.retrospective": Text("Trung bình ngày, xét lại", "Daily mean, retrospective"),
    "anomaly": Text("Bất thường", "Anomaly"),
    "fault": Text("Thiết bị hỏng", "Fault"),
    "calibrating": Text("Hiệu chuẩn kéo dài", "Calibrating for long"),
    "offline": Text("Mất tín hiệu", "Silent"),
    "unusable": Text("Thiếu số liệu dùng được", "No usable reading"),
    "cadence": Text("Sai tần suất đăng ký", "Other cadence"),
    "calibrated_often": Text("Hiệu chuẩn quá thường xuyên", "Calibrated too often"),
    "channel_missing": Text("Thiếu kênh phụ trợ", "Channel missing"),
    "day_incomplete": Text("Ngày thiếu số liệu", "Incomplete day"),
    "flat_high": Text("Đứng yên trên giới hạn", "Flat beyond the limit"),
    "flooding": Text("Gửi quá nhiều", "Sends too much"),
    "revisions": Text("Sửa số liệu", "Revised readings"),
    "states_revised": Text("Sửa trạng thái", "Revised states"),
}
"""Of the packaged rules, and of what no rule is needed for; any other is called by its code."""
CAUSE = {
    "pollution": Text("Ô nhiễm", "Pollution"),
    "sensor_fault": Text("Lỗi đầu đo", "Sensor fault"),
    "maintenance": Text("Bảo trì", "Maintenance"),
    "communication": Text("Mất kết nối", "Communication"),
    "natural": Text("Tự nhiên", "Natural"),
    "falsification": Text("Gian lận số liệu", "Falsification"),
    "false_alarm": Text("Báo động giả", "False alarm"),
    "unknown": Text("Chưa rõ", "Unknown"),
}
WINDOW = {Window.HOUR: Text("Giờ", "Hour"), Window.DAY: Text("Ngày", "Day")}
VERDICT = {
    Verdict.WITHIN: Text("Đạt", "Within"),
    Verdict.EXCEEDED: Text("Vượt", "Exceeded"),
    Verdict.INCOMPLETE: Text("Thiếu số liệu", "Incomplete"),
    Verdict.NO_LIMIT: Text("Không có giới hạn", "No limit"),
}
STATION_KIND = {
    StationKind.EFFLUENT: Text("Nước thải", "Effluent"),
    StationKind.SURFACE_WATER: Text("Nước mặt", "Surface water"),
}
YES = Text("có", "yes")

PARAMETER = Text("Thông số", "Parameter")
UNIT = Text("Đơn vị", "Unit")
MEAN = Text("Trung bình", "Mean")
LIMIT = Text("Giới hạn", "Limit")
START = Text("Từ", "From")
END = Text("Đến", "To")
DAY = Text("Ngày", "Day")
HOUR = Text("Giờ", "Hour")
STATION = Text("Trạm", "Station")


def limit_words(minimum: float | None, maximum: float | None) -> Text:
    """Return a limit as it is read.

    >>> limit_words(6.0, 9.0).vi, limit_words(None, 121.5).vi, limit_words(5.0, None).en, limit_words(None, None).vi
    ('6–9', '≤ 121,5', '≥ 5', '—')
    """
    if minimum is not None and maximum is not None:
        low, high = number(minimum, 12), number(maximum, 12)
        return Text(f"{low.vi}–{high.vi}", f"{low.en}–{high.en}")
    if maximum is not None:
        high = number(maximum, 12)
        return Text(f"≤ {high.vi}", f"≤ {high.en}")
    if minimum is not None:
        low = number(minimum, 12)
        return Text(f"≥ {low.vi}", f"≥ {low.en}")
    return Text(MISSING, MISSING)
