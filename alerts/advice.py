"""What an officer should do next, by kind of alert: numbered steps, Vietnamese and English."""

from __future__ import annotations

from quantrac.domain.alerts import AlertKind
from quantrac.domain.stations import StationKind
from quantrac.domain.words import Bilingual

_CAMERA = Bilingual(
    "Xem camera tại điểm xả: màu nước, bọt, mực nước; so với lưu lượng xả.",
    "Look at the camera of the outlet: colour, foam, level; compare with the flow.",
)
_WATER = Bilingual(
    "Xem camera tại điểm quan trắc: màu nước, bọt, rác, cá; hỏi địa phương có mưa lớn không.",
    "Look at the camera of the place: colour, foam, litter, fish; ask the commune whether it rained heavily.",
)
_UPSTREAM = Bilingual(
    "Xem các trạm và nguồn thải phía thượng nguồn trong vài giờ trước; báo địa phương kiểm tra dọc sông.",
    "Look at the stations and sources upstream in the hours before; have the commune check along the river.",
)
_SAMPLE = Bilingual(
    "Ra lệnh cho thiết bị lấy mẫu tự động lấy và giữ mẫu.",
    "Command the automatic sampler to take and keep a sample.",
)
_CALL = Bilingual(
    "Gọi đơn vị vận hành: tình trạng hệ thống xử lý, nguyên nhân, biện pháp; yêu cầu dừng xả nếu cần.",
    "Call the operator: state of the treatment works, cause, measures; have the discharge stopped if needed.",
)
_LABORATORY = Bilingual(
    "Nếu còn nghi ngờ: đo đối chứng, gửi mẫu về phòng thí nghiệm.",
    "If in doubt: compare with a hand-held measurement, send the sample to a laboratory.",
)
_OTHERS = Bilingual(
    "Xem các thông số khác của trạm: ô nhiễm thật thường kéo theo nhiều thông số.",
    "Look at the station's other parameters: real pollution seldom moves one alone.",
)
_ACKNOWLEDGE = Bilingual(
    "Xác nhận đã nhận {it} và ghi nguyên nhân khi kết thúc.",
    "Acknowledge {it}, and record its cause when it is over.",
)
_PROBE = Bilingual(
    "Yêu cầu đơn vị vận hành kiểm tra, vệ sinh, hiệu chuẩn thiết bị.",
    "Have the operator inspect, clean and calibrate the instrument.",
)
_LINE = Bilingual(
    "Gọi đơn vị vận hành: nguồn điện, mạng, bộ truyền dữ liệu.", "Call the operator: power, network, data logger."
)
_BACKFILL = Bilingual(
    "Yêu cầu truyền bù số liệu khi có mạng trở lại.",
    "Have the missing data sent when the connection is back.",
)
_WITHOUT = Bilingual(
    "Gọi đơn vị vận hành: vì sao không có số liệu dùng được; đồng hồ, trạng thái, đầu đo, bộ truyền dữ liệu.",
    "Call the operator: why there is no usable reading; clock, status, probe, data logger.",
)
_REPORT = Bilingual(
    "Đối chiếu số liệu ngày, lập biên bản và báo cáo theo quy định.",
    "Verify the day's data, draw up the minutes and report as prescribed.",
)
_DECIDE = Bilingual(
    "Hỏi trạm vì sao gửi lại số liệu, yêu cầu biên bản; rồi chấp nhận hoặc từ chối ở trang Số liệu gửi lại, kèm lý do.",
    "Ask the station why it sent readings again, and for its minutes; accept or reject them on the page of revisions.",
)
_CLOSE = Bilingual(
    "Ghi nguyên nhân và biện pháp đã thực hiện vào {it}.",
    "Record cause and measures with {it}.",
)

_STEPS = {
    AlertKind.LIMIT: (_CAMERA, _SAMPLE, _CALL, _LABORATORY, _ACKNOWLEDGE),
    AlertKind.ANOMALY: (_OTHERS, _CAMERA, _SAMPLE, _CALL, _ACKNOWLEDGE),
    AlertKind.FAULT: (_PROBE, _ACKNOWLEDGE),
    AlertKind.OFFLINE: (_LINE, _BACKFILL, _ACKNOWLEDGE),
    AlertKind.DUE: (_WITHOUT, _CAMERA, _SAMPLE, _ACKNOWLEDGE),
    AlertKind.FLOODING: (_LINE, _ACKNOWLEDGE),
    AlertKind.REVISION: (_DECIDE, _ACKNOWLEDGE),
}
_DAY_STEPS = (_REPORT, _CALL, _ACKNOWLEDGE)
_OF_WATER = {_CAMERA: _WATER, _CALL: _UPSTREAM}
"""Where nobody discharges there is no outlet to look at, and no works to be stopped."""


def steps(
    kind: AlertKind, alert_id: int, *, over: bool, of_mean: bool = False, station: StationKind = StationKind.EFFLUENT
) -> tuple[Bilingual, ...]:
    """Return what to do next, in order; ``over`` when the alert has ended, ``of_mean`` for an average."""
    return _worded(_chosen(kind, over=over, of_mean=of_mean, station=station), "cảnh báo", "alert", alert_id)


def incident_steps(
    kind: AlertKind, incident_id: int, *, over: bool, of_mean: bool = False, station: StationKind = StationKind.EFFLUENT
) -> tuple[Bilingual, ...]:
    """Return what to do next about an incident, by the kind of its leading alert."""
    return _worded(_chosen(kind, over=over, of_mean=of_mean, station=station), "sự cố", "incident", incident_id)


def _chosen(kind: AlertKind, *, over: bool, of_mean: bool, station: StationKind) -> tuple[Bilingual, ...]:
    chosen = (_CLOSE,) if over else _DAY_STEPS if of_mean else _STEPS[kind]
    if station is StationKind.SURFACE_WATER:
        chosen = tuple(_OF_WATER.get(step, step) for step in chosen)
    return chosen


def _worded(chosen: tuple[Bilingual, ...], what_vi: str, what_en: str, number: int) -> tuple[Bilingual, ...]:
    vi, en = f"{what_vi} số {number}", f"{what_en} no. {number}"
    return tuple(Bilingual(s.vi.format(it=vi), s.en.format(it=en)) for s in chosen)
