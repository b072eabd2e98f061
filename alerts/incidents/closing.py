"""How an incident was closed, in words: what whoever is told of the next one has to know."""

from __future__ import annotations

from collections.abc import Mapping

from quantrac.domain.incidents import Closing, IncidentCause
from quantrac.domain.words import Bilingual, local_time

CAUSES = {
    IncidentCause.POLLUTION: Bilingual("Ô nhiễm xác nhận", "pollution confirmed"),
    IncidentCause.PROCESS_UPSET: Bilingual("Sự cố hệ thống xử lý", "upset of the works"),
    IncidentCause.SENSOR_FAULT: Bilingual("Lỗi thiết bị đo", "sensor fault"),
    IncidentCause.CALIBRATION: Bilingual("Hiệu chuẩn", "calibration"),
    IncidentCause.COMMUNICATION: Bilingual("Lỗi đường truyền", "communication"),
    IncidentCause.FALSE_ALARM: Bilingual("Báo động sai", "false alarm"),
    IncidentCause.DRILL: Bilingual("Diễn tập", "drill"),
    IncidentCause.OTHER: Bilingual("Khác (ghi rõ)", "other (say what)"),
}
BEFORE = Bilingual("Sự cố trước đó", "The incident before")
MOST_TEXT = 200
"""Characters of the officer's own words that the next message repeats."""


def closing_words(closing: Closing, people: Mapping[str, str]) -> Bilingual:
    """Return who has closed an incident, when, and with which cause.

    >>> from datetime import datetime
    >>> from quantrac.domain.stations import VIETNAM
    >>> at = datetime(2026, 11, 23, 10, 5, tzinfo=VIETNAM)
    >>> closing = Closing(17, at, "an", IncidentCause.CALIBRATION, "chuẩn COD")
    >>> closing_words(closing, {"an": "Nguyễn Văn An"}).vi
    'số 17, Nguyễn Văn An đã đóng lúc 10:05 23/11/2026; nguyên nhân: Hiệu chuẩn, chuẩn COD'
    """
    number = closing.incident_id
    if closing.at is None or closing.cause is None:
        return Bilingual(f"số {number}, đã được mở lại", f"no. {number}, reopened since")
    at, by = local_time(closing.at), people.get(closing.by or "", closing.by or "quantrac")
    text = closing.cause_text if len(closing.cause_text) <= MOST_TEXT else f"{closing.cause_text[:MOST_TEXT]}…"
    vi, en = Bilingual(text, text) if closing.cause is IncidentCause.OTHER else _with(CAUSES[closing.cause], text)
    return Bilingual(
        f"số {number}, {by} đã đóng lúc {at}; nguyên nhân: {vi}", f"no. {number}, closed by {by} at {at}; cause: {en}"
    )


def as_json(closing: Closing) -> dict[str, object]:
    """Return it for programs."""
    return {
        "id": closing.incident_id,
        "closed_at": closing.at,
        "closed_by": closing.by,
        "cause": None if closing.cause is None else closing.cause.value,
        "cause_text": closing.cause_text,
    }


def _with(cause: Bilingual, text: str) -> Bilingual:
    more = f", {text}" if text else ""
    return Bilingual(f"{cause.vi}{more}", f"{cause.en}{more}")
