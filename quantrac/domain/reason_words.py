"""What the reasons are called for which a reading is marked, or what was sent is refused."""

from __future__ import annotations

from collections.abc import Mapping

from quantrac.domain.deadletters import RejectReason
from quantrac.domain.readings import QcReason
from quantrac.domain.words import Bilingual

QC_WORDS: Mapping[QcReason, Bilingual] = {
    QcReason.MISSING: Bilingual("không có giá trị", "no value"),
    QcReason.RANGE_SENSOR: Bilingual("ngoài dải đo", "outside the sensor's range"),
    QcReason.RANGE_EXPECTED: Bilingual("ngoài khoảng thường gặp", "outside the expected range"),
    QcReason.RATE_OF_CHANGE: Bilingual("đổi quá nhanh", "rate of change"),
    QcReason.FLAT_LINE: Bilingual("đứng yên", "flat line"),
    QcReason.CLOCK_FUTURE: Bilingual("đồng hồ chạy trước", "clock ahead"),
    QcReason.STATUS_CALIBRATING: Bilingual("hiệu chuẩn", "calibrating"),
    QcReason.STATUS_FAULT: Bilingual("thiết bị báo lỗi", "fault"),
    QcReason.STATUS_MAINTENANCE: Bilingual("bảo trì", "maintenance"),
    QcReason.STATUS_UNKNOWN: Bilingual("trạng thái lạ", "unknown status"),
    QcReason.UNIT_MISMATCH: Bilingual("sai đơn vị", "unit mismatch"),
}
REJECT_WORDS: Mapping[RejectReason, Bilingual] = {
    RejectReason.TOO_LARGE: Bilingual("quá lớn", "too large"),
    RejectReason.NOT_JSON: Bilingual("không phải JSON", "not JSON"),
    RejectReason.NOT_CBOR: Bilingual("không phải CBOR", "not CBOR"),
    RejectReason.WRONG_SHAPE: Bilingual("sai cấu trúc", "wrong shape"),
    RejectReason.UNKNOWN_CONTENT_TYPE: Bilingual("kiểu nội dung lạ", "unknown content type"),
    RejectReason.UNKNOWN_TOPIC: Bilingual("chủ đề lạ", "unknown topic"),
    RejectReason.UNSUPPORTED_VERSION: Bilingual("phiên bản chưa hỗ trợ", "unsupported version"),
    RejectReason.UNKNOWN_STATION: Bilingual("trạm chưa khai báo", "unknown station"),
    RejectReason.WRONG_STATION: Bilingual("sai trạm", "wrong station"),
    RejectReason.UNKNOWN_PARAMETER: Bilingual("thông số lạ", "unknown parameter"),
    RejectReason.NOT_A_NUMBER: Bilingual("không phải số", "not a number"),
    RejectReason.BAD_INSTANT: Bilingual("thời điểm sai", "bad instant"),
    RejectReason.INSTANT_IN_FUTURE: Bilingual("thời điểm ở tương lai", "instant in future"),
    RejectReason.INSTANT_TOO_OLD: Bilingual("thời điểm quá cũ", "instant too old"),
    RejectReason.UNIT_UNKNOWN: Bilingual("đơn vị lạ", "unknown unit"),
    RejectReason.DUPLICATE_PARAMETER: Bilingual("thông số lặp", "duplicate parameter"),
    RejectReason.BAD_FILE_NAME: Bilingual("tên tệp sai", "bad file name"),
    RejectReason.NOT_A_REGULAR_FILE: Bilingual("không phải tệp thường", "not a regular file"),
    RejectReason.UNREADABLE_FILE: Bilingual("tệp không cho đọc", "a file that may not be read"),
    RejectReason.NO_MAPPING: Bilingual("chưa khai báo cột", "no mapping"),
    RejectReason.INTERNAL_ERROR: Bilingual("lỗi của phần mềm", "internal error"),
}


def reason_words(code: str) -> Bilingual:
    """Return the words of a reason; a code that has none stands for itself.

    >>> reason_words("flat_line").vi, reason_words("bad_instant").vi, reason_words("new").vi
    ('đứng yên', 'thời điểm sai', 'new')
    """
    for words in (QC_WORDS, REJECT_WORDS):
        if (found := next((name for reason, name in words.items() if reason.value == code), None)) is not None:
            return found
    return Bilingual(code, code)
