"""What officers and trainers read of the kinds of events and of their classes."""

from __future__ import annotations

from quantrac.domain.words import Bilingual

KINDS = {
    "pollution_slug": Bilingual("xả thải vượt mức", "pollution slug"),
    "rain": Bilingual("mưa", "rain"),
    "stuck": Bilingual("đầu đo đứng yên", "stuck probe"),
    "spike": Bilingual("số liệu nhảy vọt", "spike"),
    "drift": Bilingual("đầu đo trôi", "drift"),
    "fouling": Bilingual("đầu đo bám bẩn", "fouling"),
    "offset": Bilingual("đầu đo lệch", "offset"),
    "noise": Bilingual("số liệu nhiễu", "noise"),
    "drop_out": Bilingual("mất giá trị", "drop-out"),
    "instrument_fault": Bilingual("thiết bị báo lỗi (02)", "instrument fault (02)"),
    "calibration": Bilingual("hiệu chuẩn (01)", "calibration (01)"),
    "network_loss": Bilingual("mất mạng, truyền bù", "network loss, backfill"),
    "silence": Bilingual("trạm im lặng", "silence"),
    "clock_skew": Bilingual("đồng hồ trạm sai", "clock skew"),
    "duplicates": Bilingual("gửi trùng", "duplicates"),
    "capped": Bilingual("số liệu bị ghìm dưới giới hạn", "capped under the limit"),
    "copied_day": Bilingual("chép lại số liệu ngày khác", "copied day"),
    "dilution": Bilingual("pha loãng", "dilution"),
    "masking_calibration": Bilingual("hiệu chuẩn để che", "masking calibration"),
}
CLASSES = {
    "pollution": Bilingual("ô nhiễm", "pollution"),
    "fault": Bilingual("lỗi thiết bị", "fault"),
    "maintenance": Bilingual("bảo trì", "maintenance"),
    "communication": Bilingual("truyền số liệu", "communication"),
    "natural": Bilingual("tự nhiên", "natural"),
    "falsification": Bilingual("can thiệp số liệu", "falsification"),
}


def kind_words(kind: str) -> Bilingual:
    """Return the words for a kind of event."""
    return KINDS.get(kind, Bilingual(kind, kind))


def class_words(cls: str) -> Bilingual:
    """Return the words for a class of events."""
    return CLASSES.get(cls, Bilingual(cls, cls))
