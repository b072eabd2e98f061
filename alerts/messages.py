"""The messages that officers get: what, where, how much over which limit, since when, the last hour, what to do next.

Vietnamese first, English second. A message stands alone: nothing in it needs a login to be understood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from alerts import htmlmail
from alerts.advice import steps
from alerts.content import Content, Line
from alerts.escalation import Reason
from alerts.explanations import judged, limit_words
from alerts.figures import against
from alerts.plaintext import plain
from alerts.thresholds import exceeds
from quantrac.domain.alerts import AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.notifications import Channel, Notification, Summary
from quantrac.domain.stations import Station, StationKind
from quantrac.domain.words import Bilingual, local_time, quantity, quantity_vi

DOMAIN = "quantrac.local"
"""Right side of Message-IDs; the database puts its own id before it when it takes a message."""

SEVERITY = {
    Severity.INFO: Bilingual("THÔNG TIN", "INFO"),
    Severity.WARNING: Bilingual("CHÚ Ý", "WARNING"),
    Severity.HIGH: Bilingual("CAO", "HIGH"),
    Severity.CRITICAL: Bilingual("NGHIÊM TRỌNG", "CRITICAL"),
}
OVER = Bilingual("KẾT THÚC", "RESOLVED")
_ILLUSTRATION = Bilingual(
    "ĐÂY LÀ TRẠM MINH HỌA: trạm và số liệu là hư cấu, không phải sự cố thật.",
    "THIS IS AN ILLUSTRATION: station and data are invented, this is no real incident.",
)
_DRILL = Bilingual(
    "DIỄN TẬP: số liệu do mô phỏng tạo ra để luyện tập, không phải sự cố thật.",
    "DRILL: the data are simulated, for practice; this is no real incident.",
)
OF_STATION = {
    AlertKind.FLOODING: Bilingual("Gửi quá nhiều tin", "Too many messages"),
    AlertKind.REVISION: Bilingual("Gửi lại số liệu đã xét", "Judged readings sent again"),
}
"""Of a station as a whole: no parameter names it."""
_MEANS = frozenset({Reason.MEAN_EXCEEDED.value, Reason.MEAN_WITHIN.value})


@dataclass(frozen=True, slots=True)
class Beside:
    """What a message says beside its alert."""

    clocks: tuple[Bilingual, ...] = ()
    contacts: tuple[Line, ...] = ()


def notifications(
    transition: Transition,
    station: Station,
    summary: Summary | None,
    recipients: Iterable[tuple[Channel, str]],
    *,
    alert_id: int,
    transition_id: int,
    beside: Beside | None = None,
) -> list[Notification]:
    """Return one message to each recipient; none for a transition that pages nobody.

    The subject is in Vietnamese alone: it leads with the figures, and a phone shows its first words. The Message-ID is
    made of the alert, the transition and the recipient: the same call gives the same messages, and a receiver that
    gets one twice can tell.
    """
    if not transition.page:
        return []
    content = compose(transition, station, summary, alert_id, beside)
    text, html = plain(content), htmlmail.render(content)
    return [
        Notification(
            message_id=message_id(alert_id, transition_id, channel, recipient),
            channel=channel,
            recipient=recipient,
            subject=" ".join(content.headline.vi.split()),
            text=text,
            html=html if channel is Channel.EMAIL else None,
        )
        for channel, recipient in dict.fromkeys(recipients)
    ]


def message_id(alert_id: int, transition_id: int, channel: Channel, recipient: str) -> str:
    """Return the stable Message-ID; the recipient is in it as a hash only.

    >>> message_id(7, 12, Channel.EMAIL, "a@b.vn") == message_id(7, 12, Channel.EMAIL, "A@b.vn")
    True
    """
    digest = hashlib.sha256(f"{channel.value}:{recipient.casefold()}".encode()).hexdigest()[:16]
    return f"<quantrac.alert-{alert_id}.{transition_id}-{digest}@{DOMAIN}>"


def compose(
    transition: Transition, station: Station, summary: Summary | None, alert_id: int, beside: Beside | None = None
) -> Content:
    """Return what a message says, in both languages."""
    beside = beside or Beside()
    over = transition.kind is TransitionKind.RESOLVED
    sensor = station.sensor_of.get(transition.key.parameter)
    of_mean = transition.reason in _MEANS
    unit = "" if sensor is None else sensor.unit
    return Content(
        headline=_headline(transition, station, of_mean=of_mean),
        lines=tuple(_lines(transition, station, alert_id, unit=unit, has_contacts=bool(beside.contacts))),
        steps=steps(transition.alert_kind, alert_id, over=over, of_mean=of_mean, station=station.kind),
        summary=None if sensor is None or of_mean else summary,
        unit=unit,
        banner=banner(drill=station.drill, illustration=station.illustration),
        clocks=() if over else beside.clocks,
        contacts=beside.contacts,
        answers=_answers(alert_id, over=over),
        curve=sensor is not None,
    )


def banner(*, drill: bool, illustration: bool) -> Bilingual | None:
    """Return what a message about a station that is not a real one says first."""
    return _DRILL if drill else _ILLUSTRATION if illustration else None


def _answers(alert_id: int, *, over: bool) -> tuple[Line, ...]:
    if over:
        command = f"quantrac alerts cause {alert_id} {{}} --by {{}}"
        label = Bilingual("Ghi nguyên nhân", "Record the cause")
        return (Line(label, Bilingual(command.format("NGUYÊN_NHÂN", "TÊN"), command.format("CAUSE", "NAME"))),)
    command = f"quantrac alerts acknowledge {alert_id} --by "
    return (Line(Bilingual("Bằng lệnh", "By command"), Bilingual(f"{command}TÊN", f"{command}NAME")),)


def _headline(transition: Transition, station: Station, *, of_mean: bool) -> Bilingual:
    over = transition.kind is TransitionKind.RESOLVED
    mark = OVER if over else SEVERITY[transition.severity]
    what = _what(transition, of_mean=of_mean)
    example = unreal(drill=station.drill, illustration=station.illustration)
    return Bilingual(
        f"{example.vi}[{mark.vi}] {what.vi}, {station.name_vi}",
        f"{example.en}[{mark.en}] {what.en}, {station.name_en}",
    )


def unreal(*, drill: bool, illustration: bool) -> Bilingual:
    """Return what stands before everything else in the headline of a station that is not a real one."""
    if drill:
        return Bilingual("[DIỄN TẬP] ", "[DRILL] ")
    return Bilingual("[MINH HỌA] ", "[ILLUSTRATION] ") if illustration else Bilingual("", "")


def _what(transition: Transition, *, of_mean: bool) -> Bilingual:
    parameter = transition.key.parameter
    over = transition.kind is TransitionKind.RESOLVED
    limit = transition.limit
    measured = transition.peak if over else transition.value
    figures = against(parameter, measured, "" if limit is None else limit.unit, limit)
    of_kind = {
        AlertKind.ANOMALY: Bilingual(f"{parameter} bất thường", f"{parameter} unusual"),
        AlertKind.FAULT: Bilingual(f"Thiết bị đo {parameter}", f"Instrument of {parameter}"),
        AlertKind.OFFLINE: Bilingual("Mất tín hiệu", "Loss of signal"),
        **OF_STATION,
        AlertKind.DUE: Bilingual(f"{parameter} thiếu số liệu dùng được", f"{parameter} without usable readings"),
    }
    if transition.alert_kind in of_kind:
        words = of_kind[transition.alert_kind]
        if transition.alert_kind is AlertKind.ANOMALY and limit is not None and measured is not None:
            return Bilingual(f"{figures.vi}, bất thường", f"{figures.en}, unusual")
        return words
    if measured is None or limit is None:
        return Bilingual(f"{parameter} vượt giới hạn", f"{parameter} beyond its limit")
    if of_mean:
        figures = against(parameter, measured, limit.unit, limit)
        return Bilingual(figures.vi.replace(parameter, f"{parameter} trung bình", 1), f"mean of {figures.en}")
    if not over and not _beyond(transition):
        return Bilingual(f"{figures.vi}, gần giới hạn", f"{figures.en}, near its limit")
    return figures


def _beyond(transition: Transition) -> bool:
    value, limit = transition.value, transition.limit
    return value is not None and limit is not None and exceeds(limit, value)


def _lines(transition: Transition, station: Station, alert_id: int, *, unit: str, has_contacts: bool) -> Iterable[Line]:
    over = transition.kind is TransitionKind.RESOLVED
    yield from _contents(transition, in_river=station.kind is StationKind.SURFACE_WATER)
    yield Line(Bilingual("Trạm", "Station"), _both(station, Bilingual(station.name_vi, station.name_en)))
    if station.park:
        yield Line(Bilingual("Khu, cụm công nghiệp", "Industrial park"), Bilingual(station.park, station.park))
    if not has_contacts:
        yield Line(Bilingual("Đơn vị vận hành", "Operator"), Bilingual(station.operator, station.operator))
    if transition.value is not None:
        label = Bilingual("Giá trị hiện tại", "Value now") if over else Bilingual("Giá trị", "Value")
        yield Line(label, Bilingual(quantity_vi(transition.value, unit), quantity(transition.value, unit)))
    if transition.limit is not None:
        words, source = limit_words(transition.limit), transition.limit.source
        value = Bilingual(f"{words.vi} ({source})", f"{words.en} ({source})")
        yield Line(Bilingual("Giới hạn", "Limit"), value)
    since, at = local_time(transition.since), local_time(transition.observed_at)
    yield Line(Bilingual("Từ lúc", "Since"), Bilingual(f"{since} (giờ Việt Nam)", f"{since} (Vietnam time)"))
    label = Bilingual("Kết thúc lúc", "Over at") if over else Bilingual("Ghi nhận lúc", "Observed at")
    yield Line(label, Bilingual(at, at))
    yield Line(Bilingual("Cảnh báo số", "Alert no."), Bilingual(str(alert_id), str(alert_id)))


def _contents(transition: Transition, *, in_river: bool) -> Iterable[Line]:
    """Yield what happened and, of an anomaly, what it probably is and why, each reason on a line of its own."""
    yield Line(Bilingual("Nội dung", "What"), transition.explanation)
    assessment = transition.assessment
    if assessment is None:
        return
    words = judged(assessment, in_river=in_river)
    yield Line(Bilingual("Có thể là", "Probably"), words)
    for number, reason in enumerate(assessment.beside(transition.explanation.vi).reasons, start=1):
        yield Line(Bilingual(f"Lý do {number}", f"Reason {number}"), reason)


def _both(station: Station, name: Bilingual) -> Bilingual:
    return Bilingual(f"{name.vi} ({station.code})", f"{name.en} ({station.code})")
