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
    "warning": Text("Cảnh báo", "Warning"),
    "high": Text("Cao", "High"),
    "critical": Text("Nghiêm trọng", "Critical"),
}
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
