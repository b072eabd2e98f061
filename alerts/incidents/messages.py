"""What officers read about an incident: text and HTML, Vietnamese first. A message stands alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Self

from alerts import htmlmail, plaintext
from alerts.advice import incident_steps
from alerts.content import Content, Line
from alerts.explanations import judged, last_paged, limit_words
from alerts.figures import against, clock_words, pressing
from alerts.incidents.closing import BEFORE, closing_words
from alerts.incidents.reasons import Notice, Reason
from alerts.messages import OF_STATION, OVER, SEVERITY, banner, unreal
from alerts.plaintext import one_line
from alerts.thresholds import exceeds, share_of_limit
from quantrac.domain.alerts import AlertKind, Assessment
from quantrac.domain.briefing import NOTHING_KNOWN, Briefing, DayClock, Finding, Place
from quantrac.domain.incidents import Extent, HoldWindow, Incident, Member, Topic
from quantrac.domain.notifications import Channel, Notification
from quantrac.domain.oncall import ContactKind
from quantrac.domain.stations import StationKind
from quantrac.domain.words import (
    NOTHING_SAID,
    Bilingual,
    counted,
    local_clock,
    local_time,
    quantity,
    quantity_vi,
)

DOMAIN = "quantrac.local"
MOST_LINES = 12
"""Alerts, and incidents of a digest, that a message names one by one: it is read on a phone."""
MOST_FIGURES = 2
"""Parameters of which the subject has the figures."""
MOST_PLACES = 6

_WHY = {
    Reason.RELAPSE: Bilingual("Sự cố tái diễn.", "The incident has come back."),
    Reason.WORSE: Bilingual("Sự cố nặng hơn lần báo trước.", "Graver than told before."),
    Reason.OUTAGE: Bilingual(
        "Nhiều trạm mất tín hiệu gần như cùng lúc: nhiều khả năng lỗi đường truyền.",
        "Many stations fell silent almost at once: probably the line, not the stations.",
    ),
    Reason.STILL_HOLDS: Bilingual(
        "Vẫn còn sau khi hết thời gian bảo trì, im lặng hoặc mất đường truyền.",
        "Still so after the maintenance, the silence or the outage has ended.",
    ),
    Reason.SNOOZE_OVER: Bilingual("Hết thời gian tạm hoãn.", "The snooze is over."),
    Reason.FORGOTTEN: Bilingual(
        "Đã có người nhận nhưng lâu không có cập nhật.",
        "Somebody has acknowledged it, and nothing has happened for long.",
    ),
    Reason.UNATTENDED: Bilingual("Chưa ai xác nhận.", "Nobody has acknowledged it."),
    Reason.FLAPPING: Bilingual(
        "Đóng mở liên tục: sẽ không báo lại cho tới khi ổn định.",
        "It keeps coming and going: nothing more is told until it is calm.",
    ),
    Reason.CALM: Bilingual("Đã ổn định.", "It has been calm."),
    Reason.ASSIGNED: Bilingual("Sự cố được giao cho bạn.", "The incident was handed on to you."),
}


@dataclass(frozen=True, slots=True)
class IncidentNotice:
    """An incident as it is told."""

    incident: Incident
    reason: Reason
    kind: Notice
    now: datetime
    briefing: Briefing = NOTHING_KNOWN
    others: Sequence[Incident] = ()
    """That a digest names."""
    contacts: tuple[Line, ...] = ()
    """Whom to ring."""
    web_url: str | None = None
    """Of the pages, where there are some."""
    link: str | None = None
    """With which its reader takes it."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Names of the people on call, by code."""

    @classmethod
    def of(cls, incident: Incident, briefing: Briefing, now: datetime) -> Self:
        """Return an incident as a message would tell it as it stands."""
        kind = Notice.UPDATE if incident.is_active else Notice.END
        return cls(incident, Reason.PAGED_ALREADY, kind, now, briefing)

    def name(self, station: str) -> Bilingual:
        """Return the names of a station; its code where it is not known."""
        place = self.briefing.places.get(station)
        return Bilingual(station, station) if place is None else Bilingual(place.name_vi, place.name_en)


@dataclass(frozen=True, slots=True)
class Text:
    """A message before it is addressed."""

    subject: str
    text: str
    html: str


def compose(notice: IncidentNotice) -> Text:
    """Return what is said of an incident; the subject is in Vietnamese alone and leads with the figures."""
    content = _content(notice)
    return Text(one_line(content.headline.vi), plaintext.plain(content), htmlmail.render(content))


def silence_ended(
    window: HoldWindow, still: Iterable[Incident], places: Mapping[str, Place], web_url: str | None = None
) -> Text:
    """Return what is said when a silence has expired: what still holds, or that nothing does."""
    where = _place_words(window, places.get(window.station))
    left, at = [_incident_words(i, web_url) for i in still], local_time(window.ends_at)
    note = f" ({window.note})" if window.note else ""
    vi = [f"[HẾT IM LẶNG] {where.vi}: hết hạn lúc {at} (giờ Việt Nam){note}", "Sự cố còn mở:", *(left or ["không có"])]
    en = [f"[SILENCE OVER] {where.en}: expired at {at} (Vietnam time){note}", "Still open:", *(left or ["none"])]
    return _text(vi[0], vi, en)


def _place_words(window: HoldWindow, place: Place | None) -> Bilingual:
    every = Bilingual("mọi trạm", "every station")
    code = Bilingual(window.station, window.station) if window.station else every
    where = code if place is None else Bilingual(place.name_vi, place.name_en)
    what = f", {window.parameter}" if window.parameter else ""
    return Bilingual(f"{where.vi}{what}", f"{where.en}{what}")


def _incident_words(incident: Incident, web_url: str | None) -> str:
    return f"#{incident.id}" if web_url is None else f"#{incident.id}: {page_of(incident.id, web_url)}"


def page_of(incident_id: int, web_url: str) -> str:
    """Return the address of an incident's page."""
    return f"{web_url.rstrip('/')}/incidents/{incident_id}"


def plain(subject: str, text: str) -> Text:
    """Return a message of one text in both languages."""
    return Text(one_line(subject), text, _document(text.splitlines()))


def way(kind: ContactKind) -> Channel:
    """Return how the notifier delivers: all but e-mail and browsers goes to a target that the webhooks' file names."""
    ways = {ContactKind.EMAIL: Channel.EMAIL, ContactKind.WEB_PUSH: Channel.WEB_PUSH}
    return ways.get(kind, Channel.WEBHOOK)


def notification(text: Text, channel: Channel, recipient: str, *parts: object) -> Notification:
    """Return the message to one recipient.

    ``parts`` say what it is about: the same give the same Message-ID, so that a step that is done twice sends once.
    """
    about = "-".join(str(part) for part in parts)
    digest = hashlib.sha256(f"{channel.value}:{recipient.casefold()}:{about}".encode()).hexdigest()[:20]
    html = text.html if channel is Channel.EMAIL else None
    return Notification(f"<quantrac.incident-{digest}@{DOMAIN}>", channel, recipient, text.subject, text.text, html)


def _content(notice: IncidentNotice) -> Content:
    incident, over = notice.incident, notice.kind is Notice.END
    places = [p for code in incident.stations if (p := notice.briefing.places.get(code)) is not None]
    matters = _matters(incident, notice.briefing, over=over)
    members = [matter[0] for matter in matters]
    link = notice.link
    return Content(
        headline=_headline(notice, members, places),
        lines=tuple(_lines(notice, places)),
        steps=_steps(incident, members, places, over=over) if notice.kind is Notice.PAGE or over else (),
        banner=banner(drill=incident.is_drill, illustration=any(p.illustration for p in places)),
        moved=findings(notice),
        take=None if link is None else Line(Bilingual("Nhận sự cố", "Take it"), Bilingual(link, link)),
        clocks=() if over else tuple(clock_words(c, notice.now) for c in _pressing(notice)),
        contacts=() if over else notice.contacts,
        answers=tuple(_answers(notice)),
        curve=any(m.key.parameter for m in members),
    )


def findings(notice: IncidentNotice) -> tuple[Line, ...]:
    """Return what has moved, each parameter once, and what the model takes it for."""
    matters = _matters(notice.incident, notice.briefing, over=notice.kind is Notice.END)
    return (*_bounded((_moved(matter, notice) for matter in matters), len(matters)), *_judged(matters, notice))


def _matters(incident: Incident, briefing: Briefing, *, over: bool) -> list[list[Member]]:
    """Return the alerts by parameter, each of which is told once, by its first.

    What lasts stands first, then what is farthest beyond its limit; when it is over, what was worst.
    """

    def place(member: Member) -> tuple[bool, bool, float]:
        return (
            not over and member.resolved_at is not None,
            not member.page,
            -_share(briefing.findings.get(member.alert_id)),
        )

    matters: dict[tuple[str, str], list[Member]] = {}
    for member in sorted(incident.members, key=place):
        matters.setdefault((member.key.station, member.key.parameter), []).append(member)
    return list(matters.values())


def _share(found: Finding | None) -> float:
    if found is None or found.limit is None or found.peak is None:
        return 0.0
    return share_of_limit(found.limit, found.peak)


def _pressing(notice: IncidentNotice) -> list[DayClock]:
    moved = {(m.key.station, m.key.parameter) for m in notice.incident.members}
    return pressing((c for c in notice.briefing.clocks if (c.station, c.parameter) in moved), notice.now)


def _headline(notice: IncidentNotice, members: Sequence[Member], places: Sequence[Place]) -> Bilingual:
    incident = notice.incident
    mark = OVER if notice.kind is Notice.END else SEVERITY[incident.severity]
    example = unreal(drill=incident.is_drill, illustration=any(p.illustration for p in places))
    what, where = _what(incident, members, notice.briefing), _where(incident, notice)
    count = len(notice.others)
    more = Bilingual(f" (+{count} sự cố)", f" (+{counted(count, 'incident')})") if count else NOTHING_SAID
    return Bilingual(
        f"{example.vi}[{mark.vi}] {what.vi}, {where.vi}{more.vi}",
        f"{example.en}[{mark.en}] {what.en}, {where.en}{more.en}",
    )


def _what(incident: Incident, members: Sequence[Member], briefing: Briefing) -> Bilingual:
    if incident.extent is Extent.OUTAGE:
        count = len(incident.silent or incident.stations)
        return Bilingual(f"Mất tín hiệu {count} trạm", f"{count} stations silent")
    if incident.topic is Topic.SIGNAL:
        due = next((m.key.parameter for m in members if m.kind is AlertKind.DUE and m.key.parameter), None)
        if due is not None:
            return Bilingual(f"{due} thiếu số liệu dùng được", f"{due} without usable readings")
        return Bilingual("Mất tín hiệu", "Loss of signal")
    by_parameter: dict[str, Member] = {}
    for member in members:
        if member.key.parameter:
            by_parameter.setdefault(member.key.parameter, member)
    if incident.topic is Topic.INSTRUMENT:
        for member in members:
            if member.kind in OF_STATION:
                return OF_STATION[member.kind]
        names = ", ".join(by_parameter)
        return Bilingual(f"Thiết bị đo {names}", f"Instrument of {names}")
    first = list(by_parameter.values())[:MOST_FIGURES]
    figures = [_figures(m, briefing.findings.get(m.alert_id)) for m in first]
    rest = f" +{len(by_parameter) - MOST_FIGURES}" if len(by_parameter) > MOST_FIGURES else ""
    return Bilingual(", ".join(f.vi for f in figures) + rest, ", ".join(f.en for f in figures) + rest)


def _figures(member: Member, found: Finding | None) -> Bilingual:
    parameter = member.key.parameter
    if found is None or found.peak is None:
        return Bilingual(f"{parameter} vượt hoặc bất thường", f"{parameter} beyond its limit or unusual")
    words = against(parameter, found.peak, found.unit, found.limit)
    if found.of_mean:
        return Bilingual(words.vi.replace(parameter, f"{parameter} trung bình", 1), f"mean of {words.en}")
    if found.limit is None or not exceeds(found.limit, found.peak):
        unusual = member.kind is AlertKind.ANOMALY
        return Bilingual(f"{words.vi} bất thường", f"{words.en} unusual") if unusual else words
    return words


def _where(incident: Incident, notice: IncidentNotice) -> Bilingual:
    stations = (incident.extent is Extent.OUTAGE and incident.silent) or incident.stations
    parks = dict.fromkeys(m.park for m in incident.members if m.park)
    if len(stations) > 1 and len(parks) == 1:
        park = next(iter(parks))
        return Bilingual(park, park)
    if not stations:
        return Bilingual("?", "?")
    more = f" +{len(stations) - 1}" if len(stations) > 1 else ""
    names = notice.name(stations[0])
    return Bilingual(f"{names.vi}{more}", f"{names.en}{more}")


def _lines(notice: IncidentNotice, places: Sequence[Place]) -> Iterable[Line]:
    incident = notice.incident
    if notice.reason in _WHY:
        yield Line(NOTHING_SAID, _WHY[notice.reason])
    yield Line(Bilingual("Sự cố số", "Incident no."), Bilingual(str(incident.id), str(incident.id)))
    if incident.after is not None:
        yield Line(BEFORE, closing_words(incident.after, notice.people))
    yield from (
        Line(Bilingual("Trạm", "Station"), Bilingual(f"{p.name_vi} ({p.code})", f"{p.name_en} ({p.code})"))
        for p in places[:MOST_PLACES]
    )
    parks = dict.fromkeys(p.park for p in places if p.park)
    yield from (Line(Bilingual("Khu, cụm công nghiệp", "Industrial park"), Bilingual(p, p)) for p in parks)
    since = local_time(incident.since)
    yield Line(Bilingual("Từ lúc", "Since"), Bilingual(f"{since} (giờ Việt Nam)", f"{since} (Vietnam time)"))
    if incident.holder is not None:
        name = notice.people.get(incident.holder, incident.holder)
        yield Line(Bilingual("Người nhận", "Taken by"), Bilingual(name, name))
    if notice.others:
        yield Line(
            NOTHING_SAID,
            Bilingual("Các sự cố khác cùng lúc, không báo riêng:", "Other incidents, not told by themselves:"),
        )
        yield from _bounded((_other(i, notice) for i in notice.others), len(notice.others))


def _other(incident: Incident, notice: IncidentNotice) -> Line:
    what, where = _what(incident, incident.members, notice.briefing), _where(incident, notice)
    return Line(
        Bilingual(f"  #{incident.id}", f"  #{incident.id}"),
        Bilingual(f"{what.vi}, {where.vi}", f"{what.en}, {where.en}"),
    )


def _moved(matter: Sequence[Member], notice: IncidentNotice) -> Line:
    """Say what a parameter has measured at its worst and now, and why it is told."""
    member = matter[0]
    label = _label(member, notice)
    known = _known(matter, notice)
    worst = max((f for f in known if f.peak is not None), key=_share, default=None)
    # What it was told for holds no longer: "not beyond its limit yet" beside a worst value that was.
    gone = notice.kind is Notice.END and worst is not None and all(m.resolved_at is not None for m in matter)
    parts = [] if gone else [Bilingual(member.explanation_vi, member.explanation_en)]
    if worst is not None:
        peak = Bilingual(quantity_vi(worst.peak, worst.unit), quantity(worst.peak, worst.unit))
        parts.append(Bilingual(f"xấu nhất {peak.vi}", f"worst {peak.en}"))
    if gone and worst is not None and worst.limit is not None:
        words = limit_words(worst.limit)
        parts.append(Bilingual(f"giới hạn {words.vi}", f"limit {words.en}"))
    readings = [(f.newest_at, f.newest, f.unit) for f in known if f.newest is not None and f.newest_at is not None]
    if readings:
        at, newest, unit = max(readings)
        clock = local_clock(at)
        parts.append(
            Bilingual(
                f"mới nhất {quantity_vi(newest, unit)} lúc {clock}", f"newest {quantity(newest, unit)} at {clock}"
            )
        )
    parts.append(_ended(matter, over=notice.kind is Notice.END))
    if len(matter) > 1:
        more = len(matter) - 1
        alerts = "alert" if more == 1 else "alerts"
        parts.append(Bilingual(f"cùng {more} cảnh báo khác của thông số này", f"{more} more {alerts} of it"))
    return Line(label, Bilingual(_sentence(p.vi for p in parts), _sentence(p.en for p in parts)))


def _known(matter: Sequence[Member], notice: IncidentNotice) -> list[Finding]:
    return [f for m in matter if (f := notice.briefing.findings.get(m.alert_id)) is not None]


def _judged(matters: Sequence[Sequence[Member]], notice: IncidentNotice) -> Iterable[Line]:
    """Say what the model takes each station for and why, once: its parameters share one judgement.

    Where they do not, each names the parameter that has it; what is over says nothing of what lasts. A reason that
    stands in what has moved is not repeated.
    """
    told, moved = _told(matters, notice), "\n".join(matter[0].explanation_vi for matter in matters)
    said: dict[tuple[str, str], tuple[Assessment, Member]] = {}
    for matter in [m for m in matters if any(a.resolved_at is None for a in m)] or matters:
        found = next((f.assessment for f in _known(matter, notice) if f.assessment is not None), None)
        if found is not None:
            said.setdefault((matter[0].key.station, found.cls), (found, matter[0]))
    for (station, _), (found, member) in said.items():
        place = notice.briefing.places.get(station)
        in_river = place is not None and place.kind is StationKind.SURFACE_WATER
        words = judged(found, told.pop(station, None), over=notice.kind is Notice.END, in_river=in_river)
        of = [notice.name(station)] if len(notice.incident.stations) > 1 else []
        if sum(other == station for other, _ in said) > 1:
            of.append(Bilingual(member.key.parameter, member.key.parameter))
        vi, en = ", ".join(names.vi for names in of), ", ".join(names.en for names in of)
        yield Line(
            Bilingual("Có thể là", "Probably"),
            Bilingual(plaintext.labelled(vi, words.vi), plaintext.labelled(en, words.en)),
        )
        for number, reason in enumerate(found.beside(moved).reasons, start=1):
            yield Line(Bilingual(f"Lý do {number}", f"Reason {number}"), reason)


def _told(matters: Sequence[Sequence[Member]], notice: IncidentNotice) -> dict[str, Assessment]:
    """Return what officers read of each station; of what is back nothing when they are paged for it."""
    relapses = notice.incident.relapses
    told = [
        (matter[0].key.station, f.paged_at, f.paged_as)
        for matter in matters
        for f in _known(matter, notice)
        if f.paged_as is not None and f.paged_at is not None
    ]
    if notice.kind is Notice.PAGE and relapses:
        told = [found for found in told if found[1] >= relapses[-1]]
    return last_paged(told, relapses)


def _label(member: Member, notice: IncidentNotice) -> Bilingual:
    names, what = notice.name(member.key.station), member.key.parameter
    if len(notice.incident.stations) == 1:
        return Bilingual(what, what) if what else Bilingual("Cả trạm", "Whole station")
    if not what:
        return names
    return Bilingual(f"{names.vi}, {what}", f"{names.en}, {what}")


def _ended(matter: Sequence[Member], *, over: bool) -> Bilingual:
    """Say when all alerts of a parameter were over; at the end of an incident also what is left to be done."""
    ends = [m.resolved_at for m in matter if m.resolved_at is not None]
    if len(ends) == len(matter):
        at = local_time(max(ends))
        return Bilingual(f"kết thúc lúc {at}", f"over at {at}")
    left = Bilingual("cảnh báo này còn mở: việc cần xử lý, không gọi trực", "still open, as work that pages nobody")
    return left if over else NOTHING_SAID


def _sentence(parts: Iterable[str]) -> str:
    return "; ".join(part.rstrip(". ") for part in parts if part) or "-"


def _steps(
    incident: Incident, members: Sequence[Member], places: Sequence[Place], *, over: bool
) -> tuple[Bilingual, ...]:
    if not members:
        return ()
    river = bool(places) and all(p.kind is StationKind.SURFACE_WATER for p in places)
    kind = StationKind.SURFACE_WATER if river else StationKind.EFFLUENT
    leading = AlertKind.OFFLINE if incident.extent is Extent.OUTAGE else members[0].kind
    return incident_steps(leading, incident.id, over=over, station=kind)


def _answers(notice: IncidentNotice) -> Iterable[Line]:
    incident = notice.incident
    if notice.web_url is not None:
        page = page_of(incident.id, notice.web_url)
        yield Line(Bilingual("Trang sự cố", "The incident's page"), Bilingual(page, page))
    if notice.kind is Notice.PAGE and notice.link is None and notice.web_url is None:
        command = f"quantrac incidents acknowledge {incident.id} --by "
        yield Line(Bilingual("Bằng lệnh", "By command"), Bilingual(f"{command}TÊN", f"{command}NAME"))
    if notice.kind is Notice.END and notice.web_url is None:
        command = f"quantrac incidents close {incident.id}"
        yield Line(
            Bilingual("Ghi nguyên nhân", "Record the cause"),
            Bilingual(f"{command} NGUYÊN_NHÂN --by TÊN", f"{command} CAUSE --by NAME"),
        )


def _bounded(lines: Iterable[Line], count: int) -> Iterable[Line]:
    for number, line in enumerate(lines):
        if number == MOST_LINES:
            left = f"… +{count - MOST_LINES}"
            yield Line(NOTHING_SAID, Bilingual(left, left))
            return
        yield line


def _text(subject: str, vi: Sequence[str], en: Sequence[str]) -> Text:
    lines = [*vi, "", "— English —", "", *en]
    return Text(one_line(subject), "\n".join(map(one_line, lines)) + "\n", _document(lines))


def _document(lines: Iterable[str]) -> str:
    body = "".join(f"<p>{htmlmail.linked(escape(one_line(line)))}</p>" if line else "<hr>" for line in lines)
    return htmlmail.document(body)
