"""What is said of a sensor that gives no usable reading in time: as what it is, and for how long."""

from __future__ import annotations

from datetime import timedelta

from quantrac.domain.presence import Defect, SensorPresence
from quantrac.domain.reason_words import reason_words
from quantrac.domain.words import NOTHING_SAID, Bilingual, duration, duration_vi, local_time

_WORDS = {
    Defect.LATE: Bilingual("số liệu đến muộn hoặc đồng hồ trạm chậm", "its readings come late, or its clock is slow"),
    Defect.AHEAD: Bilingual("đồng hồ trạm chạy nhanh hơn giờ chuẩn", "the station's clock is ahead"),
    Defect.REFUSED: Bilingual("số liệu gửi đến bị từ chối", "what it sends is refused"),
    Defect.UNKNOWN_STATUS: Bilingual(
        "mã trạng thái không có trong quy định", "its status code is none of the regulation's"
    ),
    Defect.CALIBRATING: Bilingual("báo đang hiệu chuẩn quá lâu", "it says for too long that it is being calibrated"),
    Defect.FAULT: Bilingual("báo lỗi thiết bị quá lâu", "it reports a fault for too long"),
    Defect.SUSPECT: Bilingual("số liệu nghi ngờ", "its readings are suspect"),
    Defect.BAD: Bilingual("số liệu không hợp lệ", "its readings are bad"),
    Defect.NO_VALUE: Bilingual("dòng số liệu không có giá trị", "its lines have no value"),
    Defect.MISSING_LINE: Bilingual(
        "trạm vẫn truyền nhưng không gửi thông số này", "the station sends, and leaves this parameter out"
    ),
    Defect.SPARSE: Bilingual("số liệu dùng được quá thưa", "its usable readings are too far apart"),
}


USABLE_BACK = Bilingual("lại có số liệu dùng được, đúng lúc", "usable readings come in time again")
CHANNEL_BACK = Bilingual("kênh này lại được gửi", "this channel is sent again")
_OF_CHANNEL = {
    Defect.MISSING_LINE: Bilingual(
        "trạm vẫn truyền nhưng không gửi kênh này (nếu bộ ghi chỉ gửi khi thay đổi: đăng ký on_change = true)",
        "the station sends, and leaves this channel out (if its logger sends it only when it changes, register "
        "on_change = true)",
    ),
    Defect.NO_VALUE: Bilingual("dòng của kênh không có giá trị", "its lines have no value"),
    Defect.LATE: Bilingual("tin của kênh đến muộn", "its words come late"),
    Defect.SPARSE: Bilingual("tin của kênh quá thưa", "its words are too far apart"),
}


_SENSOR = (
    Bilingual("không có số liệu dùng được trong", "no usable reading in time for"),
    Bilingual("số liệu dùng được cuối cùng lúc", "the last usable reading came at"),
)
_CHANNEL = (
    Bilingual("không rõ tình trạng trong", "its state has not been told for"),
    Bilingual("tin cuối cùng lúc", "the last word came at"),
)
"""How it begins to say for how long there was nothing, and when there last was something."""


def _lasting(
    beginnings: tuple[Bilingual, Bilingual], what: Bilingual, detail: str, presence: SensorPresence, waited: timedelta
) -> Bilingual:
    nothing, last = beginnings
    why = reason_words(detail)
    more = Bilingual(f" ({why.vi})", f" ({why.en})") if detail else NOTHING_SAID
    last_vi = last_en = ""
    if presence.usable_at is not None:
        at = local_time(presence.usable_at)
        last_vi, last_en = f"; {last.vi} {at}", f"; {last.en} {at}"
    return Bilingual(
        f"{nothing.vi} {duration_vi(waited)}: {what.vi}{more.vi}{last_vi}",
        f"{nothing.en} {duration(waited)}: {what.en}{more.en}{last_en}",
    )


def channel_words(defect: Defect, detail: str, presence: SensorPresence, waited: timedelta) -> Bilingual:
    """Say of a housekeeping channel that it is not told, for how long, and when it last was.

    >>> print(channel_words(Defect.NO_VALUE, "", SensorPresence(), timedelta(hours=2)).en)
    its state has not been told for 2 h: its lines have no value
    """
    return _lasting(_CHANNEL, _OF_CHANNEL.get(defect, _WORDS[defect]), detail, presence, waited)


def unusable_words(defect: Defect, detail: str, presence: SensorPresence, waited: timedelta) -> Bilingual:
    """Say what is wrong, for how long, and when the last usable reading came.

    >>> print(unusable_words(Defect.AHEAD, "", SensorPresence(), timedelta(hours=2)).vi)
    không có số liệu dùng được trong 2 giờ: đồng hồ trạm chạy nhanh hơn giờ chuẩn
    >>> print(unusable_words(Defect.BAD, "flat_line", SensorPresence(), timedelta(hours=2)).vi)
    không có số liệu dùng được trong 2 giờ: số liệu không hợp lệ (đứng yên)
    """
    return _lasting(_SENSOR, _WORDS[defect], detail, presence, waited)


def declared_words(declared: timedelta, usual: timedelta) -> Bilingual:
    """Say that an instrument is calibrated more often than is usual.

    >>> print(declared_words(timedelta(hours=5), timedelta(minutes=30)).en)
    it says too often that it is being calibrated: 5 h beyond the usual 30 min a day
    """
    return Bilingual(
        f"báo hiệu chuẩn quá thường xuyên: {duration_vi(declared)} ngoài mức thông thường {duration_vi(usual)}/ngày",
        f"it says too often that it is being calibrated: {duration(declared)} beyond the usual {duration(usual)} a day",
    )


def cadence_words(actual_s: float, registered_s: float) -> Bilingual:
    """Say how the actual cadence stands to the registered one.

    >>> print(cadence_words(900, 300).en)
    a reading every 15 min, registered is one every 5 min
    """
    actual, registered = timedelta(seconds=actual_s), timedelta(seconds=registered_s)
    return Bilingual(
        f"tần suất thực tế {duration_vi(actual)} một số liệu, đăng ký {duration_vi(registered)}",
        f"a reading every {duration(actual)}, registered is one every {duration(registered)}",
    )
