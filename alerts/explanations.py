"""What an alert says of itself: what happened and how much, and apart from it what the model takes it for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from operator import itemgetter

from alerts.thresholds import exceeds, share_of_limit
from quantrac.domain.alerts import Assessment
from quantrac.domain.limits import Limit
from quantrac.domain.parameters import names_of
from quantrac.domain.words import (
    Bilingual,
    duration,
    duration_vi,
    local_time,
    number,
    number_vi,
    percentage,
    quantity,
    quantity_vi,
)


def limit_words(limit: Limit) -> Bilingual:
    """Write a limit: one number, or both ends of a range."""
    if limit.minimum is not None and limit.maximum is not None:
        vi = f"{number_vi(limit.minimum)}–{quantity_vi(limit.maximum, limit.unit)}"
        return Bilingual(vi, f"{number(limit.minimum)}–{quantity(limit.maximum, limit.unit)}")
    if limit.maximum is not None:
        return Bilingual(quantity_vi(limit.maximum, limit.unit), quantity(limit.maximum, limit.unit))
    low = Bilingual(quantity_vi(limit.minimum, limit.unit), quantity(limit.minimum, limit.unit))
    return Bilingual(f"tối thiểu {low.vi}", f"at least {low.en}")


def against_limit(parameter: str, value: float, limit: Limit) -> Bilingual:
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
        return Bilingual(
            f"{vi} {side_vi} giới hạn {words.vi}{times_vi} ({limit.source})",
            f"{en} is {side_en} the limit {words.en}{times_en} ({limit.source})",
        )
    part_vi = f"bằng {share * 100:.0f} % giới hạn" if one_sided else "gần tới giới hạn"
    part_en = f"is {share * 100:.0f} % of the limit" if one_sided else "is near the limit"
    return Bilingual(f"{vi} {part_vi} {words.vi} ({limit.source})", f"{en} {part_en} {words.en} ({limit.source})")


def anomaly(parameter: str, value: float, unit: str, limit: Limit | None, why: Bilingual) -> Bilingual:
    """Say that a model found something, and plainly whether a limit is crossed."""
    if limit is None:
        crossed = Bilingual("Thông số này không có giới hạn.", "Nothing limits this parameter.")
    elif exceeds(limit, value):
        crossed = against_limit(parameter, value, limit)
        crossed = Bilingual(f"Đồng thời {crossed.vi}.", f"At the same time {crossed.en}.")
    else:
        words = limit_words(limit)
        crossed = Bilingual(f"Chưa vượt giới hạn {words.vi}.", f"The limit {words.en} is not crossed.")
    name = _called(parameter)
    return Bilingual(
        f"Mô hình thấy {name.vi} bất thường ({quantity_vi(value, unit)}): {why.vi}. {crossed.vi}",
        f"A model finds {name.en} unusual ({quantity(value, unit)}): {why.en}. {crossed.en}",
    )


def _called(parameter: str) -> Bilingual:
    """Name a parameter as the model's words do, with its symbol where that is another word.

    >>> _called("NH4").vi, _called("COD").vi
    ('Amoni (NH4)', 'COD')
    """
    names = names_of(parameter)
    vi, en = (name if name == parameter else f"{name} ({parameter})" for name in (names.vi, names.en))
    return Bilingual(vi, en)


def following(why: Bilingual, parameter: str, since: datetime) -> Bilingual:
    """Say in the alert of a limit that the officers were paged for a model's finding before.

    >>> from datetime import UTC
    >>> following(Bilingual("Vượt", "Over"), "COD", datetime(2026, 11, 23, 3, 5, tzinfo=UTC)).en
    'Over. A model has found COD unusual since 10:05 23/11/2026.'
    """
    at = local_time(since)
    return Bilingual(
        f"{why.vi}. Mô hình đã thấy {parameter} bất thường từ {at}.",
        f"{why.en}. A model has found {parameter} unusual since {at}.",
    )


_CLASSES = {
    "pollution": Bilingual("sự cố xả thải, ô nhiễm thật", "pollution"),
    "fault": Bilingual("lỗi thiết bị đo", "sensor fault"),
    "maintenance": Bilingual("bảo trì, hiệu chuẩn", "maintenance or calibration"),
    "communication": Bilingual("lỗi truyền số liệu", "communication fault"),
    "natural": Bilingual("nguyên nhân tự nhiên hoặc từ thượng nguồn", "natural cause or upstream"),
    "falsification": Bilingual("nghi can thiệp số liệu", "suspected falsification"),
}
_POLLUTED_RIVER = Bilingual("ô nhiễm nguồn nước", "pollution of the water")
"""Of a place in a river, where nobody discharges."""
_UNKNOWN = Bilingual("chưa rõ nguyên nhân", "cause unclear")


def class_words(cls: str, *, in_river: bool = False) -> Bilingual:
    """Return what officers read for a class of the triage; ``in_river`` where nobody discharges.

    >>> class_words("fault").vi
    'lỗi thiết bị đo'
    """
    return _POLLUTED_RIVER if in_river and cls == "pollution" else _CLASSES.get(cls, _UNKNOWN)


def probable_class(cls: str, probability: float, *, in_river: bool = False) -> Bilingual:
    """Say what the model takes an incident for, and how sure that is: of nothing it is not sure.

    >>> probable_class("fault", 0.9).en, probable_class("unknown", 0.4).en
    ('sensor fault (90 %)', 'cause unclear')
    """
    words, share = class_words(cls, in_river=in_river), percentage(probability)
    if words == _UNKNOWN:
        return words
    return Bilingual(f"{words.vi} ({share})", f"{words.en} ({share})")


def judged(
    found: Assessment, paged_as: Assessment | None = None, *, over: bool = False, in_river: bool = False
) -> Bilingual:
    """Say what the model takes an incident for; where officers were told otherwise, that too, and which is which.

    >>> judged(Assessment("pollution", 0.62), Assessment("pollution", 0.93)).en
    'pollution (93 % when told, 62 % now)'
    >>> judged(Assessment("fault", 0.7), Assessment("pollution", 0.93), over=True).en
    'when told pollution (93 %); in the end sensor fault (70 %)'
    """
    now = probable_class(found.cls, found.probability, in_river=in_river)
    then = now if paged_as is None else probable_class(paged_as.cls, paged_as.probability, in_river=in_river)
    if paged_as is None or then == now:
        return now
    later = Bilingual("sau cùng", "in the end") if over else Bilingual("hiện nay", "now")
    if paged_as.cls != found.cls:
        return Bilingual(f"khi báo {then.vi}; {later.vi} {now.vi}", f"when told {then.en}; {later.en} {now.en}")
    words = class_words(found.cls, in_river=in_river)
    was, is_now = percentage(paged_as.probability), percentage(found.probability)
    return Bilingual(
        f"{words.vi} (khi báo {was}, {later.vi} {is_now})", f"{words.en} ({was} when told, {is_now} {later.en})"
    )


def last_paged(
    pages: Iterable[tuple[str, datetime, Assessment]], relapses: Iterable[datetime]
) -> dict[str, Assessment]:
    """Return by station what officers read of it first, since it was back for the last time that they heard of it.

    Parameters
    ----------
    pages
        Station, when, and what.
    relapses
        When the incident was open again.
    """
    known, back = sorted(pages, key=itemgetter(1)), sorted(relapses)
    newest = {station: at for station, at, _ in known}
    first: dict[str, Assessment] = {}
    for station, at, found in known:
        if at >= max((r for r in back if r <= newest[station]), default=at):
            first.setdefault(station, found)
    return first


def assessment_words(
    assessment: Assessment, paged_as: Assessment | None = None, *, over: bool = False, in_river: bool = False
) -> Bilingual:
    """Put what the model makes of an anomaly into one sentence.

    >>> print(assessment_words(Assessment("pollution", 0.874, (Bilingual("COD, NH4 cùng tăng", "COD, NH4 rose"),))).vi)
    Có thể là: sự cố xả thải, ô nhiễm thật (87 %); lý do: COD, NH4 cùng tăng.
    """
    what = judged(assessment, paged_as, over=over, in_river=in_river)
    vi, en = f"Có thể là: {what.vi}", f"Probably: {what.en}"
    if assessment.reasons:
        vi += f"; lý do: {'; '.join(r.vi for r in assessment.reasons)}"
        en += f"; reasons: {'; '.join(r.en for r in assessment.reasons)}"
    return Bilingual(f"{vi}.", f"{en}.")


def explained(
    explanation: Bilingual, assessment: Assessment | None, paged_as: Assessment | None = None, *, over: bool = False
) -> Bilingual:
    """Put an explanation and what the model makes of it behind one another, for one line of text."""
    if assessment is None:
        return explanation
    words = assessment_words(assessment.beside(explanation.vi), paged_as, over=over)
    return Bilingual(f"{explanation.vi} {words.vi}".lstrip(), f"{explanation.en} {words.en}".lstrip())


def resolved(parameter: str, unit: str, peak: float | None, lasted: timedelta) -> Bilingual:
    """Say that it is over, how long it lasted and what the worst value was."""
    worst_vi = f"; giá trị xấu nhất {quantity_vi(peak, unit)}" if peak is not None else ""
    worst_en = f"; worst value {quantity(peak, unit)}" if peak is not None else ""
    what = f"{parameter} " if parameter else ""
    return Bilingual(
        f"{what}đã trở lại bình thường sau {duration_vi(lasted)}{worst_vi}",
        f"{what}is back to normal after {duration(lasted)}{worst_en}",
    )


def settled(parameter: str, unit: str, value: float | None, peak: float | None, lasted: timedelta) -> Bilingual:
    """Say that the model finds nothing unusual any more, which of a level that stays is no word of its harm."""
    now_vi = f": hiện {quantity_vi(value, unit)}" if value is not None else ""
    now_en = f": {quantity(value, unit)} now" if value is not None else ""
    worst_vi = f"; giá trị xấu nhất {quantity_vi(peak, unit)}" if peak is not None else ""
    worst_en = f"; worst value {quantity(peak, unit)}" if peak is not None else ""
    return Bilingual(
        f"{parameter} không còn khác mức nền sau {duration_vi(lasted)}{now_vi} (mức giữ 6 giờ được coi là mức nền mới)"
        f"{worst_vi}",
        f"{parameter} no longer differs from its baseline after {duration(lasted)}{now_en} "
        f"(a level of 6 h becomes the baseline){worst_en}",
    )


def ended_without_end(parameter: str, why: Bilingual, unit: str, peak: float | None) -> Bilingual:
    """Say that an alert ends for another reason than that it is over.

    >>> ended_without_end("COD", Bilingual("quy tắc bị bãi bỏ", "the rule is withdrawn"), "mg/L", 120.0).en
    'COD: the rule is withdrawn, the alert ends; worst value 120 mg/L'
    """
    worst_vi = f"; giá trị xấu nhất {quantity_vi(peak, unit)}" if peak is not None else ""
    worst_en = f"; worst value {quantity(peak, unit)}" if peak is not None else ""
    what = f"{parameter}: " if parameter else ""
    return Bilingual(
        f"{what}{why.vi}, cảnh báo kết thúc{worst_vi}".strip(), f"{what}{why.en}, the alert ends{worst_en}".strip()
    )
