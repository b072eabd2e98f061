"""What an alert says of itself in one sentence: Vietnamese for officers, English beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.thresholds import exceeds, share_of_limit
from quantrac.domain.alerts import Assessment
from quantrac.domain.limits import Limit
from quantrac.domain.stations import VIETNAM


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sentence or two, in both languages."""

    vi: str
    en: str


def number(value: float) -> str:
    """Write a number with up to four significant digits, without trailing zeros.

    >>> number(90.0), number(121.56), number(0.004), number(12345.6)
    ('90', '121.6', '0.004', '12346')
    """
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def number_vi(value: float) -> str:
    """Write a number with a decimal comma.

    >>> number_vi(97.5)
    '97,5'
    """
    return number(value).replace(".", ",")


def quantity_vi(value: float | None, unit: str) -> str:
    """Write a value with its unit for Vietnamese readers; ``—`` for a missing one."""
    return "—" if value is None else f"{number_vi(value)} {unit}".strip()


def quantity(value: float | None, unit: str) -> str:
    """Write a value with its unit; ``—`` for a missing one."""
    return "—" if value is None else f"{number(value)} {unit}".strip()


def local_time(instant: datetime) -> str:
    """Write an instant in Vietnam's civil time.

    >>> from datetime import UTC
    >>> local_time(datetime(2026, 11, 23, 3, 5, tzinfo=UTC))
    '10:05 23/11/2026'
    """
    return instant.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


def duration_vi(span: timedelta) -> str:
    """Write a duration in Vietnamese.

    >>> duration_vi(timedelta(hours=26, minutes=5)), duration_vi(timedelta(seconds=40))
    ('1 ngày 2 giờ 5 phút', '40 giây')
    """
    return _duration(span, ("ngày", "giờ", "phút", "giây"))


def duration(span: timedelta) -> str:
    """Write a duration.

    >>> duration(timedelta(minutes=75))
    '1 h 15 min'
    """
    return _duration(span, ("d", "h", "min", "s"))


def limit_words(limit: Limit) -> Explanation:
    """Write a limit: one number, or both ends of a range."""
    if limit.minimum is not None and limit.maximum is not None:
        vi = f"{number_vi(limit.minimum)}–{quantity_vi(limit.maximum, limit.unit)}"
        return Explanation(vi, f"{number(limit.minimum)}–{quantity(limit.maximum, limit.unit)}")
    if limit.maximum is not None:
        return Explanation(quantity_vi(limit.maximum, limit.unit), quantity(limit.maximum, limit.unit))
    low = Explanation(quantity_vi(limit.minimum, limit.unit), quantity(limit.minimum, limit.unit))
    return Explanation(f"tối thiểu {low.vi}", f"at least {low.en}")


def against_limit(parameter: str, value: float, limit: Limit) -> Explanation:
    """Say how a value stands to its limit: by how much beyond it, or which share of it.

    >>> print(against_limit("COD", 99.0, Limit("COD", "mg/L", None, 90.0, "QCVN 40:2011/BTNMT cột A")).vi)
    COD 99 mg/L vượt giới hạn 90 mg/L, gấp 1,1 lần (QCVN 40:2011/BTNMT cột A)
    """
    words, share = limit_words(limit), share_of_limit(limit, value)
    vi, en = f"{parameter} {quantity_vi(value, limit.unit)}", f"{parameter} {quantity(value, limit.unit)}"
    one_sided = limit.minimum is None
    if exceeds(limit, value):
        times_vi = f", gấp {number_vi(round(share, 2))} lần" if one_sided else ""
        times_en = f" by a factor of {number(round(share, 2))}" if one_sided else ""
        side_vi = "vượt" if limit.maximum is not None and value > limit.maximum else "thấp hơn"
        side_en = "above" if limit.maximum is not None and value > limit.maximum else "below"
        return Explanation(
            f"{vi} {side_vi} giới hạn {words.vi}{times_vi} ({limit.source})",
            f"{en} is {side_en} the limit {words.en}{times_en} ({limit.source})",
        )
    part_vi = f"bằng {share * 100:.0f} % giới hạn" if one_sided else "gần tới giới hạn"
    part_en = f"is {share * 100:.0f} % of the limit" if one_sided else "is near the limit"
    return Explanation(f"{vi} {part_vi} {words.vi} ({limit.source})", f"{en} {part_en} {words.en} ({limit.source})")


def anomaly(parameter: str, value: float, unit: str, limit: Limit | None, why: Explanation) -> Explanation:
    """Say that a model found something, and plainly whether a limit is crossed."""
    if limit is None:
        crossed = Explanation("Thông số này không có giới hạn.", "Nothing limits this parameter.")
    elif exceeds(limit, value):
        crossed = against_limit(parameter, value, limit)
        crossed = Explanation(f"Đồng thời {crossed.vi}.", f"At the same time {crossed.en}.")
    else:
        words = limit_words(limit)
        crossed = Explanation(f"Chưa vượt giới hạn {words.vi}.", f"The limit {words.en} is not crossed.")
    return Explanation(
        f"Mô hình thấy {parameter} bất thường ({quantity_vi(value, unit)}): {why.vi}. {crossed.vi}",
        f"A model finds {parameter} unusual ({quantity(value, unit)}): {why.en}. {crossed.en}",
    )


def following(why: Explanation, parameter: str, since: datetime) -> Explanation:
    """Say in the alert of a limit that the officers were told of a model's finding before.

    >>> from datetime import UTC
    >>> following(Explanation("Vượt.", "Over"), "COD", datetime(2026, 11, 23, 3, 5, tzinfo=UTC)).en
    'Over. A model has found COD unusual since 10:05 23/11/2026; that alert is still open.'
    """
    at = local_time(since)
    return Explanation(
        f"{why.vi.removesuffix('.')}. Mô hình đã thấy {parameter} bất thường từ {at}, cảnh báo đó vẫn đang mở.",
        f"{why.en.removesuffix('.')}. A model has found {parameter} unusual since {at}; that alert is still open.",
    )


_CLASSES = {
    "pollution": Explanation("sự cố xả thải, ô nhiễm thật", "pollution"),
    "fault": Explanation("lỗi thiết bị đo", "sensor fault"),
    "maintenance": Explanation("bảo trì, hiệu chuẩn", "maintenance or calibration"),
    "communication": Explanation("lỗi truyền số liệu", "communication fault"),
    "natural": Explanation("nguyên nhân tự nhiên hoặc từ thượng nguồn", "natural cause or upstream"),
    "falsification": Explanation("nghi can thiệp số liệu", "suspected falsification"),
}
_UNKNOWN = Explanation("chưa rõ nguyên nhân", "cause unclear")


def class_words(cls: str) -> Explanation:
    """Return what officers read for a class of the triage.

    >>> class_words("fault").vi
    'lỗi thiết bị đo'
    """
    return _CLASSES.get(cls, _UNKNOWN)


def assessed(cls: str, probability: float, reasons_vi: tuple[str, ...], reasons_en: tuple[str, ...]) -> Assessment:
    """Put an incident's triage into words.

    >>> assessed("pollution", 0.874, ("COD, NH4 cùng tăng",), ("COD, NH4 rose together",)).sentence_vi
    'Có thể là: sự cố xả thải, ô nhiễm thật (87 %); lý do: COD, NH4 cùng tăng.'
    """
    words, share = class_words(cls), f"{probability * 100:.0f} %"
    vi = f"Có thể là: {words.vi} ({share})"
    en = f"Probably: {words.en} ({share})"
    if reasons_vi:
        vi, en = f"{vi}; lý do: {'; '.join(reasons_vi[:3])}", f"{en}; reasons: {'; '.join(reasons_en[:3])}"
    return Assessment(cls, probability, reasons_vi[:3], reasons_en[:3], f"{vi}.", f"{en}.")


def reasons_of(explanation: Explanation) -> tuple[Explanation, ...]:
    """Return the reasons that :func:`assessed` put into an alert's explanation; empty where none stand.

    >>> told = assessed("fault", 0.9, ("đứng yên", "chỉ COD"), ("frozen", "COD alone"))
    >>> [r.vi for r in reasons_of(Explanation(f"Vượt. {told.sentence_vi}", f"Over. {told.sentence_en}"))]
    ['đứng yên', 'chỉ COD']
    """
    vi, en = explanation.vi.rpartition("; lý do: "), explanation.en.rpartition("; reasons: ")
    if not vi[1] or not en[1]:
        return ()
    pairs = zip(vi[2].removesuffix(".").split("; "), en[2].removesuffix(".").split("; "), strict=False)
    return tuple(Explanation(*pair) for pair in pairs)


def resolved(parameter: str, unit: str, peak: float | None, lasted: timedelta) -> Explanation:
    """Say that it is over, how long it lasted and what the worst value was."""
    worst_vi = f"; giá trị xấu nhất {quantity_vi(peak, unit)}" if peak is not None else ""
    worst_en = f"; worst value {quantity(peak, unit)}" if peak is not None else ""
    what = f"{parameter} " if parameter else ""
    return Explanation(
        f"{what}đã trở lại bình thường sau {duration_vi(lasted)}{worst_vi}",
        f"{what}is back to normal after {duration(lasted)}{worst_en}",
    )


def _duration(span: timedelta, units: tuple[str, str, str, str]) -> str:
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} {units[3]}"
    minutes = seconds // 60
    parts = ((minutes // 1440, units[0]), (minutes // 60 % 24, units[1]), (minutes % 60, units[2]))
    return " ".join(f"{n} {unit}" for n, unit in parts if n)
